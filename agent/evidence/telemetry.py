"""The telemetry contract: which sensors had to see the event's hour, which did, and which fell silent around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from agent.models import Alert, Claim, Equals, Evidence, Finding, Gap, Hypothesis, Provenance, Ref
from agent.playbooks.format import Sensor

SILENCED_BEFORE, SILENCED_AFTER = timedelta(minutes=45), timedelta(minutes=60)
"""A sensor that stops this close to the alert, while its host is still seen elsewhere, was probably stopped."""
SILENCED_TECHNIQUE = "T1562.001"
_SILENCE_WEIGHT = 1.5


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
    rows = _rows(answer)
    claims: list[Claim] = []
    findings: list[Finding] = []
    gaps: list[Gap] = []
    silenced: list[str] = []
    for sensor in contract:
        index, row = rows.get(sensor.sensor, (-1, {}))
        if answer is None or not row:
            gaps.append(Gap(sensor=sensor.sensor, reason=_why_unknown(answer), required=True))
            continue
        claim = _claim(answer, index, sensor.sensor, covered=row.get("covered") is True)
        claims.append(claim)
        if row.get("covered") is True:
            continue
        gaps.append(Gap(sensor=sensor.sensor, reason=f"state {row.get('state')}", required=True))
        if _fell_silent(row, alert.time):
            silenced.append(sensor.sensor)
            findings.append(_silence(claim, sensor.sensor, hypotheses))
    return Coverage(tuple(claims), tuple(findings), tuple(gaps), tuple(silenced))


def blind_sensors(sensors: Iterable[str], answer: Evidence | None) -> frozenset[str]:
    """Those sensors that are not known to have covered the event."""
    rows = _rows(answer)
    return frozenset(sensor for sensor in sensors if rows.get(sensor, (0, {}))[1].get("covered") is not True)


def _rows(answer: Evidence | None) -> dict[str, tuple[int, dict[str, JsonValue]]]:
    if answer is None or answer.status != "success" or not isinstance(answer.data, dict):
        return {}
    listed = answer.data.get("coverage")
    if not isinstance(listed, list):
        return {}
    return {str(row.get("sensor")): (index, row) for index, row in enumerate(listed) if isinstance(row, dict)}


def _why_unknown(answer: Evidence | None) -> str:
    if answer is None:
        return "nobody was asked"
    return answer.error or f"coverage could not be asked ({answer.status})"


def _claim(answer: Evidence, index: int, sensor: str, *, covered: bool) -> Claim:
    path = f"$.coverage[{index}]"
    slots = {
        "sensor": Ref(evidence=answer.id, path=f"{path}.sensor"),
        "state": Ref(evidence=answer.id, path=f"{path}.state"),
    }
    sentence = (
        "{sensor} covered the hour around the event." if covered else "{sensor} did not cover the event: {state}."
    )
    return Equals(
        id=f"coverage.{sensor}",
        template=sentence,
        slots=slots,
        ref=Ref(evidence=answer.id, path=f"{path}.covered"),
        value=covered,
    )


def _fell_silent(row: dict[str, JsonValue], alert_time: datetime) -> bool:
    since = row.get("silent_since")
    if row.get("host_seen_elsewhere") is not True or not isinstance(since, str):
        return False
    silent_since = datetime.fromisoformat(since)
    return alert_time - SILENCED_BEFORE <= silent_since <= alert_time + SILENCED_AFTER


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
