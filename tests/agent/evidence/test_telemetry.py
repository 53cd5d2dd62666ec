"""Looking is proved: what covered the event, what did not, and what fell silent around it."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.evidence.claims import check
from agent.evidence.ledger import Ledger
from agent.evidence.telemetry import SILENCED_TECHNIQUE, Coverage, read_coverage
from agent.intake import parse
from agent.models import Evidence, EvidenceStatus, Hypothesis, JsonObject
from agent.playbooks.format import Sensor

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALERT = parse({"@timestamp": NOON.isoformat(), "kibana.alert.rule.name": "r"}, world="lab", ordinal=1)
CONTRACT = (Sensor(sensor="edr", per_host=True), Sensor(sensor="dns"))
HYPOTHESES = (
    Hypothesis(id="attack", kind="malicious", text="an attack"),
    Hypothesis(id="habit", kind="benign", text="a habit"),
)
SEEN: JsonObject = {
    "state": "covered",
    "covered": True,
    "last_event": "2026-03-02T12:59:00Z",
    "host_seen_elsewhere": True,
}
EDR: JsonObject = {"sensor": "edr", "host": "ws-1", **SEEN}
DNS: JsonObject = {"sensor": "dns", "host": None, **SEEN}
STOPPED: JsonObject = {"state": "silent", "covered": False}


def answer(*rows: JsonObject, status: EvidenceStatus = "success", hours_later: int = 2) -> Evidence:
    """The siem's word on coverage, asked so long after the event."""
    ledger = Ledger()
    ledger.from_alert(ALERT, backend="embedded")
    return ledger.add(
        server="siem",
        tool="siem_check_coverage",
        arguments={},
        asked_at=NOON + timedelta(hours=hours_later),
        status=status,
        summary="",
        backend="embedded",
        data={"coverage": list(rows)},
    )


def covered(given: Evidence | None) -> Coverage:
    """What the contract makes of it."""
    return read_coverage(CONTRACT, given, ALERT, HYPOTHESES)


def test_full_cover_leaves_no_gap_and_says_so_in_claims() -> None:
    """Only this lets a case be closed."""
    given = answer(EDR, DNS)
    coverage = covered(given)

    assert (coverage.gaps, coverage.silenced, coverage.findings) == ((), (), ())
    assert [check(claim, {given.id: given}).status for claim in coverage.claims] == ["verified", "verified"]


@pytest.mark.parametrize(
    "given",
    [None, answer(), answer(status="error"), answer(EDR, DNS, status="stale"), answer(EDR, DNS, status="refused")],
    ids=["nobody asked", "nothing known", "error", "stale", "refused"],
)
def test_without_an_answer_every_sensor_is_missing(given: Evidence | None) -> None:
    """Not to know whether somebody looked is not to have looked."""
    coverage = covered(given)

    assert [(gap.sensor, gap.required) for gap in coverage.gaps] == [("edr", True), ("dns", True)]
    assert coverage.claims == ()


def test_cover_of_an_hour_that_is_not_over_is_no_cover() -> None:
    """What comes right after the alert is what tells an attack from a habit."""
    assert [gap.sensor for gap in covered(answer(EDR, DNS, hours_later=0)).gaps] == ["edr", "dns"]


@pytest.mark.parametrize("missing", ["host", "last_event"])
def test_agent_that_never_reported_about_the_host_covers_nothing(missing: str) -> None:
    """A log source that is up says nothing about a host it has never seen."""
    coverage = covered(answer({**EDR, missing: None}, DNS))

    assert [(gap.sensor, gap.required) for gap in coverage.gaps] == [("edr", True)]


@pytest.mark.parametrize("state", ["partial", "silent", "down", "not_deployed"])
def test_sensor_that_did_not_cover_is_named(state: str) -> None:
    """What is missing is what a person has to get."""
    given = answer({**EDR, "state": state, "covered": False}, DNS)
    coverage = covered(given)

    assert [(gap.sensor, gap.required) for gap in coverage.gaps] == [("edr", True)]
    assert state in coverage.gaps[0].reason
    assert {check(claim, {given.id: given}).status for claim in coverage.claims} == {"verified"}


@pytest.mark.parametrize(
    ("since", "silenced"),
    [
        ("2026-03-02T11:15:00Z", ("edr",)),
        ("2026-03-02T12:00:00Z", ("edr",)),
        ("2026-03-02T13:00:00Z", ("edr",)),
        ("2026-03-02T11:14:59Z", ()),
        ("2026-03-02T13:00:01Z", ()),
        ("2026-03-02T08:00:00Z", ()),
        (None, ()),
    ],
)
def test_sensor_that_stops_around_the_alert_was_silenced(since: str | None, silenced: tuple[str, ...]) -> None:
    """One that was down all day is bad luck; one that stops within the hour is T1562."""
    coverage = covered(answer({**EDR, **STOPPED, "silent_since": since}, DNS))

    assert coverage.silenced == silenced
    assert [finding.techniques for finding in coverage.findings] == [(SILENCED_TECHNIQUE,)] * len(silenced)


def test_silence_of_a_host_nobody_sees_is_no_sign_of_an_attack() -> None:
    """A machine that was switched off takes its sensor along."""
    row = {**EDR, **STOPPED, "silent_since": "2026-03-02T11:58:00Z", "host_seen_elsewhere": False}

    assert covered(answer(row, DNS)).silenced == ()


def test_silence_speaks_for_malice_and_against_innocence() -> None:
    """A killed sensor may never make a case look quieter."""
    finding = covered(answer({**EDR, **STOPPED, "silent_since": "2026-03-02T11:58:00Z"}, DNS)).findings[0]

    assert finding.weights["attack"] > 0 > finding.weights["habit"]
    assert finding.provenance.trusted
