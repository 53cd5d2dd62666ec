"""What can be asked now, and how a brain is asked for a decision."""

import logging
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TypeVar

from langgraph.runtime import Runtime

from agent.brain.protocol import Brain, CaseView
from agent.errors import BrainError
from agent.investigation.state import Deps, State
from agent.investigation.values import fill_arguments, question_values
from agent.investigation.weighing import score
from agent.models import JsonObject, Model
from agent.playbooks.format import Question

log = logging.getLogger(__name__)
Decision = TypeVar("Decision", bound=Model)


def question_of(state: State, question_id: str) -> Question:
    """The question of that id, from the playbook or the context."""
    return next(question for question in state["questions"] if question.id == question_id)


def arguments_of(state: State, question_id: str) -> JsonObject | None:
    """The filled arguments; None while a value is missing."""
    question = question_of(state, question_id)
    return fill_arguments(question, question_values(state["alert"], state["subject"], question, state["answers"]))


def askable(state: State, question_id: str) -> bool:
    """Whether the question has not been asked and every value it needs is there."""
    return question_id not in state["answers"] and arguments_of(state, question_id) is not None


def affordable(state: State, deps: Deps) -> int:
    """How many further calls the limits allow in the next round; 0 when the investigation has to conclude."""
    if state["rounds"] >= deps.limits.rounds or perf_counter() - state["started"] >= deps.limits.seconds:
        return 0
    return max(0, deps.limits.calls - state["calls"])


def view_of(state: State) -> CaseView:
    """What a brain is shown of the state."""
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in state["hypotheses"]}
    return CaseView(
        alert=state["alert"],
        alert_class=state["alert_class"],
        playbook=state["playbook"],
        hypotheses=state["hypotheses"],
        scores=score(kinds, state["findings"]),
        evidence=tuple(state["answers"].values()),
        claims=state["claims"],
        findings=state["findings"],
        open_questions=tuple(question for question in state["questions"] if askable(state, question.id)),
    )


async def ask_brain(
    runtime: Runtime[Deps], decide: Callable[[Brain], Awaitable[Decision]], kind: type[Decision]
) -> Decision:
    """The brain's decision; the embedded brain's when the configured one fails or answers in another form."""
    try:
        decision = await decide(runtime.context.brain)
    except BrainError as error:
        log.warning("brain_failed case=%s decision=%s error=%s", runtime.context.case_id, kind.__name__, error)
        return await decide(runtime.context.fallback)
    return decision if isinstance(decision, kind) else await decide(runtime.context.fallback)
