"""Does it see what is obvious, and the same when it is asked again?"""

from agent.brain.fitness import Remark
from agent.brain.probe.bench import Bench, cost_of
from agent.brain.probe.cases import GivenCase, given, to_conclude
from agent.brain.probe.tally import Tally
from agent.brain.protocol import Conclusion

OBVIOUS = "the answer that anybody would give: {expected}"


async def check_judgement(bench: Bench, tally: Tally) -> None:
    """Small cases that need no experience; the first one was concluded when the mode was chosen."""
    if bench.first is None:
        return
    cases = bench.half(given().cases)
    tally.planned = len(cases)
    first, *others = cases
    bench.spent.append(cost_of(bench.first))
    judge(bench, tally, first, bench.first)
    for case in others:
        judge(bench, tally, case, await bench.concluded(case.id, to_conclude(case)))


def judge(bench: Bench, tally: Tally, case: GivenCase, concluded: Conclusion | None, task: str = "") -> None:
    """Count one conclusion of a case; none at all is a wrong one, unless the endpoint was silent."""
    if concluded is None and bench.session.unanswered:
        return
    wanted = Remark(template=OBVIOUS, values={"expected": " / ".join(case.expected)})
    got = concluded.disposition if concluded else "no usable answer"
    tally.judge(got in case.expected, task or case.id, wanted, got)


async def check_determinism(bench: Bench, tally: Tally) -> None:
    """The first case once more, byte by byte the same request."""
    case, before = given().cases[0], bench.first
    if before is None:
        return
    tally.planned = 1
    again = await bench.concluded(f"{case.id} again", to_conclude(case))
    if again is None:
        tally.planned = 0
        return
    one, other = ((item.disposition, item.hypothesis) for item in (before, again))
    tally.judge(one == other, case.id, Remark(template="the same decision as before"), f"{one} / {other}")
