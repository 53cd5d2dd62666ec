"""The investigation on one screen.

    recall -> plan -> gather -> assess -+-> challenge -+-> conclude -> gates
                        ^        |      |              |
                        +--------+<-----+--------------+        (while a named gap and budget remain)

Every node is an async function of `steps/`: state in, the fields it changes out. The graph has the read door only,
keeps nothing, and may be run again at will.
"""

from collections.abc import Callable
from functools import cache
from time import perf_counter

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.brain.endpoint.spans import agent_span
from agent.investigation.state import Deps, State, Step
from agent.investigation.steps.assess import assess
from agent.investigation.steps.challenge import challenge
from agent.investigation.steps.conclude import conclude
from agent.investigation.steps.gates import gates
from agent.investigation.steps.gather import gather
from agent.investigation.steps.plan import plan
from agent.investigation.steps.recall import recall
from agent.models import Alert, Report


@cache
def build_graph() -> CompiledStateGraph[State, Deps, State, State]:
    """Nodes and edges; compiled once per process."""
    graph = StateGraph(State, context_schema=Deps)
    for name, node in (
        ("recall", recall),
        ("plan", plan),
        ("gather", gather),
        ("assess", assess),
        ("challenge", challenge),
        ("conclude", conclude),
        ("gates", gates),
    ):
        graph.add_node(name, node)
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "plan")
    graph.add_edge("plan", "gather")
    graph.add_edge("gather", "assess")
    graph.add_conditional_edges("assess", after_assess, ["gather", "challenge", "conclude"])
    graph.add_conditional_edges("challenge", after_challenge, ["gather", "conclude"])
    graph.add_edge("conclude", "gates")
    graph.add_edge("gates", END)
    return graph.compile()


def after_assess(state: State) -> str:
    """Back to gather while something named is still to be asked; challenged once; then conclude."""
    if state["pending"]:
        return "gather"
    return "conclude" if state.get("challenged") else "challenge"


def after_challenge(state: State) -> str:
    """The other side may ask once more."""
    return "gather" if state["pending"] else "conclude"


async def investigate(
    alert: Alert, alert_class: str, deps: Deps, on_step: Callable[[Step], None] | None = None
) -> Report:
    """Run one investigation to its report; `on_step` sees every step as it happens."""
    start: State = {"alert": alert, "alert_class": alert_class, "started": perf_counter()}
    report: object = None
    with agent_span(deps.case_id):
        async for part in build_graph().astream(start, context=deps, stream_mode=["custom", "values"], version="v2"):
            data = part["data"]
            if on_step is not None and isinstance(data, Step):
                on_step(data)
            elif part["type"] == "values" and isinstance(data, dict):
                report = data.get("report")
    if not isinstance(report, Report):
        raise RuntimeError("the investigation graph ended without a report")
    return report
