"""The playbook brain: asks what tells the hypotheses apart, names gaps, argues the rival, tells the story.

Everything it says follows from the playbook and the findings: the same case gives the same decisions.
"""

from collections.abc import Sequence

from agent.brain.protocol import Assessment, CaseView, Challenge, Conclusion, Plan
from agent.models import CLOSING, Disposition, Evidence, Finding, HypothesisKind
from agent.playbooks.format import Question, could_raise

SETTLED_LEAD = 5.0
"""Lead of one hypothesis over its nearest rival from which optional questions are left out."""

_DISPOSITION: dict[HypothesisKind, Disposition] = {
    "malicious": "true_positive",
    "authorised": "benign_true_positive",
    "benign": "false_positive",
}


class PlaybookBrain:
    """Reasoning without a model."""

    name = "playbook"

    async def plan(self, view: CaseView) -> Plan:
        """The most telling question first; questions no hypothesis hangs on last."""
        questions = (*view.open_questions, *(q for q in view.playbook.questions if q not in view.open_questions))
        return Plan(order=tuple(q.id for q in sorted(questions, key=lambda q: (-telling(q), q.id))))

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment:
        """Name the gap between the two best hypotheses and ask all that bears on it, unless it is settled."""
        first, second = leaders(view)
        if view.scores[first] - view.scores[second] >= SETTLED_LEAD:
            return Assessment()
        useful = [q for q in view.open_questions if tells_apart(q, first, second) > 0 or not q.readings]
        if not useful:
            return Assessment()
        useful.sort(key=lambda q: (-tells_apart(q, first, second), q.id))
        texts = {hypothesis.id: hypothesis.text for hypothesis in view.hypotheses}
        return Assessment(gap=f"'{texts[first]}' or '{texts[second]}'", ask=tuple(q.id for q in useful))

    async def challenge(self, view: CaseView) -> Challenge:
        """Argue the best hypothesis of another kind, with what already speaks for it and what could still."""
        leading, rival = rivals(view)
        speaking = [finding for finding in view.findings if finding.weights.get(rival, 0) > 0]
        asks = [q for q in view.open_questions if could_raise(q, rival)]
        return Challenge(
            against=leading,
            rival=rival,
            ask=tuple(question.id for question in asks),
            argument=tuple(finding.claim for finding in speaking),
        )

    async def conclude(self, view: CaseView) -> Conclusion:
        """The leading hypothesis' disposition where it leads at all; its strongest claims tell the story."""
        leading, _ = rivals(view)
        told = sorted(view.findings, key=lambda finding: -_strength(finding, leading))
        return Conclusion(
            disposition=word_on(view),
            highlights=tuple(finding.claim for finding in told if _strength(finding, leading) > 0)[:6],
        )


def leaders(view: CaseView) -> tuple[str, str]:
    """The two best-scoring hypotheses, best first; the playbook's order breaks ties."""
    ranked = sorted(view.scores, key=lambda name: -view.scores[name])
    return ranked[0], ranked[1]


def rivals(view: CaseView) -> tuple[str, str]:
    """The best hypothesis, and the best one of another kind."""
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in view.hypotheses}
    ranked = sorted(view.scores, key=lambda name: -view.scores[name])
    return ranked[0], next(name for name in ranked if kinds[name] != kinds[ranked[0]])


def word_on(view: CaseView) -> Disposition:
    """The leading hypothesis' disposition; one that closes only where it leads its rival."""
    leading, rival = rivals(view)
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in view.hypotheses}
    disposition = _DISPOSITION[kinds[leading]]
    if view.scores[leading] <= view.scores[rival] and disposition in CLOSING:
        return "needs_human"
    return disposition


def telling(question: Question) -> float:
    """How far apart a question can set hypotheses: the widest spread of weights among its readings."""
    spreads = [max(weights) - min(weights) for r in question.readings if (weights := [*r.weights.values(), 0.0])]
    return max(spreads, default=0.0)


def tells_apart(question: Question, first: str, second: str) -> float:
    """How far one answer to the question can set these two apart."""
    return max((abs(r.weights.get(first, 0) - r.weights.get(second, 0)) for r in question.readings), default=0.0)


def _strength(finding: Finding, hypothesis: str) -> float:
    return finding.weights.get(hypothesis, 0.0)
