"""The telemetry contract: which sensors had to see the event's hour, which did, and which fell silent around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from agent.evidence.entities import moment_of
from agent.hunting.hunt import is_hunt
from agent.models import Alert, Claim, Equals, Evidence, Finding, Gap, Hypothesis, Provenance, Ref
from agent.playbooks.format import Sensor

COVER_BEFORE, COVER_AFTER = timedelta(hours=1), timedelta(hours=1)
"""A verdict that closes needs every contracted sensor to cover this much around the event."""
SILENCED_BEFORE, SILENCED_AFTER = timedelta(minutes=45), timedelta(minutes=60)
"""A sensor that stops this close to the alert, while its host is still seen elsewhere, was probably stopped."""
SILENCED_TECHNIQUE = "T1562.001"
_SILENCE_WEIGHT = 1.5


COVERED = ("{sensor} covered the hour around the event.", "{sensor} covered the time of the hunt.")
NOT_COVERED = ("{sensor} did not cover the event: {state}.", "{sensor} did not cover the time of the hunt: {state}.")
"""What is said about a sensor: of an alert, and of a hunt."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the contract's sensors could and could not see."""

    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    silenced: tuple[str, ...] = ()
    """Contracted sensors that fell silent around the alert while the host was still seen elsewhere."""


def read_coverage(
    contract: Sequence[Sensor], answer: Evidence | None, alert: Alert, hypotheses: Sequence[Hypothesis]
) -> Coverage:
    """Cover, gaps and silences of every contracted sensor; no answer at all leaves every sensor a gap."""
    rows = rows_of(answer)
    claims: list[Claim] = []
    findings: list[Finding] = []
    gaps: list[Gap] = []
    silenced: list[str] = []
    for sensor in contract:
        index, row = rows.get(sensor.sensor, (-1, {}))
        unknown = _why_unknown(answer, row, alert, per_host=sensor.per_host)
        if answer is None or unknown:
            gaps.append(Gap(sensor=sensor.sensor, reason=unknown, required=True))
            continue
        claim = _claim(answer, index, sensor.sensor, alert, covered=row.get("covered") is True)
        claims.append(claim)
        if row.get("covered") is True:
            continue
        gaps.append(Gap(sensor=sensor.sensor, reason=f"state {row.get('state')}", required=True))
        if _fell_silent(row, alert.time):
            silenced.append(sensor.sensor)
            findings.append(_silence(claim, sensor.sensor, hypotheses))
    return Coverage(tuple(claims), tuple(findings), tuple(gaps), tuple(silenced))


def blind_sensors(
    sensors: Iterable[str], answer: Evidence | None, alert: Alert, contract: Sequence[Sensor] = ()
) -> frozenset[str]:
    """Those sensors that are not known to have covered the event."""
    rows, agents = rows_of(answer), {sensor.sensor for sensor in contract if sensor.per_host}
    found = {sensor: rows.get(sensor, (-1, {}))[1] for sensor in sensors}
    return frozenset(
        sensor
        for sensor, row in found.items()
        if row.get("covered") is not True or _why_unknown(answer, row, alert, per_host=sensor in agents)
    )


def rows_of(answer: Evidence | None) -> dict[str, tuple[int, dict[str, JsonValue]]]:
    """Sensor to its row and where that stands; of several rows about one sensor, one that does not cover."""
    if answer is None or answer.status != "success" or not isinstance(answer.data, dict):
        return {}
    listed = answer.data.get("coverage")
    rows: dict[str, tuple[int, dict[str, JsonValue]]] = {}
    for index, row in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(row, dict) and rows.get(str(row.get("sensor")), (-1, {}))[1].get("covered", True) is True:
            rows[str(row.get("sensor"))] = (index, row)
    return rows


def _why_unknown(answer: Evidence | None, row: dict[str, JsonValue], alert: Alert, *, per_host: bool) -> str:
    """Why the row does not tell whether the sensor covered the event; empty when it does."""
    if answer is None:
        return "nobody was asked"
    if not row:
        return answer.error or f"coverage could not be asked ({answer.status})"
    if row.get("covered") is not True:
        return ""
    if answer.asked_at < _end_of(answer, alert):
        return "the hour after the event was not over"
    if per_host and (row.get("host") is None or row.get("last_event") is None):
        return "it has never reported about the host"
    return ""


def _end_of(answer: Evidence, alert: Alert) -> datetime:
    """Until when cover was asked for: a sensor covers no time that has not passed."""
    return moment_of(answer.arguments.get("end")) or alert.time + COVER_AFTER


def _claim(answer: Evidence, index: int, sensor: str, alert: Alert, *, covered: bool) -> Claim:
    path = f"$.coverage[{index}]"
    slots = {
        "sensor": Ref(evidence=answer.id, path=f"{path}.sensor"),
        "state": Ref(evidence=answer.id, path=f"{path}.state"),
    }
    return Equals(
        id=f"coverage.{sensor}",
        template=(COVERED if covered else NOT_COVERED)[is_hunt(alert)],
        slots=slots,
        ref=Ref(evidence=answer.id, path=f"{path}.covered"),
        value=covered,
    )


def _fell_silent(row: dict[str, JsonValue], alert_time: datetime) -> bool:
    silent_since = moment_of(row.get("silent_since"))
    if row.get("host_seen_elsewhere") is not True or silent_since is None:
        return False
    return -SILENCED_BEFORE <= silent_since - alert_time <= SILENCED_AFTER


def _silence(claim: Claim, sensor: str, hypotheses: Sequence[Hypothesis]) -> Finding:
    weights = {h.id: _SILENCE_WEIGHT if h.kind == "malicious" else -_SILENCE_WEIGHT / 2 for h in hypotheses}
    return Finding(
        claim=claim.id,
        question="coverage",
        reading=f"silenced_{sensor}",
        weights=weights,
        provenance=Provenance.SENSOR,
        sensors=(sensor,),
        techniques=(SILENCED_TECHNIQUE,),
    )
