"""A stored case run again: the same evidence gives the same case, and what was never asked stays unanswered."""

from dataclasses import replace

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Assessment, CaseView, Plan
from agent.models import Case, Decision, Report
from agent.playbooks.format import load_playbooks
from agent.replay.brains import brain_named
from agent.replay.difference import difference
from agent.replay.door import NOT_STORED, StoredDoor
from agent.replay.errors import BrainUnknownError, NoDecisionsError, NotReplayableError
from agent.replay.recorded import RecordedBrain
from agent.replay.replay import replay
from agent.replay.stored import open_stored
from agent.settings import Settings
from tests.agent.replay.conftest import Find

PLAYBOOKS = load_playbooks()
TAKEN = {"seconds", "usage", "decisions"}
"""What another run may take otherwise."""


def gist(report: Report) -> object:
    return report.model_dump(exclude=TAKEN)


async def test_every_case_comes_to_the_same_report_on_its_stored_evidence(lab_cases: tuple[Case, ...]) -> None:
    """A difference that a replay shows has to come from the brain, never from replaying."""
    for case in lab_cases:
        stored = open_stored(case)

        again = await replay(stored, PlaybookBrain(), PLAYBOOKS)

        assert gist(again.report) == gist(stored.ended)
        assert again.unanswered == ()


async def test_recorded_decisions_lead_to_the_same_decisions_again(lab_cases: tuple[Case, ...]) -> None:
    """Who plays a case back sees what was decided, not what would be decided today."""
    for case in lab_cases:
        stored = open_stored(case)

        again = await replay(stored, RecordedBrain.of(stored), PLAYBOOKS)

        assert gist(again.report) == gist(stored.ended)
        assert [item.answer for item in again.report.decisions] == [item.answer for item in stored.decisions]


async def test_recorded_model_is_named_and_its_cost_stays_on_its_decisions(ended: Find) -> None:
    """A replay asks no model, and does not pass the embedded brain off as one."""
    stored = ended("true_positive")
    usage = {"calls": 1, "input_tokens": 700, "output_tokens": 50}
    taken = tuple(
        Decision.model_validate({**item.model_dump(), "by": "model:x", "prompt": "plan 1", "usage": usage})
        for item in stored.decisions
    )

    again = await replay(stored, RecordedBrain(taken, "model:x"), PLAYBOOKS)

    assert {item.by for item in again.report.decisions} == {"model:x"}
    assert again.report.usage.input_tokens == 700 * len(taken)


async def test_decision_too_many_is_the_embedded_brains_and_marked(ended: Find) -> None:
    """A recording that is shorter than the case must not end it."""
    stored = ended("true_positive")
    plans = tuple(item for item in stored.decisions if item.step == "plan")

    again = await replay(stored, RecordedBrain(plans, "model:x"), PLAYBOOKS)

    assert again.report.verdict.disposition == "true_positive"
    assert [bool(item.fell_back) for item in again.report.decisions][:2] == [False, True]


async def test_question_nobody_asked_then_is_refused_and_told(ended: Find) -> None:
    """That nobody knows is not that nothing was found, and no server may be asked instead."""
    stored = ended("false_positive")
    door = StoredDoor(stored.answers, stored.subject)

    known = await door.read_many([(f"{i.server}__{i.tool}", i.arguments) for i in stored.answers])
    fresh = await door.read_many([("siem__siem_search_events", {"filters": {"host.name": "elsewhere"}})])

    assert [item.id for item in known] == [item.id for item in stored.answers]
    assert (fresh[0].status, fresh[0].error, fresh[0].data) == ("refused", NOT_STORED, None)
    assert door.unanswered == (fresh[0],)
    assert fresh[0].id not in {item.id for item in stored.answers}


async def test_missing_answer_keeps_a_harmless_case_open(ended: Find) -> None:
    """A replay that lacks a required look must not repeat the closing it had with it."""
    stored = ended("false_positive")
    required = next(item for item in stored.answers if item.tool == "siem_check_coverage")
    rest = tuple(item for item in stored.answers if item is not required)

    again = await replay(replace(stored, answers=rest), PlaybookBrain(), PLAYBOOKS)

    assert again.report.verdict.disposition == "needs_human"
    assert [item.tool for item in again.unanswered] == ["siem_check_coverage"]


class Incurious(PlaybookBrain):
    """Asks nothing it does not have to and finds everything harmless."""

    name = "incurious"

    async def plan(self, view: CaseView) -> Plan:
        return Plan(order=())

    async def assess(self, view: CaseView, fresh: object) -> Assessment:
        return Assessment()


async def test_difference_names_questions_decisions_and_findings(lab_cases: tuple[Case, ...]) -> None:
    """Whoever changes the brain wants to know what it no longer looks at."""
    gone: set[str] = set()
    for case in lab_cases:
        stored = open_stored(case)
        found = difference(stored, await replay(stored, Incurious(), PLAYBOOKS), PLAYBOOKS)
        assert (found.before.brain, found.after.brain) == ("playbook", "incurious")
        assert (found.questions_new, found.unanswered) == ((), ())
        assert "plan 1" in {item.what for item in found.decisions}
        gone |= set(found.questions_gone)

    assert "runbook" in gone
    assert not gone & {"coverage", "work", "asset", "account"}


async def test_playbook_that_changed_since_is_told_and_questions_keep_their_names(ended: Find) -> None:
    """A verdict that changed with the playbook is not the brain's doing."""
    stored = ended("true_positive")
    newer = {name: item.model_copy(update={"version": item.version + 1}) for name, item in PLAYBOOKS.items()}

    found = difference(stored, await replay(stored, PlaybookBrain(), newer), newer)

    assert found.playbook is not None
    assert (found.playbook.before, found.playbook.after) != (found.playbook.after, found.playbook.before)
    assert (found.questions_gone, found.questions_new) == ((), ())


async def test_equal_runs_show_no_difference(ended: Find) -> None:
    """A difference that is always there is none."""
    stored = ended("benign_true_positive")

    found = difference(stored, await replay(stored, PlaybookBrain(), PLAYBOOKS), PLAYBOOKS)

    assert found.same_verdict
    assert (found.verdict, found.decisions, found.findings_gone, found.findings_new) == ((), (), (), ())
    assert (found.questions_gone, found.questions_new, found.unanswered) == ((), (), ())


def test_case_without_report_or_decisions_says_so(lab_cases: tuple[Case, ...], ended: Find) -> None:
    """An old case has nothing to play back, which is not the same as deciding nothing."""
    with pytest.raises(NotReplayableError, match="no report"):
        open_stored(lab_cases[0].model_copy(update={"report": None}))
    stored = ended("true_positive")
    with pytest.raises(NoDecisionsError, match="keeps no decisions"):
        RecordedBrain.of(replace(stored, decisions=()))


def test_brain_nobody_knows_is_refused_with_the_names_there_are() -> None:
    """A typing error must not run the wrong brain."""
    with pytest.raises(BrainUnknownError, match="playbook, recorded, model"):
        brain_named("playbok", Settings())
    with pytest.raises(BrainUnknownError):
        brain_named("model:", Settings())
