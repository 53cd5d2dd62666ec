"""A real alert whose every name exists in the lab brings nothing of the lab into its case."""

from pathlib import Path

from agent.intake import parse
from agent.models import CLOSING, Evidence, JsonObject
from evals.pipeline import lab_pipeline


def wazuh(host: str, user: str, address: str) -> JsonObject:
    """A real alert in another product's form."""
    return {
        "timestamp": "2026-03-02T10:00:00.000+0000",
        "id": "1700000000.1",
        "rule": {"id": "60122", "level": 5, "description": "Logon failure", "groups": ["authentication_failed"]},
        "agent": {"id": "003", "name": host, "ip": address},
        "manager": {"name": "wazuh"},
        "decoder": {"name": "windows_eventchannel"},
        "data": {"win": {"eventdata": {"targetUserName": user, "ipAddress": address, "logonType": "3"}}},
        "location": "EventChannel",
    }


def simulated(evidence: tuple[Evidence, ...]) -> list[str]:
    """Answers that say anything and come from the lab; E0 is the alert as it was handed in."""
    answers = [item for item in evidence if item.id != "E0"]
    return [item.id for item in answers if item.synthetic or (item.backend == "embedded" and item.data is not None)]


async def test_site_case_has_no_evidence_of_the_lab(lab: Path, tmp_path: Path) -> None:
    """Simulated telemetry about a real host would be a lie that looks like proof."""
    async with lab_pipeline(tmp_path, lab) as pipeline:
        raw = (await pipeline.new_alerts())[0]
        known = parse(raw, world="lab", ordinal=1)
        host, user = known.text("host.name") or "ws-1", known.text("user.name") or "kim"
        alert = parse(wazuh(host, user, known.text("source.ip") or "10.0.0.9"), world="site", ordinal=1)

        handled = await pipeline.analyst.handle(alert)

    report = handled.case.report
    assert report is not None
    assert simulated(handled.case.evidence) == []
    assert handled.case.tenant != "lab"
    assert report.verdict.disposition not in CLOSING
    assert report.verdict.basis == "alert_only"


async def test_lab_case_stays_out_of_the_site(lab: Path, tmp_path: Path) -> None:
    """The same names in both worlds must not make one incident of them."""
    async with lab_pipeline(tmp_path, lab) as pipeline:
        raw = (await pipeline.new_alerts())[0]
        first = await pipeline.analyst.handle(parse(raw, world="lab", ordinal=1))
        second = await pipeline.analyst.handle(parse(raw, world="site", ordinal=1))

    assert first.case.id != second.case.id
    assert first.case.tenant != second.case.tenant
    assert second.duplicate_of is None
    assert simulated(second.case.evidence) == []
