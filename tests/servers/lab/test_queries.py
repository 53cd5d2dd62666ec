"""The read functions: what is asked is what is answered, all of it, and nothing else."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from servers.errors import ConfigurationError
from servers.lab.population import build
from servers.lab.queries import endpoint, entities, events, network
from servers.lab.queries.coverage import coverage
from servers.lab.stories.families import FAMILIES, tell
from servers.lab.world import Lab

DAY = timedelta(days=1)


def window(lab: Lab, days: int = 7) -> tuple[datetime, datetime]:
    return lab.now() - DAY * days, lab.now()


def test_pages_together_are_the_whole_answer(full: Lab) -> None:
    """A cursor may neither lose nor repeat an event, in either direction."""
    start, end = window(full, 1)
    for newest_first in (False, True):
        seen: list[str] = []
        cursor = None
        while True:
            page = events.search_events(
                full.db, start=start, end=end, source="idp", limit=37, cursor=cursor, newest_first=newest_first
            )
            seen += [str(event["event.id"]) for event in page.events]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == page.total


def test_window_is_inclusive(full: Lab) -> None:
    """An event at the very edge belongs to the answer."""
    start, end = window(full, 1)
    event = events.search_events(full.db, start=start, end=end, source="dns", limit=1).events[0]
    moment = datetime.fromisoformat(str(event["@timestamp"]))

    page = events.search_events(full.db, start=moment, end=moment, source="dns")

    assert event["event.id"] in {found["event.id"] for found in page.events}
    assert events.get_event(full.db, str(event["event.id"])) == event


@pytest.mark.parametrize(
    "field, value, source",
    [
        ("device.managed", "true", "idp"),
        ("destination.port", "443", "firewall"),
        ("process.executable", "C:\\Windows\\System32\\cmd.exe", "edr"),
        ("event.outcome", "failure", "dc-security"),
        ("http.status", "404", "webserver"),
    ],
)
def test_filters_agree_with_the_documents(full: Lab, field: str, value: str, source: str) -> None:
    """Columns, terms and plain fields are three ways to the same thing."""
    start, end = window(full, 1)
    everything = events.search_events(full.db, start=start, end=end, source=source, limit=10_000).events
    expected = [event["event.id"] for event in everything if str(event.get(field)).lower() == value.lower()]

    page = events.search_events(full.db, start=start, end=end, source=source, filters={field: value}, limit=10_000)

    assert expected
    assert [event["event.id"] for event in page.events] == expected
    assert page.total == len(expected)


def test_pattern_takes_brackets_literally(full: Lab) -> None:
    """Only the asterisk is special: everything else in a path or command line is itself."""
    start, end = window(full)
    found = events.search_events(full.db, start=start, end=end, filters={"process.command_line": "*Get-Service"})

    assert found.total > 0
    assert events.search_events(full.db, start=start, end=end, filters={"url.full": "*[a-z]?*"}).total == 0


@pytest.mark.parametrize("name", ['user.name"; DROP TABLE events', "", "a b", "$.x", 'x"'])
def test_what_cannot_be_a_field_is_refused(full: Lab, name: str) -> None:
    """A field name reaches SQL only when it is one."""
    start, end = window(full)
    with pytest.raises(ValueError, match="not a field name"):
        events.search_events(full.db, start=start, end=end, filters={name: "x"})
    with pytest.raises(ValueError, match="not a field name"):
        events.count_events(full.db, by=[name], start=start, end=end)


def test_counts_add_up(full: Lab) -> None:
    """Buckets beyond the limit still count in the sums."""
    start, end = window(full)
    counts = events.count_events(full.db, by=["event.source", "event.outcome"], start=start, end=end, limit=3)
    everything = events.search_events(full.db, start=start, end=end, limit=1)

    assert len(counts.buckets) == 3
    assert counts.distinct > 3
    assert counts.events == everything.total
    assert counts.buckets[0].count >= counts.buckets[1].count >= counts.buckets[2].count


def test_baseline_looks_strictly_before(full: Lab) -> None:
    """The event under judgement may not be its own history."""
    start, end = window(full, 1)
    event = events.search_events(full.db, start=start, end=end, source="proxy", limit=1).events[0]
    moment = datetime.fromisoformat(str(event["@timestamp"]))
    field, value = "user.name", str(event["user.name"])
    before = events.baseline(full.db, field=field, value=value, before=moment)
    after = events.baseline(full.db, field=field, value=value, before=moment + timedelta(milliseconds=1))

    assert before.events > 0
    assert after.events > before.events
    assert events.baseline(full.db, field=field, value="nobody", before=moment).first_seen is None


def test_timeline_joins_what_concerns_the_entity(full: Lab) -> None:
    """Failed sign-ins aimed at a user are part of the user's story, and so are both ends of a flow."""
    story = tell(build(full.seed), "password_spray", "attack")
    victim = next(need.target for need in story.plot.indicators if need.kind == "disable_account")
    start, end = window(full, 1)
    page = events.timeline(full.db, start=start, end=end, user=victim, limit=500)

    assert {"success", "failure"} == {str(event["event.outcome"]) for event in page.events}
    with pytest.raises(ValueError, match="needs a host"):
        events.timeline(full.db, start=start, end=end)


def test_alerts_come_page_by_page(full: Lab) -> None:
    """The queue is worked off in order, none twice."""
    first = events.list_alerts(full.db, limit=30)
    second = events.list_alerts(full.db, limit=30, cursor=first.next_cursor)

    assert (len(first.alerts), len(second.alerts), second.next_cursor) == (30, 20, None)
    assert len({alert.id for alert in (*first.alerts, *second.alerts)}) == first.total == 50
    related = events.related_events(full.db, first.alerts[0].id, minutes=60)
    assert related is not None
    assert related.total > 0
    assert events.related_events(full.db, "no-such-alert") is None


def test_process_tree_has_ancestors_and_children(full: Lab) -> None:
    """From the script of a macro one sees the word processor above and the program below."""
    story = tell(build(full.seed), "phishing_macro", "attack")
    alert = events.get_alert(full.db, story.alert_id)
    assert alert is not None
    tree = endpoint.process_tree(
        full.db, host=str(alert.fields["host.name"]), process=str(alert.fields["process.entity_id"]), at=alert.time
    )

    assert min(node.depth for node in tree) < 0
    assert max(node.depth for node in tree) >= 1
    assert endpoint.process_tree(full.db, host="ws-001", process="nothing.exe", at=alert.time) == ()


def test_flows_are_summed_per_peer(full: Lab) -> None:
    """Direction, denial and distance are told apart."""
    story = tell(build(full.seed), "mass_download", "attack_killed_sensor")
    source = str(story.plot.alert["source.ip"])
    start, end = window(full, 1)
    peers = network.summarise_flows(full.db, host_or_ip=source, start=start, end=end)
    flows = network.search_flows(full.db, start=start, end=end, source=source, limit=1000)

    assert sum(peer.flows for peer in peers if peer.bytes_out) <= flows.total
    assert peers[0].bytes_out >= peers[-1].bytes_out
    assert {peer.internal for peer in peers} == {True, False}


def test_updater_restart_is_no_gap(full: Lab) -> None:
    """An agent that updates itself stops for a minute every now and then; that is not silence."""
    start, end = window(full)
    restarts = events.search_events(
        full.db, start=start, end=end, filters={"event.action": "agent_started"}, source="edr", limit=200
    )
    gaps = {host for (host,) in full.db.execute("SELECT host FROM coverage WHERE sensor = 'edr' AND state <> 'up'")}
    hosts = {str(event["host.name"]) for event in restarts.events} - gaps
    found = [coverage(full.db, sensor="edr", host=host, start=start, end=end) for host in hosts]

    assert len(found) > 10
    assert all(seen is not None and seen.covered for seen in found)
    assert coverage(full.db, sensor="no-such-sensor", host=None, start=start, end=end) is None


def test_gap_that_begins_inside_the_window_is_partial_or_silent(full: Lab) -> None:
    """A sensor that was up for half the window did not cover it."""
    for family in FAMILIES:
        gap = tell(build(full.seed), family, "attack_killed_sensor").plot.gaps[0]
        begin = datetime.fromtimestamp(gap.start / 1000, tz=full.now().tzinfo)
        hour = timedelta(hours=1)
        across = coverage(full.db, sensor=gap.sensor, host=gap.host, start=begin - hour, end=begin + hour)
        before = coverage(full.db, sensor=gap.sensor, host=gap.host, start=begin - hour, end=begin - hour / 60)
        assert across is not None
        assert before is not None
        assert (across.state, across.covered, before.covered) == ("silent", False, True)


def test_entities_are_found_by_any_of_their_names(full: Lab) -> None:
    """An alert may carry a name, an address or an id."""
    host = entities.list_hosts(full.db, kind="web")[0]
    for identifier in (host.name, host.id, host.ip, host.mac, host.name.upper()):
        assert entities.get_host(full.db, identifier) == host
    account = entities.get_account(full.db, "emergency-1")
    assert account is not None
    assert entities.get_account(full.db, account.sid) == account
    assert "domain-admins" in entities.groups_of(full.db, account.name)
    assert account.name in (entities.members_of(full.db, "domain-admins") or ())
    assert entities.members_of(full.db, "no-such-group") is None
    assert entities.is_internal(full.db, host.ip)
    assert not entities.is_internal(full.db, "198.18.20.11")
    assert not entities.is_internal(full.db, "not an address")


def test_people_and_software_can_be_asked_for(full: Lab) -> None:
    """Owner, neighbours, products and holes of a machine make its context."""
    person = entities.get_person(full.db, "p001")
    assert person is not None
    assert entities.get_person(full.db, "p999") is None
    mailbox = entities.get_account(full.db, person.email)
    assert mailbox is not None
    assert mailbox.person == person.id
    start, end = window(full)
    assert entities.neighbours(full.db, "fs-01", start, end)
    assert entities.list_software(full.db, "web-01")
    assert any(entities.list_vulnerabilities(full.db, host.name) for host in entities.list_hosts(full.db, kind="web"))
    assert len(entities.list_groups(full.db)) > 10
    assert entities.get_address(full.db, "198.18.20.11") is not None
    known = entities.check_known(full.db, "198.18.0.10")
    assert known is not None
    assert known.register == "own_addresses"
    assert entities.check_known(full.db, "198.18.20.11") is None
    entry = entities.list_work(full.db, at=full.now())[0]
    assert entities.get_work(full.db, entry.id) == entry
    assert len(events.list_sources(full.db, full.now())) == 12


def test_reading_connection_cannot_write(full: Lab) -> None:
    """Only the lab's own methods change anything."""
    with pytest.raises(Exception, match="readonly"):
        full.db.execute("DELETE FROM events")


def test_what_is_no_lab_is_not_opened(tmp_path: Path) -> None:
    """A wrong path or file is named instead of answered from."""
    text = tmp_path / "notes.db"
    text.write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(ConfigurationError, match="not a lab"):
        Lab.open(text)
    with pytest.raises(ConfigurationError, match="no lab at"):
        Lab.open(tmp_path / "missing.db")


def test_lab_is_never_overwritten_nor_made_of_unknown_stories(full_path: Path, tmp_path: Path) -> None:
    """A typing error in a family name may not give a lab without it."""
    with pytest.raises(FileExistsError):
        Lab.create(full_path, 1, [])
    with pytest.raises(ValueError, match="no family"):
        Lab.create(tmp_path / "a.db", 1, [("phising", "attack")])
    with pytest.raises(ValueError, match="no kind"):
        Lab.create(tmp_path / "a.db", 1, [("web_shell", "benign")])
    assert not (tmp_path / "a.db").exists()
