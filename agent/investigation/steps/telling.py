"""How a step tells the person watching what it does."""

from langgraph.runtime import Runtime

from agent.investigation.state import Deps, Step, StepName


def tell(
    runtime: Runtime[Deps],
    step: StepName,
    text: str,
    *,
    evidence: str | None = None,
    claim: str | None = None,
    status: str | None = None,
) -> None:
    """Stream one line; a graph run without a listener drops it."""
    deps = runtime.context
    line = Step(
        case_id=deps.case_id, step=step, text=text, at=deps.clock(), evidence=evidence, claim=claim, status=status
    )
    runtime.stream_writer(line)
