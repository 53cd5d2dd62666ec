"""What each kind of story leaves behind is what an investigation needs, and no more."""

from datetime import datetime, timedelta

import pytest

from servers.lab.background.machines import KEY_USAGE
from servers.lab.queries import endpoint, entities, events, network
from servers.lab.queries.coverage import Coverage, agent_status, coverage
from servers.lab.records import JsonObject, Work
from servers.lab.stories.families import FAMILIES
from servers.lab.world import Lab
from tests.servers.lab.stories import Known, find

HOUR = timedelta(hours=1)
STARRED = {
    "password_spray": "idp",
    "phishing_macro": "edr",
    "web_shell": "edr",
    "malware_workstation": "edr",
    "ransomware_precursor": "edr",
    "dns_exfiltration": "dns",
    "admin_share": "edr",
    "impossible_travel": "idp",
    "mass_download": "proxy",
    "cloud_key": "cloud-audit",
}
"""The sensor each family's verdict stands on."""
HOSTILE = ("attack", "attack_killed_sensor", "attack_beside_authorised")
REGISTERED = (
    "password_spray",
    "web_shell",
    "ransomware_precursor",
    "admin_share",
    "impossible_travel",
    "mass_download",
    "cloud_key",
)
"""Families whose benign twin is authorised by the register."""
TECHNIQUE = {
    "password_spray": "T1110.003",
    "web_shell": "T1190",
    "ransomware_precursor": "T1490",
    "admin_share": "T1021.002",
    "impossible_travel": "T1078.004",
    "mass_download": "T1039",
    "cloud_key": "T1078.004",
}


def search(
    lab: Lab, known: Known, filters: dict[str, str], source: str | None = None, hours: int = 2
) -> list[JsonObject]:
    """Events around the alert."""
    around = timedelta(hours=hours)
    start, end = known.alert.time - around, known.alert.time + around
    return list(events.search_events(lab.db, start=start, end=end, filters=filters, source=source, limit=1000).events)


def usual(lab: Lab, known: Known, field: str, value: str, **filters: str) -> events.Baseline:
    named = {name.replace("_", "."): wanted for name, wanted in filters.items()}
    return events.baseline(lab.db, field=field, value=value, before=known.alert.time - 2 * HOUR, filters=named)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["attack", "benign_twin", "attack_beside_authorised"])
def test_instrumented_kinds_are_covered(full: Lab, family: str, kind: str) -> None:
    """A verdict is possible: the deciding sensor saw the hours around the alert."""
    known = find(full, family, kind)
    found = _coverage(full, known, STARRED[family])

    assert found.covered
    assert found.state == "covered"


@pytest.mark.parametrize("family", FAMILIES)
def test_blind_twin_has_nothing_to_decide_with(full: Lab, family: str) -> None:
    """The sensor is down or missing from long before, and holds no event of the host since."""
    known = find(full, family, "sensor_blind")
    found = _coverage(full, known, STARRED[family])
    since = known.alert.time - 3 * HOUR
    seen = events.search_events(
        full.db, start=since, end=full.now(), filters={"host.name": known.text("host.name")}, source=STARRED[family]
    )

    assert found.state in ("down", "not_deployed")
    assert seen.total == 0
    assert known.story.plot.work == ()
    assert entities.lookup_intel(full.db, str(known.alert.fields.get("source.ip"))) == ()
    stopped = search(full, known, {"host.name": known.text("host.name"), "event.action": "agent_stopped"}, hours=12)
    assert stopped == []


@pytest.mark.parametrize("family", FAMILIES)
def test_killed_sensor_falls_silent_while_others_still_see_the_host(full: Lab, family: str) -> None:
    """The silence itself is evidence: it starts within minutes of the alert, and the host is alive."""
    known = find(full, family, "attack_killed_sensor")
    found = _coverage(full, known, STARRED[family])

    assert found.state == "silent"
    assert found.silent_since is not None
    assert timedelta(0) < found.silent_since - known.alert.time < timedelta(minutes=5)
    assert found.host_seen_elsewhere
    action = "agent_stopped" if STARRED[family] == "edr" else "logging_disabled"
    around = search(full, known, {"event.action": action}, source=STARRED[family])
    assert any(abs(_age(known, event)) < 300 for event in around)


def _coverage(lab: Lab, known: Known, sensor: str) -> Coverage:
    found = coverage(
        lab.db, sensor=sensor, host=known.text("host.name"), start=known.alert.time - HOUR, end=known.alert.time + HOUR
    )
    assert found is not None
    return found


def _age(known: Known, event: JsonObject) -> float:
    return (datetime.fromisoformat(str(event["@timestamp"])) - known.alert.time).total_seconds()


def test_stopped_agent_names_the_program_that_did_it(full: Lab) -> None:
    """An agent stopped by something else than its updater was attacked."""
    known = find(full, "malware_workstation", "attack_killed_sensor")
    status = agent_status(
        full.db, host=known.text("host.name"), start=known.alert.time - HOUR, end=known.alert.time + HOUR
    )

    assert status.state == "silent"
    assert status.stopped_by is not None
    assert status.stopped_by.startswith("C:\\Users\\")


@pytest.mark.parametrize("family", REGISTERED)
def test_register_covers_the_benign_twin_in_every_dimension(full: Lab, family: str) -> None:
    """Actor, source, target, hour and technique all fit, or it would prove nothing."""
    known = find(full, family, "benign_twin")
    entries = _entries(full, known)

    assert any(_fits(known, family, entry) for entry in entries)


@pytest.mark.parametrize("family", FAMILIES)
def test_near_miss_is_found_and_does_not_fit(full: Lab, family: str) -> None:
    """Beside the attack stands an entry that touches it and is wrong in one dimension or two."""
    known = find(full, family, "attack_beside_authorised")
    (entry,) = known.story.plot.work

    assert entry.id in {work.id for work in _entries(full, known)}
    assert family not in TECHNIQUE or not any(_fits(known, family, work) for work in _entries(full, known))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["attack", "attack_killed_sensor", "sensor_blind"])
def test_register_is_silent_on_the_other_kinds(full: Lab, family: str, kind: str) -> None:
    """No ordinary entry covers them by accident."""
    known = find(full, family, kind)

    assert not any(_fits(known, family, entry) for entry in _entries(full, known))


def _entries(lab: Lab, known: Known) -> tuple[Work, ...]:
    fields = known.alert.fields
    return entities.list_work(
        lab.db,
        at=known.alert.time,
        host=str(fields.get("host.name")),
        account=str(fields.get("user.name")),
        address=str(fields.get("source.ip")),
    )


def _fits(known: Known, family: str, entry: Work) -> bool:
    """Whether everything the entry names is what the alert has, at that time, for that technique."""
    fields = known.alert.fields
    named = ((entry.hosts, "host.name"), (entry.accounts, "user.name"), (entry.source_addresses, "source.ip"))
    parts = all(not values or field not in fields or fields[field] in values for values, field in named)
    hour = entry.window_start <= known.alert.time <= entry.window_end
    return parts and hour and not entry.revoked and TECHNIQUE.get(family, "") in entry.techniques


@pytest.mark.parametrize("kind", ["attack", "attack_beside_authorised"])
def test_spray_ends_in_a_sign_in_with_an_unknown_device(full: Lab, kind: str) -> None:
    """Many names fail, one succeeds, and its mailbox is tampered with."""
    known = find(full, "password_spray", kind)
    source = known.text("source.ip")
    tried = {event.get("user.attempted_name") for event in search(full, known, {"source.ip": source}, "idp")}
    (signed_in,) = search(full, known, {"source.ip": source, "event.outcome": "success"}, "idp")
    apis = {event["cloud.api"] for event in search(full, known, {"source.ip": source}, "cloud-audit")}

    assert len(tried - {None}) >= 15
    assert signed_in["device.managed"] is False
    assert "authentication.mfa" not in signed_in
    assert "New-InboxRule" in apis


def test_tested_gateway_sees_no_sign_in(full: Lab) -> None:
    """Whoever tests passwords with permission gets nowhere."""
    known = find(full, "password_spray", "benign_twin")
    filters = {"source.ip": known.text("source.ip")}

    assert search(full, known, filters | {"event.outcome": "success"}, "idp") == []
    assert len(search(full, known, filters, "idp")) >= 30


@pytest.mark.parametrize("kind", ["attack", "attack_beside_authorised"])
def test_macro_drops_and_runs_a_program_that_calls_home(full: Lab, kind: str) -> None:
    """Mail from outside, a program in the profile, and a steady beacon."""
    known = find(full, "phishing_macro", kind)
    mails = search(full, known, {"email.attachment.sha256": known.text("file.hash.sha256")}, "mail")
    tree = endpoint.process_tree(
        full.db, host=known.text("host.name"), process=known.text("process.entity_id"), at=known.alert.time
    )

    assert len(mails) == 1
    assert any("\\AppData\\" in str(node.event["process.executable"]) for node in tree if node.depth == 1)
    assert "WINWORD" in str(tree[0].event["process.executable"]) or tree[0].depth < 0
    assert _beacons(full, known)


def test_own_template_is_registered_and_common(full: Lab) -> None:
    """A document of ours, opened on a dozen desks before, that talks to our own server only."""
    known = find(full, "phishing_macro", "benign_twin")
    content = known.text("file.hash.sha256")
    entry = entities.check_known(full.db, content)

    assert entry is not None
    assert entry.register == "known_files"
    assert usual(full, known, "file.hash.sha256", content).hosts >= 10
    assert not _beacons(full, known)
    assert search(full, known, {"email.attachment.sha256": content}) == []


def _beacons(lab: Lab, known: Known) -> list[network.Peer]:
    peers = network.summarise_flows(
        lab.db, host_or_ip=known.text("host.name"), start=known.alert.time, end=known.alert.time + 6 * HOUR
    )
    steady = [p for p in peers if p.median_interval_s is not None and 20 <= p.median_interval_s <= 900]
    return [peer for peer in steady if not peer.internal and peer.flows >= 5]


def test_web_service_starts_a_shell_only_when_attacked(full: Lab) -> None:
    """A child of the web service and a new script tell the shell from the test."""
    for kind, expected in (("attack", True), ("attack_beside_authorised", True), ("benign_twin", False)):
        known = find(full, "web_shell", kind)
        host = known.text("host.name")
        children = search(full, known, {"host.name": host, "process.parent.executable": "*w3wp.exe"}, "edr")
        files = endpoint.list_files(
            full.db, host=host, start=known.alert.time - HOUR, end=known.alert.time + HOUR, path_prefix="C:\\inetpub"
        )
        back = network.search_flows(
            full.db, start=known.alert.time, end=full.now(), source=host, destination=known.text("source.ip")
        )

        assert bool(children) is expected
        assert bool(files.total) is expected
        assert bool(back.total) is expected


def test_detected_file_runs_here_only_when_attacked(full: Lab) -> None:
    """Our own tool ran on the machines of IT and never on the host of the alert."""
    bad, good = find(full, "malware_workstation", "attack"), find(full, "malware_workstation", "benign_twin")
    ran_bad, ran_good = _ran_on(full, bad), _ran_on(full, good)

    assert ran_bad == {bad.text("host.name")}
    assert len(ran_good) >= 5
    assert good.text("host.name") not in ran_good
    assert entities.check_known(full.db, good.text("file.hash.sha256")) is not None
    assert entities.check_known(full.db, bad.text("file.hash.sha256")) is None
    assert _beacons(full, bad)
    assert not _beacons(full, good)
    keys = search(full, bad, {"host.name": bad.text("host.name"), "event.category": "registry"}, "edr")
    assert any("CurrentVersion\\Run" in str(event["registry.path"]) for event in keys) is bad.does("stay")


def _ran_on(lab: Lab, known: Known) -> set[str]:
    return {seen.host for seen in endpoint.find_file(lab.db, known.text("file.hash.sha256")) if seen.executed}


def test_backups_are_deleted_by_a_stranger_or_by_the_backup_agent(full: Lab) -> None:
    """Where the service account came from and what started the command tell the two apart."""
    bad, good = find(full, "ransomware_precursor", "attack"), find(full, "ransomware_precursor", "benign_twin")
    for known, history in ((bad, False), (good, True)):
        account = known.text("user.name")
        came = search(full, known, {"user.name": account, "event.outcome": "success"}, "dc-security")
        address = str(came[0]["source.ip"])
        assert bool(usual(full, known, "source.ip", address, user_name=account).events) is history
    (start,) = search(full, good, {"process.entity_id": good.text("process.entity_id")}, "edr")
    renames = search(full, bad, {"user.name": bad.text("user.name"), "event.action": "rename"}, "fileserver")
    assert str(start["process.parent.executable"]).startswith("C:\\Program Files\\")
    assert len(renames) >= 50


def test_long_names_come_from_one_desk_or_from_everybodys_agent(full: Lab) -> None:
    """Prevalence, register and the asking program tell exfiltration from an agent."""
    bad, good = find(full, "dns_exfiltration", "attack"), find(full, "dns_exfiltration", "benign_twin")
    field = "dns.question.registered_domain"
    asked = search(full, bad, {field: bad.text(field)}, "dns")

    assert len(asked) >= 300
    assert {event["host.name"] for event in asked} == {bad.text("host.name")}
    assert usual(full, bad, field, bad.text(field)).events == 0
    assert usual(full, good, field, good.text(field)).hosts >= 20
    assert entities.check_known(full.db, good.text("dns.question.name")) is not None
    assert entities.check_known(full.db, bad.text("dns.question.name")) is None
    assert any("\\AppData\\" in path for path in _asking(full, bad))
    assert all(path.startswith("C:\\Program Files\\") or "\\Windows\\" in path for path in _asking(full, good))


def _asking(lab: Lab, known: Known) -> set[str]:
    start, end = known.alert.time - HOUR, known.alert.time + 2 * HOUR
    page = endpoint.list_connections(lab.db, host=known.text("host.name"), start=start, end=end, limit=200)
    return {str(event["process.executable"]) for event in page.events}


def test_blind_resolver_is_asked_by_the_system_itself(full: Lab) -> None:
    """The connections that remain must not say which program was behind them."""
    paths = _asking(full, find(full, "dns_exfiltration", "sensor_blind"))

    assert not any("\\Users\\" in path for path in paths)


def test_intruder_comes_from_a_desk_the_administrator_never_used(full: Lab) -> None:
    """Credentials read from memory, three targets and more, an unknown program."""
    bad, good = find(full, "admin_share", "attack"), find(full, "admin_share", "benign_twin")
    source = entities.get_host(full.db, bad.text("source.ip"))
    assert source is not None
    admin = bad.text("user.name")
    reached = search(full, bad, {"user.name": admin, "source.ip": source.ip, "logon.type": "network"}, "edr")

    read = search(full, bad, {"host.name": source.name, "event.action": "process_access"}, "edr")
    assert bool(read) is bad.does("read credentials")
    assert len({event["host.name"] for event in reached}) >= 3
    assert usual(full, bad, "source.ip", source.ip, user_name=admin).events == 0
    address = good.text("source.ip")
    assert usual(full, good, "source.ip", address, user_name=good.text("user.name")).days_seen >= 3
    assert entities.check_known(full.db, good.text("process.hash.sha256")) is not None
    assert entities.check_known(full.db, bad.text("process.hash.sha256")) is None


def test_traveller_has_own_device_and_second_factor_and_a_thief_has_neither(full: Lab) -> None:
    """A stolen session or password comes from a device nobody manages."""
    bad, good = find(full, "impossible_travel", "attack"), find(full, "impossible_travel", "benign_twin")
    sessions = [search(full, known, {"session.id": known.text("session.id")}, "idp") for known in (bad, good)]
    countries = [{event["source.country"] for event in session} for session in sessions]
    account = entities.get_account(full.db, good.text("user.name"))
    (here,) = sessions[1]

    assert len(countries[1]) == 1
    assert {event["device.managed"] for event in sessions[0] if event["source.ip"] == bad.text("source.ip")} == {False}
    assert account is not None
    assert good.text("device.id") in account.devices
    assert here["authentication.mfa"] == "satisfied"


def test_read_share_leaves_through_the_proxy_only_when_stolen(full: Lab) -> None:
    """Large uploads outside against flows to another of our file servers."""
    for kind, stolen in (("attack", True), ("attack_beside_authorised", True), ("benign_twin", False)):
        known = find(full, "mass_download", kind)
        user = known.text("user.name")
        sent = search(full, known, {"user.name": user, "event.action": "upload"}, "proxy")
        large = [event for event in sent if int(str(event["network.bytes"])) > 20_000_000]
        copied = search(full, known, {"user.name": user, "event.action": "copy_to_removable"}, "edr")
        assert bool(large) is known.does("upload them")
        assert bool(copied) is known.does("copy to a drive")
        assert bool(large or copied) is stolen
        assert usual(full, known, "file.share", known.text("file.share"), user_name=user).events == 0


def test_key_does_what_it_always_does_unless_stolen(full: Lab) -> None:
    """The calls, not the address, tell a moved runner from a thief."""
    for kind, stolen in (("attack", True), ("attack_beside_authorised", True), ("benign_twin", False)):
        known = find(full, "cloud_key", kind)
        filters = {"cloud.access_key": known.text("cloud.access_key"), "source.ip": known.text("source.ip")}
        apis = {str(event["cloud.api"]) for event in search(full, known, filters, "cloud-audit")}
        assert bool(apis - set(KEY_USAGE)) is stolen


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_the_truth_requires_is_there_to_be_found(full: Lab, family: str, kind: str) -> None:
    """An eval may not ask for evidence that no sensor has."""
    known = find(full, family, kind)
    fields = known.alert.fields
    for sensor in known.required:
        seen = [
            event
            for name in ("host.name", "user.name", "source.ip")
            if name in fields
            for event in search(full, known, {name: str(fields[name])}, sensor, hours=9)
        ]
        if sensor == "mail":
            seen = search(full, known, {"email.attachment.sha256": known.text("file.hash.sha256")}, sensor)
        assert seen, (sensor, known.story.id)
