"""The siem over a lab with every story."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.kit import SecurityServer
from servers.siem.server import build
from servers.siem.settings import SiemSettings
from tests.servers.lab.tables import rows
from tests.servers.parts import over_lab

DAY = {"start": "2026-03-09T00:00:00Z", "end": "2026-03-09T14:00:00Z"}
WEEK = {"start": "2026-03-02T14:00:00Z", "end": "2026-03-09T14:00:00Z"}
Arguments = dict[str, JsonValue]


@pytest.fixture(scope="module")
def siem(whole_lab: Path) -> SecurityServer:
    """The siem."""
    return build(over_lab(whole_lab), SiemSettings())


def data(envelope: dict[str, JsonValue]) -> dict[str, list[dict[str, JsonValue]]]:
    """The data of an answer."""
    return json.loads(json.dumps(envelope["data"]))


async def test_search_finds_what_the_tables_hold(siem: SecurityServer, whole_lab: Path) -> None:
    """A search that drops rows proves absences that are none."""
    sql = "SELECT count(*) FROM events WHERE source = 'idp' AND outcome = 'failure'"
    expected = rows(whole_lab, sql)[0][0]

    envelope = await siem.call("siem_search_events", {"filters": {"event.outcome": "failure"}, "source": "idp", **WEEK})

    assert envelope["total"] == expected
    assert {event["event.outcome"] for event in data(envelope)["events"]} == {"failure"}
    assert "$.events[*]['user.attempted_name']" in json.dumps(envelope["untrusted"])


async def test_number_in_a_filter_is_taken_as_its_text(siem: SecurityServer) -> None:
    """Whoever asks for port 53 must not lose the look to a type."""
    text, number = [
        await siem.call("siem_search_events", {"filters": {"destination.port": port, "source.ip": "*"}, **DAY})
        for port in ("53", 53)
    ]

    assert number["status"] == "success"
    assert (number["total"], number["data"]) == (text["total"], text["data"])


async def test_baseline_of_one_source_counts_that_source_and_names_it(siem: SecurityServer) -> None:
    """An answer that does not say whose events it counted cannot be held against who was blind."""
    asked: Arguments = {"field": "event.outcome", "value": "failure", "before": DAY["end"]}
    whole, part = await siem.call("siem_baseline", asked), await siem.call("siem_baseline", {**asked, "source": "idp"})
    counted = [json.loads(json.dumps(answer["data"]))["events"] for answer in (whole, part)]

    assert json.loads(json.dumps(part["source"]))["sensor"] == "idp"
    assert 0 < counted[1] < counted[0]


async def test_following_the_cursor_gives_every_event_once(siem: SecurityServer) -> None:
    """Pages that overlap count attackers twice; pages with gaps lose them."""
    seen, cursor = [], None
    arguments: Arguments = {"filters": {"event.category": "email"}, "source": "mail", "limit": 200, **DAY}
    whole = await siem.call("siem_count_events", {"by": ["event.source"], "filters": {}, "source": "mail", **DAY})
    for _ in range(60):
        envelope = await siem.call("siem_search_events", {**arguments, "filters": {}, "cursor": cursor})
        seen += [str(event["event.id"]) for event in data(envelope)["events"]]
        if (cursor := envelope["next_cursor"]) is None:
            break

    assert len(seen) == len(set(seen)) == json.loads(json.dumps(whole["data"]))["events"]


async def test_chosen_fields_shorten_the_events(siem: SecurityServer) -> None:
    """More rows fit under the cap when only some fields are asked for."""
    base: Arguments = {"filters": {}, "source": "edr", "category": "process", "limit": 200, **DAY}
    whole = await siem.call("siem_search_events", base)
    short = await siem.call("siem_search_events", {**base, "fields": ["process.executable"]})

    assert len(data(short)["events"]) > 2 * len(data(whole)["events"])
    assert set(data(short)["events"][0]) <= {"@timestamp", "event.id", "process.executable"}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("siem_search_events", {"filters": {"source_ip": "198.18.0.1"}, **DAY}),
        ("siem_search_events", {"filters": {}, "fields": ["user_name"], **DAY}),
        ("siem_count_events", {"filters": {}, "by": ["hostname"], **DAY}),
        ("siem_baseline", {"field": "user.nam", "value": "x", "before": DAY["end"]}),
        ("siem_search_events", {"filters": {}, "source": "firewal", **DAY}),
    ],
)
async def test_mistyped_name_is_an_error_with_the_right_one(
    siem: SecurityServer, tool: str, arguments: Arguments
) -> None:
    """A filter on a field that does not exist finds nothing, which would look like innocence."""
    envelope = await siem.call(tool, arguments)

    assert envelope["status"] == "error"
    assert "did you mean" in str(envelope["error"])


async def test_window_that_ends_before_it_starts_is_an_error(siem: SecurityServer) -> None:
    """It can only be a mistake, and it would find nothing."""
    envelope = await siem.call("siem_search_events", {"filters": {}, "start": DAY["end"], "end": DAY["start"]})

    assert envelope["status"] == "error"


async def test_search_of_a_blind_sensor_is_stale_and_keeps_its_rows(siem: SecurityServer, whole_lab: Path) -> None:
    """No events from a dead agent is not the same as a quiet host."""
    sensor, host = rows(whole_lab, "SELECT sensor, host FROM coverage WHERE state = 'silent' AND sensor = 'edr'")[0]
    blind = {"filters": {"host.name": host}, "source": sensor}

    silent = await siem.call("siem_search_events", {**blind, **DAY})
    counted = await siem.call("siem_count_events", {**blind, "by": ["event.action"], **DAY})
    before = await siem.call(
        "siem_search_events", {**blind, "start": "2026-03-03T00:00:00Z", "end": "2026-03-05T00:00:00Z"}
    )

    assert (silent["status"], counted["status"]) == ("stale", "stale")
    assert "siem_check_coverage" in str(silent["error"])
    assert data(silent)["events"]
    assert before["status"] == "success"


async def test_coverage_names_who_was_blind_and_who_still_saw_the_host(siem: SecurityServer, whole_lab: Path) -> None:
    """A host that others still see while its agent is silent was tampered with or broken."""
    host = rows(whole_lab, "SELECT host FROM coverage WHERE state = 'silent' AND sensor = 'edr'")[0][0]
    arguments: Arguments = {"sensors": ["edr", "firewall"], "host": host, **DAY}

    cover = {str(row["sensor"]): row for row in data(await siem.call("siem_check_coverage", arguments))["coverage"]}

    assert (cover["edr"]["covered"], cover["edr"]["host_seen_elsewhere"]) == (False, True)
    assert "silent_since" in cover["edr"]
    assert cover["firewall"]["covered"] is True


async def test_coverage_of_a_sensor_that_does_not_exist_is_an_error_that_names_those_that_do(
    siem: SecurityServer,
) -> None:
    """`not_deployed` would say that a host lacks it; a guessed name is no sensor of anybody."""
    guessed = await siem.call("siem_check_coverage", {"sensors": ["edr", "firewal"], **DAY})

    assert (guessed["status"], guessed["data"]) == ("error", None)
    assert guessed["summary"] == "there is no such source: 1 of the 2 asked for"
    assert "did you mean 'firewall'?" in str(guessed["error"])
    assert "dc-security" in str(guessed["error"])


async def test_unknown_alert_is_no_data(siem: SecurityServer) -> None:
    """Looked for properly and not there."""
    for tool in ("siem_get_alert", "siem_related_events"):
        envelope = await siem.call(tool, {"alert_id": "nobody"})
        assert (envelope["status"], envelope["ok"]) == ("no_data", True)


async def test_every_alert_can_be_listed_and_read(siem: SecurityServer, whole_lab: Path) -> None:
    """The queue is where everything starts."""
    listed = data(await siem.call("siem_list_alerts", {"limit": 200, "status": "any"}))["alerts"]
    read = [data(await siem.call("siem_get_alert", {"alert_id": line["id"]}))["alert"] for line in listed]

    assert len(listed) == rows(whole_lab, "SELECT count(*) FROM alerts")[0][0]
    assert all(json.loads(json.dumps(alert))["mcpsoc.synthetic"] for alert in read)


async def test_related_events_surround_their_alert(siem: SecurityServer) -> None:
    """What happened on the same host is the first thing an analyst looks at."""
    alert = data(await siem.call("siem_list_alerts", {}))["alerts"][0]
    related = await siem.call("siem_related_events", {"alert_id": alert["id"], "minutes": 120})
    timeline = await siem.call("siem_timeline", {"around": alert["time"]})

    assert related["status"] == "success"
    assert timeline["status"] == "error"


async def test_baseline_ends_before_its_time(siem: SecurityServer, whole_lab: Path) -> None:
    """An event must not count as its own history."""
    host, first = rows(
        whole_lab, "SELECT host, min(json_extract(fields, '$.\"@timestamp\"')) FROM events WHERE host > ''"
    )[0]
    at = await siem.call("siem_baseline", {"field": "host.name", "value": host, "before": first})
    sql = f"SELECT count(*) FROM events WHERE host = '{host}'"
    later = await siem.call("siem_baseline", {"field": "host.name", "value": host, "before": DAY["end"], "days": 30})

    assert (at["status"], json.loads(json.dumps(at["data"]))["events"]) == ("no_data", 0)
    assert json.loads(json.dumps(later["data"]))["events"] == rows(whole_lab, sql)[0][0]
