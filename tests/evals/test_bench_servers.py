"""The benchmark of the servers compares equals, and says when a promise is not kept."""

import pytest

from agent.conversation.model.toolbox import ANSWER, DIRECT, EXPAND, LOOK, MOST_TOOLS
from agent.host.registry import bundled_registry
from agent.models import JsonObject
from evals.benchmarks.servers import (
    OWN_CASES,
    RATIO,
    VIEW_TOKENS,
    ServersReport,
    Transport,
    compare,
    in_process,
    missed,
    started,
    table,
)
from evals.benchmarks.starting import Started
from evals.benchmarks.toolsize import Sized, in_view, sizes
from evals.benchmarks.twins import ARGUMENTS, TOOL
from servers.bundle import ANALYST


def report(ratio: float, mean: float, view: int = 100) -> ServersReport:
    """A report with these figures."""
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
        view=(Sized(name="kb__kb_search", tokens=view),),
        view_tokens=view,
        view_bound_tokens=view,
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


@pytest.mark.thorough
async def test_comparison_gives_a_ratio() -> None:
    """One round of each, in this process."""
    way = await compare("in process", 1)

    assert way.ratio == pytest.approx(way.ours_ms / way.bare_ms, abs=0.01)


@pytest.mark.thorough
async def test_servers_start_in_the_surroundings_of_the_benchmark() -> None:
    """A setting that they refuse would end it before the first figure."""
    alone, together, tools = await started(("kb",))

    assert (alone[0].name, together.name) == ("kb", "together")
    assert "kb_search" in {tool["name"] for tool in tools["kb"]}


@pytest.mark.parametrize(
    ("ratio", "mean", "view", "broken"),
    [
        (1.0, 100.0, VIEW_TOKENS, 0),
        (RATIO + 0.1, 100.0, 100, 1),
        (2.0, 200.0, 100, 2),
        (1.0, 100.0, VIEW_TOKENS + 1, 1),
    ],
)
def test_promise_that_is_not_kept_is_named(ratio: float, mean: float, view: int, broken: int) -> None:
    """The exit code rests on it."""
    assert len(missed(report(ratio, mean, view))) == broken


def test_table_holds_every_server() -> None:
    """What a person reads, where memory is not told neither fails nor lies."""
    assert "kb" in table(report(1.0, 100.0))


def test_tools_in_view_are_those_the_chat_offers_as_it_sends_them() -> None:
    """Twelve at most, under their full names, and never a change."""
    listed: dict[str, list[JsonObject]] = {
        server: [
            {"name": tool, "description": "Says.", "inputSchema": {"type": "object"}}
            for tool in (*bundled_registry().rules(server).changes, *bundled_registry().rules(server).reads)
        ]
        for server in (*ANALYST, OWN_CASES)
    }
    shown = {tool.name: tool.tokens for tool in in_view(listed, (*ANALYST, OWN_CASES))}
    own = '{"name":"kb__kb_search","description":"Says.","parameters":{"type":"object"}}'

    assert set(shown) == {*DIRECT, LOOK, EXPAND, ANSWER}
    assert len(shown) == MOST_TOOLS
    assert shown["kb__kb_search"] == len(own) // 4
    assert [tool.name for tool in in_view({"firewall": listed["firewall"][:1]}, ["firewall"])] == [LOOK, EXPAND, ANSWER]


def test_tool_costs_what_is_sent_of_it() -> None:
    """Name, description and input schema; what it answers with is not sent before it is called."""
    tool: JsonObject = {
        "name": "a_tool",
        "description": "Says.",
        "inputSchema": {"type": "object"},
        "outputSchema": {"x": "y" * 999},
    }
    size = sizes({"a": [tool]})

    assert size.tools[0].tokens == len('{"name":"a_tool","description":"Says.","parameters":{"type":"object"}}') // 4
    assert size.largest(5) == size.tools
    assert size.of(["a"]) == size.tools[0].tokens
