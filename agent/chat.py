"""The conversation on one screen.

    understand -> look -+-> phrase -+-> check -> suggest
                        +-----------+                       (phrase only when a model is switched on)

`look` answers by intents, search and playbooks; `phrase` lets a model look further and say it in its own words. Both
have the read door only. `check` strikes every sentence that the evidence does not bear, whoever wrote it; what a model
cannot answer is answered by the intents. Steps and evidence are stored as they come, and a run that was killed goes on
after its last finished node.
"""

from collections.abc import AsyncIterator
from typing import TypeAlias

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langsmith import tracing_context

from agent.conversation.models import Answer, ChatStep
from agent.conversation.nodes import check, look, phrase, suggest, understand
from agent.conversation.state import Deps, State, unpacked

Graph: TypeAlias = CompiledStateGraph[State, Deps, State, State]


def build_graph(checkpoints: BaseCheckpointSaver[str]) -> Graph:
    """Nodes and edges, over the threads' checkpoints."""
    graph = StateGraph(State, context_schema=Deps)
    for name, node in (
        ("understand", understand),
        ("look", look),
        ("phrase", phrase),
        ("check", check),
        ("suggest", suggest),
    ):
        graph.add_node(name, node)
    graph.add_edge(START, "understand")
    graph.add_edge("understand", "look")
    graph.add_conditional_edges("look", after_look, ["phrase", "check"])
    graph.add_edge("phrase", "check")
    graph.add_edge("check", "suggest")
    graph.add_edge("suggest", END)
    return graph.compile(checkpointer=checkpoints)


def after_look(state: State) -> str:
    """To the model when there is one."""
    return "phrase" if state["with_model"] else "check"


async def converse(graph: Graph, start: State | None, thread_id: str, deps: Deps) -> AsyncIterator[ChatStep]:
    """Run one question to its answer, giving each step as it happens; without a `start`, go on where it was left.

    The answer is in the thread's checkpoint then (see `answer_in`). Nothing of it is traced by anybody."""
    with tracing_context(enabled=False):
        parts = graph.astream(
            start,
            thread_config(thread_id),
            context=deps,
            stream_mode=["custom"],
            version="v2",
            durability="sync",
        )
        async for part in parts:
            if isinstance(part["data"], ChatStep):
                yield part["data"]


def stream(step: ChatStep) -> None:
    """Hand a stored step on to whoever reads `converse`; to be called inside a node."""
    get_stream_writer()(step)


async def left_at(graph: Graph, thread_id: str, run_id: str) -> str | None:
    """The node that an interrupted run goes on with; None when none of it was kept, empty when all of it was done."""
    kept = await graph.aget_state(thread_config(thread_id))
    if kept.values.get("run_id") != run_id:
        return None
    return kept.next[0] if kept.next else ""


async def answer_in(graph: Graph, thread_id: str) -> Answer:
    """The answer of the thread's latest run."""
    kept = await graph.aget_state(thread_config(thread_id))
    return unpacked(Answer, kept.values["answer"])


def thread_config(thread_id: str) -> RunnableConfig:
    """Which thread a checkpoint belongs to."""
    return {"configurable": {"thread_id": thread_id}}
