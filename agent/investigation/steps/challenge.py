"""Challenge: argue the other side against all the evidence, and ask what could still turn the result.

Whatever a brain argues, every question whose answer could still speak for malice is asked here: a brain may choose
the order of the looks, not leave one out.
"""

from langgraph.runtime import Runtime

from agent.brain.protocol import Challenge
from agent.investigation.state import Deps, State
from agent.investigation.steps.asking import affordable, ask_brain
from agent.investigation.steps.telling import tell
from agent.playbooks.format import could_raise


async def challenge(state: State, runtime: Runtime[Deps]) -> State:
    """Writes challenged and pending."""
    asked = await ask_brain(state, runtime, "challenge", Challenge, lambda brain, view: brain.challenge(view))
    argued, view = asked.choice, asked.view
    texts = {hypothesis.id: hypothesis.text for hypothesis in state["hypotheses"]}
    open_ids = {question.id for question in view.open_questions}
    malicious = [hypothesis.id for hypothesis in state["hypotheses"] if hypothesis.kind == "malicious"]
    floor = [q.id for q in view.open_questions if any(could_raise(q, name) for name in ("malicious", *malicious))]
    wanted = [name for name in argued.ask if name in open_ids and name not in floor]
    pending = (*floor, *wanted) if affordable(state, runtime.context) else ()
    if argued.rival in texts:
        told = f"against '{texts.get(argued.against, argued.against)}': could it be '{texts[argued.rival]}'? "
        tell(runtime, "challenge", told + f"{len(argued.argument)} claims speak for it, {len(pending)} more questions")
    return {**asked.kept, "challenged": True, "pending": pending}
