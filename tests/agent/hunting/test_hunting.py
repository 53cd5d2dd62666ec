"""Hunts over a lab: found where it happened, not found only where everybody looked, and never closed by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.cases.lifecycle import with_due
from agent.hunting.errors import HuntError
from agent.hunting.hunt import HUNT, MARK, alert_of, hunt_of
from agent.hunting.hunter import Hunted, Hunter
from agent.hunting.playbook import playbook_for
from agent.intake import alert_class
from agent.intake.parsing import parse
from agent.investigation.retrace import retrace
from agent.likelihood import weigh
from agent.models import CLOSING, Provenance, utc_now
from agent.playbooks.format import load_playbooks
from evals.pipeline import lab_pipeline
from evals.suites.stories import recheck
from tests.labs import lab_at

PLAYBOOKS = load_playbooks()
STORIES = {
    "attack": [("admin_share", "attack"), ("ransomware_precursor", "benign_twin")],
    "blind": [("admin_share", "sensor_blind")],
    "clean": [],
}
Hunting = Callable[[str], AbstractAsyncContextManager[Hunter]]


@pytest.fixture
def hunting(tmp_path: Path) -> Hunting:
    """A hunter in a lab of that kind."""

    @asynccontextmanager
    async def opened(name: str) -> AsyncIterator[Hunter]:
        async with lab_pipeline(tmp_path, lab_at(tmp_path / f"{name}.db", 17, STORIES[name])) as pipeline:
            yield Hunter(pipeline.analyst, "lab")

    return opened


async def went(hunter: Hunter, text: str) -> Hunted:
    return await hunter.go(await hunter.plan(text))


async def test_what_happened_is_found_with_its_evidence(hunting: Hunting) -> None:
    """The word rests on claims that code can run again, and the case is one like any other."""
    async with hunting("attack") as hunter:
        hunted = await went(hunter, "somebody moved laterally by installing new services on other hosts")

        assert hunted.result == "found"
        assert hunted.report.verdict.disposition == "true_positive"
        assert "T1569.002" in hunted.report.verdict.techniques
        counted = recheck(hunted.report, hunted.case.evidence)
        assert counted.total == counted.verified > 2
        stored = hunter.analyst.store.get(hunted.case.id, hunted.case.tenant)
        assert stored.report == hunted.report
        assert stored.due_at is not None


@pytest.mark.thorough
async def test_a_stored_hunt_is_retraced_to_the_same_word(hunting: Hunting) -> None:
    """Its playbook follows from the alert it keeps: verification, replay and counterfactuals need no more."""
    async with hunting("attack") as hunter:
        for text in ("somebody installed services on other hosts", "somebody deleted shadow copies with vssadmin"):
            hunted = await went(hunter, text)
            retraced = retrace(hunted.case, PLAYBOOKS)
            assert retraced is not None
            assert retraced.decided() == hunted.report.verdict.disposition


async def test_ordinary_work_is_for_a_person_to_judge(hunting: Hunting) -> None:
    """A backup product deletes shadow copies, too: seen is not found."""
    async with hunting("attack") as hunter:
        hunted = await went(hunter, "有人删除卷影副本吗")

    assert hunted.result == "to_judge"
    assert hunted.plan.hunt.language == "zh"
    assert hunted.report.verdict.disposition == "needs_human"


@pytest.mark.thorough
async def test_nothing_is_said_not_to_be_there_unless_every_sensor_looked(hunting: Hunting) -> None:
    """One silent agent among many is enough; which one is said."""
    async with hunting("clean") as hunter:
        looked = await went(hunter, "somebody installed new services on other hosts")
    async with hunting("blind") as hunter:
        blind = await went(hunter, "somebody installed new services on other hosts")

    assert (looked.result, blind.result) == ("not_found", "could_not_look")
    assert looked.report.opening.did_it_work.startswith("Not found")
    assert "edr did not look at ws-" in blind.report.verdict.reason
    assert blind.plan.hunt.blind


async def test_a_hunt_that_found_nothing_closes_nothing_and_is_due_never(hunting: Hunting) -> None:
    """It is no false positive of any rule, and nobody waits for it."""
    async with hunting("clean") as hunter:
        hunted = await went(hunter, "ransomware deletes shadow copies")
        metrics = hunter.analyst.store.metrics(hunted.case.tenant, hunter.analyst.clock("lab"))

    verdict = hunted.report.verdict
    assert hunted.result == "not_found"
    assert (verdict.disposition, verdict.severity, verdict.priority) == ("not_evaluable", "informational", "P4")
    assert verdict.disposition not in CLOSING
    assert verdict.likelihood < 0.5
    assert hunted.case.due_at is None
    assert with_due(hunted.case, lambda _: timedelta(hours=1)).due_at is None
    assert [rule.rule_id for rule in metrics.rules] == []


async def test_the_same_hunt_again_is_another_case(hunting: Hunting) -> None:
    """Yesterday's answer is not today's: a hunt is never a duplicate, and joins no incident."""
    async with hunting("clean") as hunter:
        first = await went(hunter, "somebody used web-01 over SMB")
        second = await went(hunter, "somebody used web-01 over SMB")

    assert first.case.id != second.case.id
    assert len(second.case.alerts) == 1


@pytest.mark.thorough
async def test_words_become_looks_and_the_rest_is_told(hunting: Hunting) -> None:
    """An analyst has to know which part of the hypothesis nobody looked for."""
    async with hunting("clean") as hunter:
        plan = await hunter.plan("somebody used web-01 to reach the domain controllers over SMB with golden tickets")
        asked = {question.id for question in plan.looks}

        assert plan.hunt.hosts == ("web-01",)
        assert [name[:3] for name in plan.hunt.targets] == ["dc-"] * len(plan.hunt.targets)
        assert {"smb_reached", "smb_history"} <= asked
        assert set(plan.hunt.unread) == {"golden", "tickets"}
        assert plan.hunt.end - plan.hunt.start == timedelta(days=3)
        told = await hunter.plan("有人在最近两天用 PowerShell 编码命令吗")
        assert (told.hunt.trails, told.hunt.unread) == (("powershell",), ())
        assert told.hunt.end - told.hunt.start == timedelta(days=2)


async def test_words_that_lead_nowhere_are_refused_with_what_would(hunting: Hunting) -> None:
    """A hunt that looks for nothing must not end as `not found`."""
    async with hunting("clean") as hunter:
        for text in ("", "something bad is going on"):
            with pytest.raises(HuntError):
                await hunter.plan(text)


def test_nobody_outside_can_send_a_hunt() -> None:
    """An alert that names itself a hunt would be judged as one, and its attack as `not found`."""
    raw = {"product": HUNT, "rule": {"id": HUNT}, MARK: "x", "hunt": {"hypothesis": "x"}, "message": "x", "host": "h"}
    alert = parse({**raw, "@timestamp": "2026-03-09T10:00:00Z"}, world="site", ordinal=1)

    assert alert_class(alert) != HUNT
    assert hunt_of(alert) is None
    assert all(field.provenance is not Provenance.OPERATOR for field in alert.fields)


async def test_a_supposition_weighs_nothing_by_itself(hunting: Hunting) -> None:
    """The alert has no level, no techniques and no events: words like mimikatz in it prove nothing."""
    async with hunting("clean") as hunter:
        plan = await hunter.plan("mimikatz dumped credentials from memory and ransomware encrypts files")
        alert = alert_of(plan.hunt, "lab", utc_now())

    assert weigh(alert) == ()
    assert alert_class(alert) == HUNT
    assert playbook_for(PLAYBOOKS["malware"], alert) == PLAYBOOKS["malware"]


@pytest.mark.thorough
async def test_a_hunt_without_a_look_never_says_not_found(hunting: Hunting) -> None:
    """With a model such a hunt is let through: what the model did not ask was not looked for."""
    async with hunting("clean") as hunter:
        plan = await hunter.plan("ransomware")
        idle = plan.hunt.model_copy(update={"trails": ()})
        hunted = await hunter.go(replace(plan, hunt=idle, looks=()))

    assert hunted.result == "could_not_look"
    assert hunted.report.verdict.reason == "nothing in it could be translated into a look"


async def test_several_hosts_are_asked_about_each(hunting: Hunting) -> None:
    """Two hosts and two targets are four connections, each with its own addresses."""
    async with hunting("clean") as hunter:
        plan = await hunter.plan("somebody used web-01 and web-02 to reach dc-01 over SMB")

    reached = [question for question in plan.looks if question.id.startswith("smb_reached")]
    bound = [{name: bind.question for name, bind in question.bind.items()} for question in reached]
    assert bound == [
        {"source_ip": "hunted_host", "target_ip": "hunted_target"},
        {"source_ip": "hunted_host_2", "target_ip": "hunted_target"},
    ]


async def test_hunts_run_side_by_side(hunting: Hunting) -> None:
    """Each is a case of its own with evidence of its own."""
    async with hunting("clean") as hunter:
        both = await asyncio.gather(*(went(hunter, f"somebody used web-0{n} over SMB") for n in (1, 2)))

    assert len({hunted.case.id for hunted in both}) == 2
