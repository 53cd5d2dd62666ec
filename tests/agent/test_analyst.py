"""The way of an alert into its case: counted, joined, reopened, linked or opened, and everything is audited."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.analyst import Analyst
from agent.brain.playbook import PlaybookBrain
from agent.cases import CaseStore
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.intake import parse
from agent.models import Alert, HumanVerdict, JsonObject, World
from agent.playbooks.format import load_playbooks
from agent.settings import Settings
from knowledge.trust.audit import AuditLog

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def analyst(tmp_path: Path) -> AsyncIterator[Analyst]:
    """An analyst of a site without any server."""
    settings = Settings(home=tmp_path)
    with closing(AuditLog(settings.audit_path)) as audit:
        store = CaseStore(settings.cases_url)
        async with Host([], settings=settings, pins=PinStore()) as host:
            yield Analyst(host, store, PlaybookBrain(), load_playbooks(), audit, settings, lambda _: NOW)
        store.dispose()


def alert(number: int, minutes: float = 0, world: World = "site", **fields: str) -> Alert:
    """A failed sign-in seen by some product; `__` in a keyword stands for a dot."""
    raw: JsonObject = {
        "id": f"a-{number}",
        "timestamp": (NOW + timedelta(minutes=minutes)).isoformat(),
        "title": "Sign-in failed",
        "rule": {"id": "r-1", "name": "Sign-in failed"},
        **{name.replace("__", "."): value for name, value in fields.items()},
    }
    return parse(raw, world=world, ordinal=number, format="generic")


async def test_alert_of_its_own_opens_a_case(analyst: Analyst) -> None:
    """The case carries the alert, its evidence and a verdict with its basis."""
    handled = await analyst.handle(alert(1, source__ip="198.51.100.7", host__name="vpn-1"))
    case = handled.case
    assert (len(case.alerts), case.status, case.tenant) == (1, "open", "default")
    assert case.evidence[0].id == "E0"
    assert case.report is not None
    assert case.report.verdict.basis == "alert_only"
    assert case.report.verdict.disposition in ("needs_human", "true_positive")


async def test_same_alert_again_is_counted_and_not_investigated_again(analyst: Analyst) -> None:
    """A thousand repeats are one case."""
    first = await analyst.handle(alert(1, source__ip="198.51.100.7", host__name="vpn-1"))
    again = await analyst.handle(alert(2, 5, source__ip="198.51.100.7", host__name="vpn-1"))
    assert again.duplicate_of == "a-1"
    assert again.case.id == first.case.id
    assert again.report is None
    assert list(again.case.duplicates.values()) == [1]


async def test_alert_of_the_same_source_joins_the_open_case(analyst: Analyst) -> None:
    """What one source does within half an hour is one incident, and its evidence stays apart by id."""
    first = await analyst.handle(alert(1, source__ip="198.51.100.7", host__name="vpn-1"))
    joined = await analyst.handle(alert(2, 10, source__ip="198.51.100.7", host__name="web-1"))
    assert joined.case.id == first.case.id
    assert len(joined.case.alerts) == 2
    ids = [item.id for item in joined.case.evidence]
    assert len(ids) == len(set(ids))
    assert [item.server for item in joined.case.evidence].count("intake") == 2


async def test_same_user_elsewhere_is_a_case_of_its_own(analyst: Analyst) -> None:
    """A user name alone ties nothing: attackers choose it."""
    first = await analyst.handle(alert(1, source__ip="198.51.100.7", host__name="vpn-1", user__name="kim"))
    other = await analyst.handle(alert(2, 1, source__ip="203.0.113.9", host__name="web-1", user__name="kim"))
    assert other.case.id != first.case.id


async def test_alert_for_a_closed_case_reopens_it(analyst: Analyst) -> None:
    """Closing is not a way to silence what comes next."""
    first = await analyst.handle(alert(1, source__ip="198.51.100.7", host__name="vpn-1"))
    verdict = HumanVerdict(at=NOW, author="kim", disposition="false_positive", reason_code="rule_logic")
    analyst.store.close(first.case.id, verdict)
    again = await analyst.handle(alert(2, 20, source__ip="198.51.100.7", host__name="web-1"))
    assert again.case.id == first.case.id
    assert again.case.status == "open"
    assert "a-2" in again.case.notes[-1].text


async def test_late_alert_for_a_closed_case_opens_a_linked_one(analyst: Analyst) -> None:
    """After a day it is a new incident that knows the old one."""
    process = {"process__entity_id": "{11111111-2222-3333-4444-555555555555}", "host__name": "ws-1"}
    first = await analyst.handle(alert(1, **process))
    verdict = HumanVerdict(at=NOW, author="kim", disposition="false_positive", reason_code="rule_logic")
    analyst.store.close(first.case.id, verdict)
    late = await analyst.handle(alert(2, 60 * 25, file__name="a.exe", **process))
    assert late.case.id != first.case.id
    assert late.case.linked == (first.case.id,)


async def test_lab_and_site_never_share_a_case(analyst: Analyst) -> None:
    """The same words in another world are another case of another tenant."""
    site = await analyst.handle(alert(1, source__ip="198.51.100.7", host__name="vpn-1"))
    lab = await analyst.handle(alert(1, world="lab", source__ip="198.51.100.7", host__name="vpn-1"))
    assert lab.duplicate_of is None
    assert lab.case.id != site.case.id
    assert (site.case.tenant, lab.case.tenant) == ("default", "lab")


async def test_every_alert_leaves_a_line_in_the_audit_chain(analyst: Analyst) -> None:
    """Who decided what, when, cannot be quietly edited."""
    await analyst.handle(alert(1, source__ip="198.51.100.7", host__name="vpn-1"))
    await analyst.handle(alert(2, 5, source__ip="198.51.100.7", host__name="vpn-1"))
    events = [entry.event for entry in analyst.audit.entries("default")]
    assert events == ["case.investigated", "alert.duplicate"]
    assert analyst.audit.verify("default").ok
