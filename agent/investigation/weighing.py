"""The analysis of competing hypotheses: arithmetic over findings, nothing else.

Score of a hypothesis = sum over questions of the findings' weights, each question capped, so that one answer is not
counted twice. Text an attacker or a model wrote (T2, T3) only ever counts towards malice.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.models import Contribution, Finding, Hypothesis, HypothesisKind, Provenance
from agent.playbooks.format import Playbook, Proof

QUESTION_CAP = 3.0
"""Most that one question's answer moves one hypothesis."""
CAPS = {"brain": 1.0, "work": 6.0}
"""Other caps: all findings a model added together, and the register's entry with one claim per dimension."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the evidence adds up to."""

    scores: dict[str, float]
    likelihood: float
    leading: str
    proofs: tuple[Proof, ...]
    """Proofs of the playbook whose readings all hold."""


def weigh(
    hypotheses: Sequence[Hypothesis],
    playbook: Playbook,
    contributions: Sequence[Contribution],
    findings: Sequence[Finding],
) -> Weighing:
    """Scores, likelihood and satisfied proofs."""
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in hypotheses}
    scores = score(kinds, findings)
    malicious = max((value for key, value in scores.items() if kinds[key] == "malicious"), default=0.0)
    benign = max((value for key, value in scores.items() if kinds[key] != "malicious"), default=0.0)
    alert_log_odds = sum(contribution.weight for contribution in contributions)
    log_odds = alert_log_odds + malicious - max(benign, 0.0)
    readings = {finding.reading for finding in findings}
    return Weighing(
        scores=scores,
        likelihood=round(1 / (1 + math.exp(-max(-12.0, min(12.0, log_odds)))), 4),
        leading=max(scores, key=lambda key: (scores[key], kinds[key] == "malicious")),
        proofs=tuple(proof for proof in playbook.proofs if readings.issuperset(proof.readings)),
    )


def score(kinds: Mapping[str, HypothesisKind], findings: Iterable[Finding]) -> dict[str, float]:
    """Hypothesis id to its score; weights of untrusted findings count only towards malice."""
    by_question: dict[tuple[str, str], float] = {}
    for finding in findings:
        for hypothesis, weight in finding.weights.items():
            key = (hypothesis, finding.question)
            by_question[key] = by_question.get(key, 0.0) + effective(weight, kinds[hypothesis], finding.provenance)
    scores = dict.fromkeys(kinds, 0.0)
    for (hypothesis, question), total in by_question.items():
        cap = CAPS.get(question, QUESTION_CAP)
        scores[hypothesis] += max(-cap, min(cap, total))
    return {hypothesis: round(total, 3) for hypothesis, total in scores.items()}


def effective(weight: float, kind: HypothesisKind, provenance: Provenance) -> float:
    """A finding's weight after its provenance: what T2 or T3 says in favour of innocence weighs nothing."""
    if provenance.trusted:
        return weight
    return max(weight, 0.0) if kind == "malicious" else min(weight, 0.0)


def trusted_only(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that remain when everything an attacker or a model wrote is taken away."""
    return tuple(finding for finding in findings if finding.provenance.trusted)
