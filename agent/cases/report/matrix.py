"""The hypothesis matrix: findings against explanations, as an analysis of competing hypotheses lays them out."""

from dataclasses import dataclass

from agent.investigation.weighing import effective, score
from agent.models import Claim, Finding, Hypothesis, Provenance, Report


@dataclass(frozen=True, slots=True)
class Cell:
    """What one finding says about one hypothesis."""

    weight: float
    """What counts: of what an attacker or a model wrote, only what speaks for malice does."""
    given: float
    """What the playbook gives such a finding."""
    tone: str
    """`for3` to `for1`, `none`, `against1` to `against3`."""
    decides: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One finding."""

    claim: str
    text: str
    struck: bool
    provenance: Provenance
    sensors: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All findings against all hypotheses, with the score of each."""

    hypotheses: tuple[Hypothesis, ...]
    rows: tuple[Row, ...]
    scores: tuple[float, ...]
    """Of what stands; what one question adds to one hypothesis is capped."""
    leading: int | None
    """Index of the hypothesis with the highest score; None when two share it."""

    @property
    def evidence(self) -> float:
        """What the findings add to the log odds of malice: the best malicious score less the best other, if any."""
        pairs = list(zip(self.hypotheses, self.scores, strict=True))
        malicious = max((score for hypothesis, score in pairs if hypothesis.kind == "malicious"), default=0.0)
        other = max((score for hypothesis, score in pairs if hypothesis.kind != "malicious"), default=0.0)
        return malicious - max(other, 0.0)


def matrix(report: Report) -> Matrix:
    """The matrix; findings whose claim was struck are shown and do not count, those that weigh nothing are left out."""
    claims = {claim.id: claim for claim in report.claims}
    standing = [item for item in report.findings if (claim := claims.get(item.claim)) and claim.status == "verified"]
    scored = score({hypothesis.id: hypothesis.kind for hypothesis in report.hypotheses}, standing)
    scores = tuple(scored[hypothesis.id] for hypothesis in report.hypotheses)
    best = max(scores, default=0.0)
    leading = scores.index(best) if scores.count(best) == 1 else None
    weighing = [item for item in report.findings if any(item.weights.values())]
    rows = tuple(_row(item, claims.get(item.claim), report.hypotheses, item in standing) for item in weighing)
    return Matrix(report.hypotheses, rows, scores, leading)


def _row(finding: Finding, claim: Claim | None, hypotheses: tuple[Hypothesis, ...], stands: bool) -> Row:
    said = claim.text or claim.template if claim else finding.reading
    cells = tuple(_cell(finding, hypothesis) for hypothesis in hypotheses)
    return Row(finding.claim, said, not stands, finding.provenance, finding.sensors, cells)


def _cell(finding: Finding, hypothesis: Hypothesis) -> Cell:
    given = finding.weights.get(hypothesis.id, 0.0)
    counts = effective(given, hypothesis.kind, finding.provenance)
    return Cell(counts, given, _tone(counts), finding.decisive_for == hypothesis.id)


def _tone(weight: float) -> str:
    if abs(weight) < 0.05:
        return "none"
    strength = 1 if abs(weight) < 0.75 else 2 if abs(weight) < 1.75 else 3
    return f"{'for' if weight > 0 else 'against'}{strength}"
