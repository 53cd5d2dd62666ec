"""The benchmark of the servers compares equals, and says when a promise is not kept."""

import pytest

from evals.benchmarks.servers import RATIO, ServersReport, Transport, compare, in_process, missed, table
from evals.benchmarks.starting import Started
from evals.benchmarks.toolsize import Sized, sizes
from evals.benchmarks.twins import ARGUMENTS, TOOL


def report(ratio: float, mean: float) -> ServersReport:
    """A report with these two figures."""
    way = Transport(
        name="stdio",
        ours_ms=ratio,
        bare_ms=1.0,
        slim_ms=1.0,
        ours_p95_ms=1.0,
        bare_p95_ms=1.0,
        ratio=ratio,
        ratio_slim=ratio,
    )
    started = Started(name="kb", start_s=1.0, memory_mib=None)
    return ServersReport(
        calls=1,
        transports=(way,),
        alone=(started,),
        together=started,
        tools=1,
        mean_tokens=mean,
        analyst=("kb",),
        analyst_tokens=100,
        largest_tools=(),
        servers=(Sized(name="kb", tokens=100, tools=1),),
        missed=(),
    )


async def test_twins_give_the_same_answer_but_for_its_time() -> None:
    """A comparison of unequal answers would measure the answers."""
    answers = []
    for which in ("ours", "bare", "slim"):
        async with in_process(which) as session:
            answers.append((await session.call_tool(TOOL, ARGUMENTS)).structuredContent or {})
    ours, bare, slim = answers

    assert ours["data"] == bare["data"] == slim
    assert {**ours, "source": None} == {**bare, "source": None}


async def test_comparison_gives_a_ratio() -> None:
    """One round of each, in this process."""
    way = await compare("in process", 1)

    assert way.ratio == pytest.approx(way.ours_ms / way.bare_ms, abs=0.01)


@pytest.mark.parametrize(("ratio", "mean", "broken"), [(1.0, 100.0, 0), (RATIO + 0.1, 100.0, 1), (2.0, 200.0, 2)])
def test_promise_that_is_not_kept_is_named(ratio: float, mean: float, broken: int) -> None:
    """The exit code rests on it."""
    assert len(missed(report(ratio, mean))) == broken


def test_table_holds_every_server() -> None:
    """What a person reads, where memory is not told neither fails nor lies."""
    assert "kb" in table(report(1.0, 100.0))


def test_tool_costs_what_is_sent_of_it() -> None:
    """Name, description and input schema; what it answers with is not sent before it is called."""
    tool = {
        "name": "a_tool",
        "description": "Says.",
        "inputSchema": {"type": "object"},
        "outputSchema": {"x": "y" * 999},
    }
    size = sizes({"a": [tool]})

    assert size.tools[0].tokens == len('{"name":"a_tool","description":"Says.","parameters":{"type":"object"}}') // 4
    assert size.of(["a"]) == size.tools[0].tokens
