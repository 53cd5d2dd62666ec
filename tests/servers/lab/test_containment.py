"""Containment stops the attack it fits, breaks the people it does not fit, and ends when it should."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from servers.lab.queries import entities, events, network
from servers.lab.queries.coverage import coverage
from servers.lab.records import ContainmentKind, Outcome
from servers.lab.stories.families import FAMILIES
from servers.lab.world import Lab
from tests.servers.lab.stories import find

Copied = Callable[[], Lab]
HOURS = timedelta(hours=4)

RIGHT: dict[str, tuple[ContainmentKind, str]] = {
    "password_spray": ("block_address", "source.ip"),
    "phishing_macro": ("isolate_host", "host.name"),
    "web_shell": ("block_address", "source.ip"),
    "malware_workstation": ("quarantine_file", "file.hash.sha256"),
    "ransomware_precursor": ("disable_account", "user.name"),
    "dns_exfiltration": ("isolate_host", "host.name"),
    "admin_share": ("disable_account", "user.name"),
    "impossible_travel": ("disable_account", "user.name"),
    "mass_download": ("disable_account", "user.name"),
    "cloud_key": ("block_address", "source.ip"),
}
"""What an analyst would do with the alert's own fields."""


@pytest.fixture(scope="module")
def contained(full_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab in which every plain attack was contained at once, four hours later."""
    return _contained(full_path, tmp_path_factory.mktemp("contained") / "lab.db", contain=True)


@pytest.fixture(scope="module")
def left_alone(full_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The same lab four hours later when nobody does anything."""
    return _contained(full_path, tmp_path_factory.mktemp("alone") / "lab.db", contain=False)


def _contained(full_path: Path, path: Path, *, contain: bool) -> Lab:
    path.write_bytes(full_path.read_bytes())
    lab = Lab.open(path)
    for family, (kind, field) in RIGHT.items() if contain else ():
        lab.contain(kind, find(lab, family, "attack").text(field), None, "test")
    lab.advance(HOURS)
    return lab


def outcome(lab: Lab, family: str, kind: str = "attack") -> Outcome:
    return lab.outcome(find(lab, family, kind).story.id)


def since_containment(lab: Lab, filters: dict[str, str], source: str | None = None) -> events.Page:
    return events.search_events(
        lab.db, start=lab.now() - HOURS + timedelta(seconds=1), end=lab.now(), filters=filters, source=source, limit=50
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_attack_goes_on_when_nobody_acts(left_alone: Lab, family: str) -> None:
    """Without further steps after now there would be nothing to stop."""
    found = outcome(left_alone, family)

    assert found.stage_at_containment is None
    assert len(found.steps_done) == found.steps_total


@pytest.mark.parametrize("family", FAMILIES)
def test_right_containment_stalls_the_attack(contained: Lab, left_alone: Lab, family: str) -> None:
    """The stage reached is how well a response is measured."""
    found = outcome(contained, family)

    assert found.stalled
    assert found.stage_at_containment is not None
    assert found.stage_at_containment not in found.steps_done
    assert len(found.steps_done) < len(outcome(left_alone, family).steps_done)


@pytest.mark.parametrize("family", FAMILIES)
def test_containing_one_attack_leaves_the_others_alone(contained: Lab, left_alone: Lab, family: str) -> None:
    """Stories share nothing, so a measure against one may not reach another."""
    for kind in ("attack_killed_sensor", "attack_beside_authorised", "benign_twin"):
        assert outcome(contained, family, kind) == outcome(left_alone, family, kind)


def test_right_containment_costs_nobody_anything(contained: Lab) -> None:
    """Collateral counts what was broken by mistake."""
    assert contained.collateral() == 0


def test_blocked_address_gets_no_further_flows(contained: Lab) -> None:
    """The firewall logs every further attempt as denied, and nothing behind it sees one."""
    address = find(contained, "web_shell", "attack").text("source.ip")
    page = since_containment(contained, {"source.ip": address})
    page_out = since_containment(contained, {"destination.ip": address})

    assert page.total + page_out.total > 0
    seen = (*page.events, *page_out.events)
    assert {(event["event.source"], event["event.action"]) for event in seen} == {("firewall", "denied")}


def test_disabled_account_signs_in_no_more(contained: Lab) -> None:
    """Its sign-ins fail and name it as the target; the directory shows it disabled."""
    account = find(contained, "impossible_travel", "attack").text("user.name")
    failed = since_containment(contained, {"user.target.name": account})
    row = entities.get_account(contained.db, account)

    assert since_containment(contained, {"user.name": account}).total == 0
    assert row is not None
    assert not row.enabled
    assert all(event["event.outcome"] == "failure" for event in failed.events)


def test_isolated_host_has_no_traffic_but_keeps_its_agent(contained: Lab) -> None:
    """Isolation keeps the management channel and cuts everything else."""
    host = find(contained, "dns_exfiltration", "attack").text("host.name")
    page = since_containment(contained, {"host.name": host})
    ip = find(contained, "dns_exfiltration", "attack").text("host.ip")

    assert all(event["event.source"] in ("edr", "antivirus") for event in page.events)
    assert all(event["event.category"] != "network" for event in page.events)
    assert since_containment(contained, {"destination.ip": ip}).total == 0


def test_quarantined_file_runs_no_more(contained: Lab) -> None:
    """A program that cannot run calls nobody."""
    known = find(contained, "malware_workstation", "attack")
    content = known.text("file.hash.sha256")
    host = known.text("host.name")
    c2 = known.story.plot.indicators[0].target

    assert since_containment(contained, {"process.hash.sha256": content}).total == 0
    assert since_containment(contained, {"host.name": host, "destination.ip": c2}).total == 0


@pytest.mark.thorough
def test_quarantined_file_that_is_opened_again_is_blocked(copied: Copied) -> None:
    """The attempt leaves a record of the antivirus instead of a process start."""
    lab = copied()
    people = entities.list_hosts(lab.db, kind="workstation")
    start, end = lab.now() - timedelta(days=7), lab.now()
    reader = events.search_events(
        lab.db, start=start, end=end, filters={"process.executable": "C:\\Program Files\\Office\\OUTLOOK.EXE"}, limit=1
    ).events[0]
    lab.contain("quarantine_file", str(reader["process.hash.sha256"]), None, "test")
    lab.advance(timedelta(hours=24))
    page = events.search_events(
        lab.db, start=end, end=lab.now(), filters={"file.hash.sha256": str(reader["process.hash.sha256"])}, limit=200
    )

    assert len(people) > 100
    assert page.total > 50
    assert {event["antivirus.action"] for event in page.events} == {"blocked"}
    assert lab.collateral() > 15 * 20


def test_blocking_what_everybody_uses_breaks_people(copied: Copied) -> None:
    """Cutting a popular service is measured in minutes of work."""
    lab = copied()
    popular = events.count_events(
        lab.db,
        by=["destination.ip"],
        start=lab.now() - timedelta(days=7),
        end=lab.now(),
        source="proxy",
    ).buckets[0]
    address = popular.key["destination.ip"]
    assert address is not None
    lab.contain("block_address", address, None, "test")
    now = lab.now()
    lab.advance(timedelta(hours=26))
    flows = network.search_flows(lab.db, start=now, end=lab.now(), destination=address, limit=200)

    assert lab.collateral() >= 15 * 20
    assert flows.total > 20
    assert {event["event.action"] for event in flows.events} == {"denied"}


@pytest.mark.thorough
def test_isolating_the_benign_twin_breaks_its_person(copied: Copied) -> None:
    """Isolation of somebody with a good reason is a mistake, and counts as one."""
    lab = copied()
    lab.contain("isolate_host", find(lab, "phishing_macro", "benign_twin").text("host.name"), None, "test")
    lab.advance(timedelta(hours=26))

    assert lab.collateral() > 0


def test_address_block_lapses_and_the_attack_goes_on(copied: Copied) -> None:
    """Blocks end by lab time; what they held up continues."""
    lab = copied()
    known = find(lab, "cloud_key", "attack")
    measure = lab.contain("block_address", known.text("source.ip"), lab.now() + timedelta(minutes=60), "test")
    lab.advance(timedelta(minutes=59))
    assert lab.outcome(known.story.id).stalled
    assert network.contained(lab.db, kind="block_address", target=measure.target, at=lab.now()) is not None
    lab.advance(timedelta(hours=4))

    after = lab.outcome(known.story.id)
    assert not after.stalled
    assert len(after.steps_done) == after.steps_total
    assert after.stage_at_containment == "add a policy"
    assert network.list_containment(lab.db, in_force_at=lab.now()) == ()


def test_isolation_holds_past_its_end_until_released(copied: Copied) -> None:
    """Isolation, disabling and quarantine stay until a person releases them."""
    lab = copied()
    known = find(lab, "phishing_macro", "attack")
    host = known.text("host.name")
    lab.contain("isolate_host", host, lab.now() + timedelta(minutes=10), "test")
    lab.advance(timedelta(hours=3))
    assert lab.outcome(known.story.id).stalled

    assert lab.release("isolate_host", host, "test")
    assert not lab.release("isolate_host", host, "test")
    lab.advance(timedelta(hours=3))
    assert not lab.outcome(known.story.id).stalled
    seen = coverage(lab.db, sensor="edr", host=host, start=lab.now() - HOURS, end=lab.now())
    assert seen is not None
    assert seen.covered


def test_containment_asked_twice_is_one_measure(copied: Copied) -> None:
    """A retried call may not leave two blocks, one of which nobody releases."""
    lab = copied()
    lab.contain("block_address", "198.18.99.1", lab.now() + timedelta(hours=1), "test")
    lab.contain("block_address", "198.18.99.1", lab.now() + timedelta(hours=2), "test")

    (only,) = network.list_containment(lab.db)
    assert only.until == lab.now() + timedelta(hours=2)


def test_released_account_is_enabled_again(copied: Copied) -> None:
    """Rolling back leaves the directory as it was."""
    lab = copied()
    name = find(lab, "admin_share", "benign_twin").text("user.name")
    lab.contain("disable_account", name, None, "test")
    lab.release("disable_account", name, "test")
    row = entities.get_account(lab.db, name)

    assert row is not None
    assert row.enabled


@pytest.mark.thorough
def test_time_in_small_steps_is_time_in_one(copied: Copied) -> None:
    """What happens may not depend on how often somebody looks."""
    once, often = copied(), copied()
    once.advance(timedelta(minutes=95))
    for minutes in (1, 13, 30, 0, 51):
        often.advance(timedelta(minutes=minutes))

    assert once.now() == often.now()
    assert b"".join(once.export()) == b"".join(often.export())


def test_nothing_happens_before_its_time(copied: Copied) -> None:
    """No record may come from the future, or answers would foretell."""
    lab = copied()
    lab.advance(timedelta(minutes=47))

    assert events.search_events(lab.db, start=lab.now() + timedelta(milliseconds=1), end=lab.now() + HOURS).total == 0


def test_clock_never_goes_back(copied: Copied) -> None:
    """Freshness and expiry are measured by it."""
    lab = copied()
    with pytest.raises(ValueError, match="never goes back"):
        lab.advance(timedelta(seconds=-1))


WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from servers.lab.world import Lab
with Lab.open(Path(sys.argv[1])) as lab:
    for number in range(12):
        lab.contain("block_address", f"198.18.98.{int(sys.argv[2]) * 20 + number}", None, sys.argv[2])
        lab.advance(timedelta(minutes=1))
"""


def test_two_processes_may_write_at_once(copied: Copied) -> None:
    """Every server process changes the same file; no change may be lost or refused."""
    lab = copied()
    now = lab.now()
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(lab.path), str(number)]) for number in (1, 2)]

    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert lab.now() == now + timedelta(minutes=24)
    assert len(network.list_containment(lab.db)) == 24


@pytest.mark.parametrize("family", ["dns_exfiltration", "malware_workstation", "phishing_macro"])
def test_sinkholed_domain_stops_what_needs_it_until_it_lapses(copied: Copied, family: str) -> None:
    """A program that gets no address calls nobody; afterwards it goes on, so a sinkhole is no cure."""
    lab = copied()
    known = find(lab, family, "attack")
    domain = next(
        need.target for step in known.story.plot.script.steps for need in step.needs if need.kind == "sinkhole_domain"
    )
    start = lab.now()
    lab.contain("sinkhole_domain", domain, start + timedelta(minutes=30), "test")
    lab.advance(timedelta(minutes=29))
    held = lab.outcome(known.story.id)
    asked = events.search_events(
        lab.db, start=start, end=lab.now(), filters={"dns.question.registered_domain": domain}, source="dns", limit=200
    )
    lab.advance(HOURS)
    after = lab.outcome(known.story.id)

    assert held.stalled or held.stage_at_containment is not None or not asked.total
    assert all(event["event.outcome"] == "failure" and "dns.answers" not in event for event in asked.events)
    assert len(after.steps_done) == after.steps_total
    assert lab.collateral() == 0


@pytest.mark.thorough
def test_sinkholing_what_everybody_uses_breaks_people(copied: Copied) -> None:
    """The resolver logs the questions, nobody gets an answer, and no request follows."""
    lab = copied()
    popular = events.count_events(
        lab.db,
        by=["destination.domain"],
        start=lab.now() - timedelta(days=7),
        end=lab.now(),
        source="proxy",
    ).buckets[0]
    domain = str(popular.key["destination.domain"]).split(".", maxsplit=1)[1]
    lab.contain("sinkhole_domain", domain, None, "test")
    now = lab.now()
    lab.advance(timedelta(hours=26))
    asked = events.search_events(
        lab.db, start=now, end=lab.now(), filters={"dns.question.registered_domain": domain}, limit=200
    )
    requests = events.search_events(
        lab.db, start=now, end=lab.now(), filters={"destination.domain": f"*{domain}"}, source="proxy", limit=5
    )

    assert asked.total > 20
    assert {event["event.outcome"] for event in asked.events} == {"failure"}
    assert requests.total == 0
    assert lab.collateral() >= 15 * 20
