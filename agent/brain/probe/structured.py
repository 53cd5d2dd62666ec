"""Does it answer in the form of our decisions, and in which mode best?"""

from collections.abc import Awaitable

from agent.brain.endpoint.errors import ModelError, RefusedError
from agent.brain.fitness import Mode, Structured
from agent.brain.probe.bench import IN_FORM, Bench
from agent.brain.probe.cases import given, to_conclude, to_plan
from agent.brain.probe.tally import Tally
from agent.brain.protocol import Choice, Conclusion

TRIES = 2
"""Decisions of each mode: a plan and a conclusion."""


async def check_structured(bench: Bench, tally: Tally) -> None:
    """Try the modes in order; of those that need schema or tool both are tried, words alone only where neither holds.

    What was wrong in a mode that is not chosen stays in the examples."""
    kept: dict[Mode, Tally] = {}
    for mode in bench.modes:
        if mode == "json" and any(_holds(tried) for tried in bench.tried):
            continue
        kept[mode] = Tally("structured", planned=TRIES)
        await _try(bench, mode, kept[mode])
        if bench.scope.quick and _holds(bench.tried[-1]):
            break
    best = max(bench.tried, key=lambda tried: (tried.passed, -tried.mended))
    bench.mode = best.mode if best.passed == best.total else None
    tally.passed, tally.total, tally.planned = best.passed, best.total, best.total
    tally.misses = [miss for one in kept.values() for miss in one.misses]


async def _try(bench: Bench, mode: Mode, tally: Tally) -> None:
    """A plan and a conclusion in one mode."""
    case = given().cases[0]
    bench.tried.append(Structured(mode=mode, passed=0, total=0))
    await _count(bench, f"{mode} plan", bench.plan(to_plan(case), mode), tally)
    concluded = await _count(bench, f"{mode} conclude", bench.conclude(to_conclude(case), mode), tally)
    if isinstance(concluded, Conclusion):
        bench.firsts[mode] = concluded


async def _count(bench: Bench, task: str, coming: Awaitable[Choice], tally: Tally) -> Choice | None:
    tried = bench.tried[-1]
    try:
        choice = await coming
    except ModelError as error:
        tally.failed(task, IN_FORM, error, bench.session.last)
        refused = tried.refused + isinstance(error, RefusedError)
        bench.tried[-1] = tried.model_copy(update={"total": tried.total + 1, "refused": refused})
        return None
    mended = _answers(choice) > 1
    counted = {"passed": tried.passed + 1, "total": tried.total + 1, "mended": tried.mended + mended}
    bench.tried[-1] = tried.model_copy(update=counted)
    return choice


def _answers(choice: Choice) -> int:
    """How many answers it took."""
    messages = choice.taken.messages if choice.taken else ()
    return sum(message.get("role") == "assistant" for message in messages)


def _holds(tried: Structured) -> bool:
    """Whether every answer came in form at the first try."""
    return tried.passed == tried.total == TRIES and not tried.mended
