"""What can be asked now, and how a brain is asked for a decision."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, TypeVar

from langgraph.runtime import Runtime

from agent.brain.protocol import Assessment, Brain, CaseView, Choice, OwnRead, Plan
from agent.errors import AgentError
from agent.investigation.own import Room, admit, is_own, reserved
from agent.investigation.state import Deps, State
from agent.investigation.steps.recording import DecisionStep, recorded
from agent.investigation.steps.telling import tell
from agent.investigation.values import fill_arguments, question_values
from agent.investigation.weighing import score
from agent.models import JsonObject
from agent.playbooks.format import Question

log = logging.getLogger(__name__)
Chosen = TypeVar("Chosen", bound=Choice)
ROUNDS_KEPT = 2
"""Rounds that a brain's wishes leave untouched: the other side's questions, and what their answers make askable."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[Chosen]):
    """One decision, and what the state keeps of it."""

    choice: Chosen
    view: CaseView
    """What the brain was shown."""
    kept: State
    own: tuple[str, ...] = ()
    """Ids of the brain's own questions that the decision brought."""


def question_of(state: State, question_id: str) -> Question:
    """The question of that id, from the playbook, the context or the brain."""
    return next(question for question in state["questions"] if question.id == question_id)


def arguments_of(state: State, question_id: str) -> JsonObject | None:
    """The filled arguments; None while a value is missing."""
    if is_own(question_id):
        return state["literal"][question_id]
    question = question_of(state, question_id)
    return fill_arguments(question, question_values(state["alert"], state["subject"], question, state["answers"]))


def askable(state: State, question_id: str) -> bool:
    """Whether the question has not been asked and every value it needs is there."""
    return question_id not in state["answers"] and arguments_of(state, question_id) is not None


def affordable(state: State, deps: Deps) -> int:
    """How many further calls the limits allow in the next round; 0 when the investigation has to conclude."""
    if state["rounds"] >= deps.limits.rounds or spent_s(state) >= deps.limits.seconds:
        return 0
    return max(0, deps.limits.calls - state["calls"])


def spent_s(state: State) -> float:
    """Seconds that the investigation has taken, without those in which a brain decided."""
    return perf_counter() - state["started"] - state["waited"]


def own_affordable(state: State, deps: Deps) -> int:
    """How many own reads may be asked in the next round without taking anything from looks that could speak for malice.

    Half of the seconds is theirs at most: a read that hangs until its time-out leaves enough for the others."""
    if state["rounds"] + ROUNDS_KEPT >= deps.limits.rounds or spent_s(state) * 2 >= deps.limits.seconds:
        return 0
    malicious = [hypothesis.id for hypothesis in state["hypotheses"] if hypothesis.kind == "malicious"]
    return max(0, affordable(state, deps) - reserved(state["questions"], state["answers"], malicious))


def view_of(state: State, deps: Deps) -> CaseView:
    """What a brain is shown of the state."""
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in state["hypotheses"]}
    coverage = state.get("coverage")
    return CaseView(
        alert=state["alert"],
        alert_class=state["alert_class"],
        playbook=state["playbook"],
        hypotheses=state["hypotheses"],
        scores=score(kinds, state["findings"]),
        evidence=tuple({item.id: item for item in state["answers"].values()}.values()),
        claims=state["claims"],
        findings=state["findings"],
        open_questions=tuple(q for q in state["questions"] if not is_own(q.id) and askable(state, q.id)),
        case_id=deps.case_id,
        tenant=deps.tenant,
        world=state["alert"].world,
        now=deps.clock(),
        subject=state["subject"],
        contributions=state["contributions"],
        gaps=() if coverage is None else coverage.gaps,
        answered=tuple((name, answer.id) for name, answer in state["answers"].items()),
        decisions=state["decisions"],
        reads_left=state["playbook"].own_reads - len(state["literal"]),
        draft=state.get("draft"),
    )


async def ask_brain(
    state: State,
    runtime: Runtime[Deps],
    step: DecisionStep,
    kind: type[Chosen],
    decide: Callable[[Brain, CaseView], Awaitable[Chosen]],
) -> Asked[Chosen]:
    """The brain's decision; the embedded brain's when the configured one fails or answers in another form."""
    deps, view, begun = runtime.context, view_of(state, runtime.context), perf_counter()
    by, failed, choice = deps.brain.name, None, None
    try:
        choice = await decide(deps.brain, view)
    except AgentError as error:
        failed = str(error) or type(error).__name__
    if not isinstance(choice, kind):
        failed = failed or "it answered in another form"
        log.warning("brain_failed case=%s decision=%s error=%s", deps.case_id, kind.__name__, failed)
        by, choice = deps.fallback.name, await decide(deps.fallback, view)
    waited = perf_counter() - begun
    deps.excuse(waited)
    decision = recorded(step, by, choice, failed)
    if decision.fell_back:
        tell(runtime, step, f"the embedded brain decides in the model's place: {decision.fell_back}")
    kept: State = {
        "decisions": (*state["decisions"], decision),
        "cut": (*state["cut"], *(choice.taken.cut if choice.taken else ())),
        "waited": state["waited"] + waited,
    }
    if not (reads := _reads(choice)):
        return Asked(choice, view, kept)
    admitted = admit(reads, _room(state, deps, view))
    noted = decision.model_copy(update={"problems": (*decision.problems, *admitted.problems)})
    kept["decisions"] = (*state["decisions"], noted)
    kept["questions"] = (*state["questions"], *admitted.questions)
    kept["literal"] = state["literal"] | dict(admitted.literal)
    return Asked(choice, view, kept, tuple(question.id for question in admitted.questions))


def _room(state: State, deps: Deps, view: CaseView) -> Room:
    """What own reads are held against now."""
    used = len(state["literal"])
    calls = {q.id: (q.tool, arguments) for q in view.open_questions if (arguments := arguments_of(state, q.id))}
    return Room(
        alert=state["alert"],
        answers=state["answers"],
        open_calls=calls,
        used=used,
        allowed=min(state["playbook"].own_reads, used + own_affordable(state, deps)),
    )


def _reads(choice: Choice) -> tuple[OwnRead, ...]:
    """The own reads of a decision; an assessment has some only where it names a gap."""
    if isinstance(choice, Assessment):
        return choice.reads if choice.gap else ()
    return choice.reads if isinstance(choice, Plan) else ()
