"""Plan: what to ask, and in which order. The telemetry contract's looks come first, whatever a brain says."""

from langgraph.runtime import Runtime

from agent.brain.protocol import Plan
from agent.investigation.state import Deps, State
from agent.investigation.steps.asking import ask_brain, askable, own_affordable
from agent.investigation.steps.telling import tell


async def plan(state: State, runtime: Runtime[Deps]) -> State:
    """Writes order and pending."""
    asked = await ask_brain(state, runtime, "plan", Plan, lambda brain, view: brain.plan(view))
    required = [question.id for question in state["questions"] if question.required]
    known = {question.id for question in state["questions"]}
    wanted = [question for question in asked.choice.order if question in known and question not in required]
    rest = [question.id for question in state["questions"] if question.id not in {*required, *wanted}]
    order = (*required, *wanted, *rest)
    first = tuple(name for name in order if name in required and askable(state, name))
    wished = asked.choice.first[: max(0, own_affordable(state, runtime.context) - len(asked.own))]
    early = tuple(name for name in wanted if name in wished and askable(state, name))
    tell(runtime, "plan", f"{len(first)} required looks first, {len(order) - len(first)} further questions")
    return {**asked.kept, "order": order, "pending": (*first, *early, *asked.own)}
