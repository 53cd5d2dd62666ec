"""Where the model and the evidence say different things: shown to a person, and moving nothing by itself.

A model's own matrix is what it said about single claims, added up; its word is what it concluded. Both are held
against what code made of the same evidence. What the embedded brain decides follows from the evidence and is not held
against it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agent.brain.protocol import Assessment, Bearing, Conclusion
from agent.hunting.hunt import is_hunt
from agent.investigation.verdict import Facts
from agent.models import CLOSING, Decision, Disagreement, Disposition, GateResult

EMBEDDED: Final = "playbook"
BEARINGS: Final[Mapping[Bearing, int]] = {
    "strongly_for": 2,
    "for": 1,
    "neutral": 0,
    "against": -1,
    "strongly_against": -2,
}


def disagreements(
    decisions: Sequence[Decision], conclusion: Conclusion, facts: Facts, gates: Sequence[GateResult]
) -> tuple[Disagreement, ...]:
    """What a model says against what the evidence says; `gates`: what each gate made of the draft."""
    return tuple(_disagreements(decisions, conclusion, facts, gates))


def _disagreements(
    decisions: Sequence[Decision], conclusion: Conclusion, facts: Facts, gates: Sequence[GateResult]
) -> Iterator[Disagreement]:
    by_model = [decision for decision in decisions if decision.by != EMBEDDED]
    concluded = any(decision.step == "conclude" for decision in by_model)
    leading = facts.standing().weighed().leading
    for held in dict.fromkeys((model_leader(by_model, facts, leading), conclusion.hypothesis if concluded else None)):
        if held is not None and held != leading and any(item.id == held for item in facts.hypotheses):
            yield Disagreement(about="hypothesis", model_says=held, evidence_says=leading)
    if not concluded:
        return
    draft = next(gate.before for gate in gates if gate.gate == "brain_only_raises")
    if conclusion.disposition != draft and not _is_not_found(facts, draft, conclusion.disposition):
        yield Disagreement(about="disposition", model_says=conclusion.disposition, evidence_says=draft)
    if conclusion.second is not None and conclusion.second != conclusion.disposition:
        yield Disagreement(about="second_look", model_says=conclusion.second, evidence_says=draft)


def _is_not_found(facts: Facts, draft: Disposition, concluded: Disposition) -> bool:
    """Whether both say of a hunt that nothing is there: a model has no other word for it than one that closes."""
    return is_hunt(facts.alert) and draft == "not_evaluable" and concluded in CLOSING


def model_leader(decisions: Sequence[Decision], facts: Facts, leading: str) -> str | None:
    """The hypothesis that leads in the model's own matrix; `leading` where it shares the lead; None without a matrix.

    Only claims and hypotheses that there are count, and of a cell filled twice the later word."""
    claims = {claim.id for claim in facts.claims}
    cells: dict[tuple[str, str], int] = {}
    for decision in decisions:
        if decision.step == "assess":
            for item in Assessment.model_validate(decision.answer).weighed:
                if item.claim in claims:
                    cells[item.claim, item.hypothesis] = BEARINGS[item.bearing]
    scores = {item.id: sum(n for (_, about), n in cells.items() if about == item.id) for item in facts.hypotheses}
    best = max(scores.values())
    if not any(about in scores for _, about in cells):
        return None
    return leading if scores[leading] == best else next(name for name, value in scores.items() if value == best)
