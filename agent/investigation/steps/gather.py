"""Gather: ask what is pending through the read door, in parallel, within the limits."""

from langgraph.runtime import Runtime

from agent.investigation.state import Deps, State
from agent.investigation.steps.asking import affordable, arguments_of, question_of
from agent.investigation.steps.telling import tell

SPENT = "the calls, rounds or seconds of this investigation are spent"


async def gather(state: State, runtime: Runtime[Deps]) -> State:
    """Writes answers, rounds, calls, cut; empties pending."""
    allowed = affordable(state, runtime.context)
    batch = [(name, arguments) for name in state["pending"] if (arguments := arguments_of(state, name)) is not None]
    asked = batch[:allowed]
    left = len(batch) - len(asked)
    calls = [(question_of(state, name).tool, arguments) for name, arguments in asked]
    answers = await runtime.context.door.read_many(calls)
    for (name, _), answer in zip(asked, answers, strict=True):
        question = question_of(state, name)
        tell(
            runtime,
            "call",
            f"{question.asks} {question.tool}: {answer.summary}",
            evidence=answer.id,
            status=answer.status,
        )
    fresh = {name: answer for (name, _), answer in zip(asked, answers, strict=True)}
    return {
        "answers": state["answers"] | fresh,
        "rounds": state["rounds"] + 1,
        "calls": state["calls"] + len(asked),
        "pending": (),
        "cut": (*state["cut"], *([f"{left} looks not made: {SPENT}"] if left else [])),
    }
