"""Conclude: the brain's word on the outcome; code keeps only what raises."""

from langgraph.runtime import Runtime

from agent.brain.protocol import Conclusion
from agent.investigation.state import Deps, State
from agent.investigation.steps.asking import ask_brain, view_of
from agent.investigation.steps.telling import tell


async def conclude(state: State, runtime: Runtime[Deps]) -> State:
    """Writes conclusion."""
    view = view_of(state)
    conclusion = await ask_brain(runtime, lambda brain: brain.conclude(view), Conclusion)
    tell(runtime, "conclude", f"{runtime.context.brain.name} concludes {conclusion.disposition}")
    return {"conclusion": conclusion}
