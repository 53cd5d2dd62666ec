"""Recall: which playbook, which hypotheses, what the alert itself says. Context only; nothing here is evidence."""

from langgraph.runtime import Runtime

from agent.hunting.playbook import playbook_for
from agent.investigation.context import context_questions
from agent.investigation.state import Deps, State
from agent.investigation.steps.telling import tell
from agent.investigation.values import alert_values
from agent.likelihood import weigh
from agent.models import Hypothesis

FALLBACK_CLASS = "unknown"


async def recall(state: State, runtime: Runtime[Deps]) -> State:
    """Writes playbook, hypotheses, questions, contributions."""
    deps, alert = runtime.context, state["alert"]
    shipped = deps.playbooks.get(state["alert_class"], deps.playbooks[FALLBACK_CLASS])
    playbook = playbook_for(shipped, alert).joined(deps.offers)
    hypotheses = tuple(Hypothesis(id=item.id, kind=item.kind, text=item.text) for item in playbook.hypotheses)
    context = context_questions(playbook, state["alert_class"], alert_values(alert, deps.subject.id))
    tell(runtime, "recall", f"{state['alert_class']}: playbook {playbook.name}, {len(hypotheses)} hypotheses")
    return {
        "subject": deps.subject.id,
        "playbook": playbook,
        "hypotheses": hypotheses,
        "questions": (*context, *playbook.questions),
        "contributions": weigh(alert, deps.neighbours),
        "answers": {},
        "claims": (),
        "findings": (),
        "rounds": 0,
        "calls": 0,
        "pending": (),
        "challenged": False,
        "decisions": (),
        "cut": (),
        "waited": 0.0,
        "literal": {},
    }
