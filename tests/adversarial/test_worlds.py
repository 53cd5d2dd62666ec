"""A real alert whose every name exists in the lab brings nothing of the lab into its case."""

import json
from pathlib import Path

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.evidence.ledger import Ledger
from agent.intake import alert_class, parse
from agent.investigation.graph import investigate
from agent.investigation.state import Deps
from agent.models import CLOSING, Evidence, JsonObject, Report, utc_now
from agent.playbooks.format import load_playbooks
from agent.settings import Settings
from evals.pipeline import connected, lab_pipeline
from servers.bundle import bundled
from servers.settings import Settings as ServerSettings


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


SHADOWS: JsonObject = {
    "kibana.alert.uuid": "site-1",
    "@timestamp": "2026-03-02T10:00:00.000Z",
    "kibana.alert.rule.name": "Shadow copies deleted",
    "kibana.alert.rule.uuid": "rule-1",
    "kibana.alert.severity": "high",
    "threat.technique.id": ["T1490"],
    "event.category": "process",
    "host.name": "srv-backup-1",
    "user.name": "svc-backup",
    "process.executable": "C:\\Windows\\System32\\vssadmin.exe",
    "process.command_line": "vssadmin.exe delete shadows /all /quiet",
}
"""A site's alert whose own content proves the capability."""
MAINTENANCE: JsonObject = {
    "id": "AW-0001",
    "kind": "change",
    "title": "Backup store maintenance",
    "approver": "A. Head",
    "approved_at": "2026-03-01T09:00:00Z",
    "window_start": "2026-03-02T08:00:00Z",
    "window_end": "2026-03-02T12:00:00Z",
    "hosts": ["SRV-BACKUP-1.corp.example"],
    "accounts": ["CORP\\svc-backup"],
    "techniques": ["T1490"],
}


async def judged_at_site(home: Path, *register: JsonObject) -> tuple[Report, tuple[Evidence, ...]]:
    """The alert judged where nothing but this register can be asked, and what was asked."""
    (home / "authorisations.json").write_text(json.dumps(register))
    servers = bundled(None, home / "knowledge", ServerSettings(home=home))
    alert, ledger, brain = parse(SHADOWS, world="site", ordinal=1), Ledger(), PlaybookBrain()
    subject = ledger.from_alert(alert)
    async with connected(servers, utc_now, Settings(home=home)) as host:
        door = host.read_door(world="site", clock=utc_now, ledger=ledger)
        deps = Deps(alert.alert_id, brain, brain, door, load_playbooks(), utc_now, subject)
        report = await investigate(alert, alert_class(alert), deps)
    return report, ledger.evidence


async def test_register_of_a_site_is_shown_and_closes_nothing(tmp_path: Path) -> None:
    """The operator's word lowers the likelihood; that nothing else happened only a sensor could tell."""
    before, _ = await judged_at_site(tmp_path)
    after, evidence = await judged_at_site(tmp_path, MAINTENANCE)

    register = next(item for item in evidence if item.tool == "assets_list_authorised_work")
    held = {finding.claim for finding in after.findings if finding.reading == "authorised_by_AW-0001"}
    shown = [claim.text for claim in after.claims if claim.id in held and claim.status == "verified"]
    assert (before.verdict.disposition, before.verdict.basis) == ("true_positive", "alert_only")
    assert (after.verdict.disposition, after.verdict.basis) == ("needs_human", "alert_only")
    assert after.verdict.likelihood < before.verdict.likelihood
    assert after.verdict.authorisation is None
    assert (register.status, register.backend, register.synthetic) == ("success", "real", False)
    assert any("svc-backup" in text for text in shown)
    assert simulated(evidence) == []


@pytest.mark.parametrize(
    "change",
    [{"accounts": ["svc-print"]}, {"hosts": ["srv-files-1"]}, {"techniques": ["T1489"]}, {"revoked": True}],
)
async def test_near_miss_in_the_register_of_a_site_changes_no_verdict(tmp_path: Path, change: JsonObject) -> None:
    """Work beside the alert authorises nothing of it."""
    before, _ = await judged_at_site(tmp_path)
    after, _ = await judged_at_site(tmp_path, {**MAINTENANCE, **change})

    assert after.verdict.disposition == before.verdict.disposition == "true_positive"
    assert after.verdict.likelihood == before.verdict.likelihood
