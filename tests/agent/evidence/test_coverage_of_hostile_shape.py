"""Coverage answers that are odd, early or double: none of them covers anything, and none costs a case."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from agent.evidence.ledger import Ledger
from agent.evidence.telemetry import Coverage, blind_sensors, read_coverage
from agent.intake import parse
from agent.models import Evidence, Hypothesis, JsonObject
from agent.playbooks.format import Sensor

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALERT = parse({"@timestamp": NOON.isoformat(), "kibana.alert.rule.name": "r"}, world="lab", ordinal=1)
CONTRACT = (Sensor(sensor="edr", per_host=True), Sensor(sensor="dns"))
HYPOTHESES = (Hypothesis(id="attack", kind="malicious", text="an attack"),)
EDR: JsonObject = {
    "sensor": "edr",
    "host": "ws-1",
    "state": "covered",
    "covered": True,
    "last_event": "2026-03-02T12:58:00Z",
    "host_seen_elsewhere": True,
}
DNS: JsonObject = {**EDR, "sensor": "dns", "host": None}
STOPPED: JsonObject = {**EDR, "state": "silent", "covered": False}


def answer(rows: JsonValue, minutes_later: int = 120) -> Evidence:
    """The siem's word on coverage, asked so long after the event."""
    return Ledger().add(
        server="siem",
        tool="siem_check_coverage",
        arguments={},
        asked_at=NOON + timedelta(minutes=minutes_later),
        status="success",
        summary="",
        backend="embedded",
        data={"coverage": rows},
    )


def covered(given: Evidence) -> Coverage:
    """What the contract makes of it."""
    return read_coverage(CONTRACT, given, ALERT, HYPOTHESES)


def test_event_of_this_very_hour_is_not_covered_yet() -> None:
    """What an attacker does next cannot have been seen before it happens, and no claim says it was."""
    early = covered(answer([EDR, DNS], minutes_later=59))

    assert [gap.sensor for gap in early.gaps] == ["edr", "dns"]
    assert "not over" in early.gaps[0].reason
    assert early.claims == ()
    assert covered(answer([EDR, DNS], minutes_later=60)).gaps == ()


@pytest.mark.parametrize("name", ["host", "last_event"])
def test_agent_unknown_to_the_host_is_blind_there(name: str) -> None:
    """That an agent reports nothing of a machine it is not on is no finding."""
    given = answer([{**EDR, name: None}, DNS])

    assert blind_sensors(("edr", "dns"), given, ALERT, CONTRACT) == {"edr"}


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_words_on_one_sensor_the_worse_counts(*, turned: bool) -> None:
    """A later row cannot paint over a gap."""
    rows: list[JsonValue] = [EDR, STOPPED] if turned else [STOPPED, EDR]

    assert [gap.sensor for gap in covered(answer([*rows, DNS])).gaps] == ["edr"]


@pytest.mark.parametrize("since", ["yesterday", "2026-03-02T11:58:00", "", 12, True, ["2026-03-02T11:58:00Z"]])
def test_time_of_silence_that_is_no_time_costs_no_case(since: JsonValue) -> None:
    """A server that writes nonsense leaves a gap, not a crash."""
    coverage = covered(answer([{**STOPPED, "silent_since": since}, DNS]))

    assert ([gap.sensor for gap in coverage.gaps], coverage.silenced) == (["edr"], ())


@pytest.mark.parametrize("rows", ["up", None, 3, ["edr", None], {"edr": True}])
def test_coverage_of_another_shape_is_no_coverage(rows: JsonValue) -> None:
    """What cannot be read covers nothing."""
    given = answer(rows)

    assert [gap.sensor for gap in covered(given).gaps] == ["edr", "dns"]
    assert blind_sensors(("edr",), given, ALERT) == {"edr"}
