"""From how each story ended to a report: pure counting, no pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

from agent.models import CLOSING, Disposition, Usage
from evals.measured import Measured
from evals.report import DISPOSITIONS, Calls, ClaimCount, Escalation, FamilyRow, StoriesReport, peak_rss_mb
from evals.statistics import Binary, Rate, percentile
from servers.lab.casting import FAMILY_ORDER

FAMILIES: tuple[str, ...] = FAMILY_ORDER
"""Story families of the lab."""
KINDS = ("attack", "benign_twin", "sensor_blind", "attack_killed_sensor", "attack_beside_authorised")
"""Kinds of story, in the order of a report."""
ATTACKS = frozenset({"attack", "attack_killed_sensor", "attack_beside_authorised"})
ESCALATED: frozenset[Disposition] = frozenset({"true_positive", "needs_human"})


@dataclass(frozen=True, slots=True)
class Ended:
    """How one story of one lab ended, beside what the lab knows to be true."""

    seed: int
    family: str
    kind: str
    expected: tuple[str, ...]
    disposition: Disposition
    severity: str
    likelihood: float
    claims: ClaimCount
    required: tuple[str, ...]
    """What the lab says must be found."""
    found: tuple[str, ...]
    calls: int
    seconds: float
    usage: Usage = field(default_factory=Usage)
    fell_back: tuple[str, ...] = ()
    """Why the embedded brain stood in for a model, once for each decision."""
    cut: tuple[str, ...] = ()
    concluded: Disposition | None = None

    @property
    def as_expected(self) -> bool:
        """Whether the disposition is one the lab accepts."""
        return self.disposition in self.expected


def score(
    ended: Sequence[Ended],
    *,
    brain: str,
    seeds: int,
    first_seed: int,
    seconds: float,
    busy_s: float,
    interrupted: bool = False,
) -> StoriesReport:
    """The report over `ended`; `busy_s` is the time spent on cases alone, without building labs."""
    seconds_each = [item.seconds for item in ended]
    calls = [float(item.calls) for item in ended]
    return StoriesReport(
        brain=brain,
        seeds=seeds,
        first_seed=first_seed,
        n=len(ended),
        confusion=_confusion(ended),
        claims=_claims(ended),
        worst=worst(ended),
        seconds=round(seconds, 2),
        expected_rate={kind: Measured.of(_expected(ended, kind)) for kind in KINDS},
        escalation=_escalation(ended),
        attacks_closed=sum(item.kind in ATTACKS and item.disposition in CLOSING for item in ended),
        required_evidence=Measured.of(
            Rate(sum(len(item.found) for item in ended), sum(len(item.required) for item in ended))
        ),
        calls=Calls(median=percentile(calls, 0.5), p95=percentile(calls, 0.95), total=int(sum(calls))),
        case_seconds_p95=percentile(seconds_each, 0.95),
        cases_per_minute=round(60 * len(ended) / busy_s, 1) if ended and busy_s > 0 else None,
        peak_rss_mb=peak_rss_mb(),
        interrupted=interrupted,
        usage=reduce(Usage.plus, (item.usage for item in ended), Usage()),
        fell_back=sum(len(item.fell_back) for item in ended),
        cases=tuple(_row(item) for item in ended),
    )


def badness(item: Ended) -> tuple[int, float]:
    """How far from the truth: a closed attack first, then an attack nobody is sent to, then work for nothing."""
    if item.as_expected:
        return 0, 0.0
    if item.kind in ATTACKS:
        order: dict[Disposition, int] = {"needs_human": 2, "not_evaluable": 4, "true_positive": 1}
        return order.get(item.disposition, 6), 1 - item.likelihood
    if item.kind == "sensor_blind" and item.disposition in CLOSING:
        return 5, 1 - item.likelihood
    return 3 if item.disposition == "true_positive" else 1, item.likelihood


def worst(ended: Sequence[Ended]) -> str | None:
    """The story furthest from the truth, in words; None when each ended as expected."""
    item = max(ended, key=badness, default=None)
    if item is None or badness(item)[0] == 0:
        return None
    return f"seed {item.seed} {item.family}/{item.kind}: {item.disposition}, expected {' or '.join(item.expected)}"


def _confusion(ended: Sequence[Ended]) -> dict[str, dict[str, int]]:
    counts = {kind: dict.fromkeys(map(str, DISPOSITIONS), 0) for kind in KINDS}
    for item in ended:
        counts[item.kind][item.disposition] += 1
    return counts


def _claims(ended: Sequence[Ended]) -> ClaimCount:
    return ClaimCount(
        total=sum(item.claims.total for item in ended),
        verified=sum(item.claims.verified for item in ended),
        struck=sum(item.claims.struck for item in ended),
    )


def _expected(ended: Sequence[Ended], kind: str) -> Rate:
    of_kind = [item for item in ended if item.kind == kind]
    return Rate(sum(item.as_expected for item in of_kind), len(of_kind))


def _escalation(ended: Sequence[Ended]) -> Escalation:
    decided = [item for item in ended if item.kind != "sensor_blind"]
    counted = Binary.of((item.kind in ATTACKS, item.disposition in ESCALATED) for item in decided)
    return Escalation(recall=Measured.of(counted.recall), precision=Measured.of(counted.precision))


def _row(item: Ended) -> FamilyRow:
    return FamilyRow(
        seed=item.seed,
        family=item.family,
        kind=item.kind,
        disposition=item.disposition,
        as_expected=item.as_expected,
        severity=item.severity,
        likelihood=item.likelihood,
        calls=item.calls,
        seconds=round(item.seconds, 3),
        concluded=item.concluded,
        usage=item.usage,
        fell_back=item.fell_back,
        cut=item.cut,
    )
