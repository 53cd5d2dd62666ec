"""One more alert in a case never makes it look milder, and a repeat of something harmless is not always harmless."""

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.analyst import ATTEMPTS, REPEAT_WITHIN, Analyst, worst
from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import CaseView, Plan
from agent.cases import CaseStore
from agent.cases.errors import CaseConflictError
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.intake import parse
from agent.models import Alert, Disposition, JsonObject, Priority, Report, Severity
from agent.playbooks.format import load_playbooks
from agent.settings import Settings
from knowledge.trust.audit import AuditLog

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def analyst(tmp_path: Path) -> AsyncIterator[Analyst]:
    """An analyst of a site without any server."""
    settings = Settings(home=tmp_path)
    with closing(AuditLog(settings.audit_path)) as audit:
        store = CaseStore(settings.cases_url)
        async with Host([], settings=settings, pins=PinStore()) as host:
            yield Analyst(host, store, PlaybookBrain(), load_playbooks(), audit, settings, lambda _: NOON)
        store.dispose()


def alert(number: int, minutes: float = 0, host: str = "vpn-1") -> Alert:
    """A failed sign-in from one source."""
    raw: JsonObject = {
        "id": f"a-{number}",
        "timestamp": (NOON + timedelta(minutes=minutes)).isoformat(),
        "rule": {"id": "r-1", "name": "Sign-in failed"},
        "source.ip": "198.51.100.7",
        "host.name": host,
    }
    return parse(raw, world="site", ordinal=number, format="generic")


async def report(
    analyst: Analyst, disposition: Disposition, severity: Severity, priority: Priority, likelihood: float = 0.5
) -> Report:
    """A report with that verdict."""
    handled = await analyst.handle(alert(99, -600, "other"))
    found = handled.case.report
    assert found is not None
    told = {"disposition": disposition, "severity": severity, "priority": priority, "likelihood": likelihood}
    return found.model_copy(update={"verdict": found.verdict.model_copy(update=told)})


async def test_milder_alert_of_the_same_disposition_replaces_no_report(analyst: Analyst) -> None:
    """A noisy small alert must not take a case out of the first place."""
    grave = await report(analyst, "true_positive", "critical", "P1", 0.99)
    mild = await report(analyst, "true_positive", "low", "P4", 0.6)
    assert worst(grave, mild) == grave == worst(mild, grave)


async def test_graver_disposition_keeps_the_urgency_of_the_case(analyst: Analyst) -> None:
    """What is proved is shown; what was urgent stays urgent."""
    urgent = await report(analyst, "needs_human", "critical", "P1")
    proved = await report(analyst, "true_positive", "low", "P4")
    for first, second in ((urgent, proved), (proved, urgent)):
        verdict = worst(first, second).verdict
        assert (verdict.disposition, verdict.severity, verdict.priority) == ("true_positive", "critical", "P1")


async def found_harmless(analyst: Analyst, number: int, minutes: float = 0) -> str:
    """A case that the machine found harmless, not closed by anybody."""
    case = (await analyst.handle(alert(number, minutes))).case
    assert case.report is not None
    harmless = case.report.verdict.model_copy(update={"disposition": "benign_true_positive"})
    analyst.store.save(case.model_copy(update={"report": case.report.model_copy(update={"verdict": harmless})}))
    return case.id


async def test_repeat_of_something_harmless_at_another_time_is_investigated(analyst: Analyst) -> None:
    """The penetration test is over; the same alert an hour later is not the penetration test."""
    case_id = await found_harmless(analyst, 1)
    later = await analyst.handle(alert(2, REPEAT_WITHIN.total_seconds() / 60 + 1))
    assert (later.duplicate_of, later.case.id) == (None, case_id)
    assert later.report is not None
    assert later.case.report is not None
    assert later.case.report.verdict.disposition == "needs_human"
    assert [item.alert_id for item in later.case.alerts] == ["a-1", "a-2"]


async def test_repeat_of_something_harmless_at_the_same_time_is_counted(analyst: Analyst) -> None:
    """A product that sends everything twice costs nothing twice."""
    await found_harmless(analyst, 1)
    again = await analyst.handle(alert(2, REPEAT_WITHIN.total_seconds() / 60))
    assert (again.duplicate_of, again.report) == ("a-1", None)


class Meddler(PlaybookBrain):
    """A brain during whose planning somebody writes a note into the open case, so many times."""

    def __init__(self, store: CaseStore, case_id: str, times: int) -> None:
        self.store, self.case_id, self.times = store, case_id, times

    async def plan(self, view: CaseView) -> Plan:
        """Plan as ever, after the note."""
        if self.times:
            self.times -= 1
            self.store.add_note(self.case_id, "kim", "looking at it", NOON)
        return await super().plan(view)


async def test_note_written_during_an_investigation_loses_neither(analyst: Analyst) -> None:
    """An alert is not lost because a person was quicker, and neither is what the person wrote."""
    first = await analyst.handle(alert(1))
    busy = replace(analyst, brain=Meddler(analyst.store, first.case.id, ATTEMPTS - 1))
    joined = await busy.handle(alert(2, 5, "web-1"))
    assert len(joined.case.alerts) == 2
    assert len(joined.case.notes) == ATTEMPTS - 1


async def test_case_that_changes_every_time_is_a_clear_error(analyst: Analyst) -> None:
    """It never goes on for ever, and never in silence."""
    first = await analyst.handle(alert(1))
    busy = replace(analyst, brain=Meddler(analyst.store, first.case.id, ATTEMPTS))
    with pytest.raises(CaseConflictError):
        await busy.handle(alert(2, 5, "web-1"))
