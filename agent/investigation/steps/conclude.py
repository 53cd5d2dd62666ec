"""Conclude: the brain's word on the outcome; code keeps only what raises."""

from langgraph.runtime import Runtime

from agent.brain.protocol import Conclusion
from agent.evidence.gates import drafted
from agent.investigation.facts import facts_of
from agent.investigation.state import Deps, State
from agent.investigation.steps.asking import ask_brain
from agent.investigation.steps.telling import tell
from agent.likelihood import counterfactual, weigh


async def conclude(state: State, runtime: Runtime[Deps]) -> State:
    """Writes facts, draft and conclusion."""
    deps = runtime.context
    facts = facts_of(state, deps.subject)
    without_text = weigh(counterfactual(state["alert"]), deps.neighbours)
    draft = drafted(facts, without_text)
    told: State = {**state, "facts": facts, "draft": draft}
    asked = await ask_brain(told, runtime, "conclude", Conclusion, lambda brain, view: brain.conclude(view))
    tell(runtime, "conclude", f"{asked.kept['decisions'][-1].by} concludes {asked.choice.disposition}")
    return {
        **asked.kept,
        "facts": facts,
        "draft": draft,
        "contributions_without_text": without_text,
        "conclusion": asked.choice,
    }
