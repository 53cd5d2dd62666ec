"""What is kept of decisions: who took them, what they cost, what was cut, and where a model and the evidence differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import (
    Assessment,
    Bearing,
    CaseView,
    Challenge,
    Choice,
    Conclusion,
    Plan,
    Taken,
    Weighed,
)
from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.errors import AgentError
from agent.evidence.ledger import Ledger
from agent.evidence.verification import sign_export, verify_export
from agent.investigation.graph import investigate
from agent.investigation.retrace import retrace
from agent.investigation.state import Deps
from agent.investigation.steps.asking import spent_s
from agent.models import Case, Decision, Disagreement, Disposition, Evidence, Report, Usage, utc_now
from agent.testing import ScriptedBrain
from knowledge.trust.keys import SigningKey
from tests.agent.investigation.test_graph import NOON, PLAYBOOKS, TAKEOVER, Answers, run, spray

FORMS: dict[str, type[Choice]] = {
    "plan": Plan,
    "assess": Assessment,
    "challenge": Challenge,
    "conclude": Conclusion,
}
SPOKEN = Taken(
    by="model:small",
    prompt="decide@1",
    messages=({"role": "user", "content": "what is it?"},),
    problems=("claim C9 struck: there is none",),
    cut=("the answer to E4 was cut",),
    usage=Usage(calls=1, input_tokens=900, output_tokens=100, seconds=2.0, money=0.001),
)


@dataclass
class Spoken(PlaybookBrain):
    """The embedded brain, dressed as a model: every decision says how it was taken."""

    name: str = "model:small"
    weighed: tuple[Weighed, ...] = ()
    says: Disposition | None = None
    second: Disposition | None = None

    async def plan(self, view: CaseView) -> Plan:
        """As the embedded one."""
        return (await super().plan(view)).model_copy(update={"taken": SPOKEN})

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """As the embedded one, with a matrix."""
        found = await super().assess(view, fresh)
        return found.model_copy(update={"taken": SPOKEN, "weighed": self.weighed})

    async def challenge(self, view: CaseView) -> Challenge:
        """As the embedded one."""
        return (await super().challenge(view)).model_copy(update={"taken": SPOKEN})

    async def conclude(self, view: CaseView) -> Conclusion:
        """As the embedded one unless told otherwise."""
        found = await super().conclude(view)
        return found.model_copy(
            update={"taken": SPOKEN, "disposition": self.says or found.disposition, "second": self.second}
        )


class Failing:
    """Decides like the embedded brain until it is challenged; then it fails, and then it answers something else."""

    name = "model:small"

    def __init__(self) -> None:
        inner = PlaybookBrain()
        self.plan, self.assess = inner.plan, inner.assess

    async def challenge(self, view: CaseView) -> Challenge:
        """Fails."""
        raise AgentError("the endpoint is down")

    async def conclude(self, view: CaseView) -> Plan:
        """Answers in another form."""
        return Plan(order=())


async def test_every_decision_is_kept_and_can_be_played_again() -> None:
    """In the order they were taken, each in the form that its step asks for."""
    report, _, _ = await run(TAKEOVER, Spoken())

    steps = [decision.step for decision in report.decisions]
    assert steps[0] == "plan"
    assert steps[-2:] == ["challenge", "conclude"] or steps[-1] == "conclude"
    for decision in report.decisions:
        again = FORMS[decision.step].model_validate(decision.answer)
        assert again.taken is None
        assert (decision.by, decision.prompt, decision.messages) == ("model:small", "decide@1", SPOKEN.messages)
        assert decision.problems == SPOKEN.problems
    assert Conclusion.model_validate(report.decisions[-1].answer).disposition == "true_positive"


async def test_case_says_what_its_models_cost_and_what_was_cut() -> None:
    """The sum over all decisions; the same cut is named once."""
    report, _, _ = await run(TAKEOVER, Spoken())

    taken = len(report.decisions)
    assert report.usage.calls == taken
    assert report.usage.tokens == 1000 * taken
    assert report.usage.money == pytest.approx(0.001 * taken)
    assert report.cut == SPOKEN.cut


async def test_brain_sees_what_was_decided_before() -> None:
    """A brain that keeps nothing finds its conversation in the view, and the draft when it concludes."""
    brain = ScriptedBrain()

    await run(TAKEOVER, brain)

    assert [len(view.decisions) for view in brain.views] == list(range(len(brain.views)))
    assert [view.draft for view in brain.views] == [None] * (len(brain.views) - 1) + ["true_positive"]
    last = brain.views[-1]
    assert (last.case_id, last.now, last.world, last.subject) == ("C-1", NOON, "lab", "E0")
    assert {evidence for _, evidence in last.answered} == {item.id for item in last.evidence}


async def test_embedded_brain_keeps_its_decisions_in_two_kilobytes() -> None:
    """They are stored with every case."""
    report, _, _ = await run(TAKEOVER)

    assert sum(len(decision.model_dump_json(exclude_defaults=True)) for decision in report.decisions) <= 2048
    assert {decision.by for decision in report.decisions} == {"playbook"}
    assert report.usage == Usage()
    assert report.disagreements == ()


async def test_brain_that_fails_is_replaced_and_the_record_says_so() -> None:
    """The embedded brain decides from the same state, marked as such."""

    plain, _, _ = await run(TAKEOVER)
    report, _, _ = await run(TAKEOVER, Failing())

    told = {decision.step: (decision.by, decision.fell_back) for decision in report.decisions}
    assert told["plan"] == ("model:small", None)
    assert told["challenge"] == ("playbook", "the endpoint is down")
    assert told["conclude"] == ("playbook", "it answered in another form")
    assert report.verdict == plain.verdict


async def test_time_that_a_brain_takes_is_not_the_cases() -> None:
    """A slow model must not cost the case its looks; the door is told what not to count."""
    excused: list[float] = []
    ledger = Ledger()
    subject = ledger.from_alert(spray())
    embedded = PlaybookBrain()
    deps = Deps("C-1", embedded, embedded, Answers(TAKEOVER, ledger), PLAYBOOKS, lambda: NOON, subject)

    report = await investigate(spray(), "password_attack", replace(deps, excuse=excused.append))

    assert len(excused) == len(report.decisions)
    assert all(seconds > 0 for seconds in excused)
    assert spent_s({"started": perf_counter() - 1000, "waited": 999.0}) < 500


def matrix(held: str, bearing: Bearing, others: Bearing = "against") -> tuple[Weighed, ...]:
    """A model's matrix over the coverage claim, in which `held` leads or loses."""
    ids = [item.id for item in PLAYBOOKS["password_attack"].hypotheses]
    return tuple(
        Weighed(claim="coverage.idp", hypothesis=name, bearing=bearing if name == held else others) for name in ids
    )


async def test_model_that_weighs_the_evidence_otherwise_is_shown_to_disagree() -> None:
    """Its matrix moves nothing; the difference is for a person to see."""
    plain, _, _ = await run(TAKEOVER)
    ids = [item.id for item in plain.hypotheses]

    report, _, _ = await run(TAKEOVER, Spoken(weighed=matrix(ids[-1], "strongly_for")))

    leading = ids[0]
    assert report.disagreements == (Disagreement(about="hypothesis", model_says=ids[-1], evidence_says=leading),)
    assert report.verdict == plain.verdict


async def test_matrix_over_claims_that_there_are_not_says_nothing() -> None:
    """Forged cells are no opinion."""
    forged = tuple(cell.model_copy(update={"claim": "C999"}) for cell in matrix("own_mistake", "strongly_for"))
    ghost = Weighed(claim="coverage.idp", hypothesis="ghost", bearing="strongly_for")

    report, _, _ = await run(TAKEOVER, Spoken(weighed=(*forged, ghost)))

    assert report.disagreements == ()


async def test_model_that_would_close_a_proven_attack_is_shown_and_not_heeded() -> None:
    """Both looks of it: the verdict stays what the evidence proves."""
    plain, _, _ = await run(TAKEOVER)

    report, _, _ = await run(TAKEOVER, Spoken(says="false_positive", second="true_positive"))

    assert report.verdict.disposition == plain.verdict.disposition == "true_positive"
    assert [(item.about, item.model_says, item.evidence_says) for item in report.disagreements] == [
        ("disposition", "false_positive", "true_positive"),
        ("second_look", "true_positive", "true_positive"),
    ]


@pytest.fixture(scope="module")
def cases(investigated: Path) -> tuple[Case, ...]:
    """Cases of the lab, each way one can end."""
    store = CaseStore(f"sqlite:///{investigated}/demo/cases.db")
    found = tuple(store.get(row.id) for row in store.list_cases(CaseQuery(now=utc_now())))
    store.dispose()
    return found


def test_cases_from_before_decisions_were_kept_load_and_are_decided_again(cases: tuple[Case, ...]) -> None:
    """What a site has stored does not become unreadable."""
    new = {"decisions", "usage", "cut", "disagreements", "stability"}
    for case in cases:
        assert case.report is not None
        assert case.report.decisions
        old = Report.model_validate_json(case.report.model_dump_json(exclude=new))
        retraced = retrace(case.model_copy(update={"report": old}), PLAYBOOKS)
        assert retraced is not None
        assert retraced.decided() == old.verdict.disposition


def test_case_that_a_second_look_kept_open_is_decided_the_same_again(cases: tuple[Case, ...]) -> None:
    """And without that gate it would have been closed: that is what a person is told."""
    case = next(c for c in cases if c.report and c.report.verdict.disposition == "false_positive")
    assert case.report is not None
    verdict = case.report.verdict
    stopped = tuple(
        gate.model_copy(update={"passed": False, "after": "needs_human"}) if gate.gate == "second_look" else gate
        for gate in verdict.gates
    )
    concluded = Decision(step="conclude", by="model:small", answer={"disposition": "false_positive"})
    report = case.report.model_copy(
        update={
            "brain": "model:small",
            "decisions": (*case.report.decisions[:-1], concluded),
            "verdict": verdict.model_copy(update={"gates": stopped, "disposition": "needs_human"}),
        }
    )

    retraced = retrace(case.model_copy(update={"report": report}), PLAYBOOKS)

    assert retraced is not None
    assert retraced.decided() == "needs_human"
    assert retraced.decided(without_gate="second_look") == "false_positive"


def test_signed_export_of_a_case_with_decisions_verifies_and_shows_a_changed_word(cases: tuple[Case, ...]) -> None:
    """What a model was told is part of what is signed."""
    key = SigningKey.generate()
    case = next(item for item in cases if item.report)
    assert case.report is not None
    said = SPOKEN.messages[0]
    decision = case.report.decisions[0].model_copy(update={"messages": SPOKEN.messages, "usage": SPOKEN.usage})
    report = case.report.model_copy(update={"decisions": (decision,), "usage": SPOKEN.usage, "cut": SPOKEN.cut})

    signed = sign_export(case.model_copy(update={"report": report}), key)

    assert verify_export(signed, key=key.public).ok
    assert not verify_export(signed.replace(str(said["content"]).encode(), b"what was it?"), key=key.public).intact
