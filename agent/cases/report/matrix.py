"""The hypothesis matrix: findings against explanations, as an analysis of competing hypotheses lays them out."""

from dataclasses import dataclass

from agent.models import Hypothesis, Provenance, Report


@dataclass(frozen=True, slots=True)
class Cell:
    """What one finding says about one hypothesis."""

    weight: float
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
    """All findings against all hypotheses, with the sum of what stands."""

    hypotheses: tuple[Hypothesis, ...]
    rows: tuple[Row, ...]
    totals: tuple[float, ...]
    leading: int | None
    """Index of the hypothesis with the highest total; None when two share it."""


def matrix(report: Report) -> Matrix:
    """The matrix; findings whose claim was struck are shown and do not count."""
    claims = {claim.id: claim for claim in report.claims}
    rows = []
    totals = [0.0] * len(report.hypotheses)
    for finding in report.findings:
        claim = claims.get(finding.claim)
        struck = claim is None or claim.status != "verified"
        weights = [finding.weights.get(hypothesis.id, 0.0) for hypothesis in report.hypotheses]
        if not struck:
            totals = [total + weight for total, weight in zip(totals, weights, strict=True)]
        cells = tuple(
            Cell(weight, _tone(weight), finding.decisive_for == hypothesis.id)
            for weight, hypothesis in zip(weights, report.hypotheses, strict=True)
        )
        said = claim.text or claim.template if claim else finding.reading
        rows.append(Row(finding.claim, said, struck, finding.provenance, finding.sensors, cells))
    best = max(totals, default=0.0)
    leading = totals.index(best) if totals.count(best) == 1 else None
    return Matrix(report.hypotheses, tuple(rows), tuple(totals), leading)


def _tone(weight: float) -> str:
    if abs(weight) < 0.05:
        return "none"
    strength = 1 if abs(weight) < 0.75 else 2 if abs(weight) < 1.75 else 3
    return f"{'for' if weight > 0 else 'against'}{strength}"
