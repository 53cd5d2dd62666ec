"""Counts and rates. A rate without a denominator is None ("not measured"), never 0 and never 1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

_Z95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n`, with its 95 % Wilson interval."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """The share; None when nothing was counted."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson score interval; None when nothing was counted.

        Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927)."""
        if not self.n:
            return None
        share, z2 = self.hits / self.n, _Z95**2
        middle = (share + z2 / (2 * self.n)) / (1 + z2 / self.n)
        half = _Z95 * sqrt(share * (1 - share) / self.n + z2 / (4 * self.n**2)) / (1 + z2 / self.n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if self.value is None or self.interval is None:
            return "not measured"
        low, high = self.interval
        return f"{self.value:.3f} ({self.hits}/{self.n}, 95 % {low:.3f} to {high:.3f})"


@dataclass(frozen=True, slots=True)
class Binary:
    """A two-class confusion; positive is a real attack."""

    tp: int
    fp: int
    tn: int
    fn: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> "Binary":
        """Counts (truth, prediction) pairs."""
        counts = {(True, True): 0, (False, True): 0, (False, False): 0, (True, False): 0}
        for pair in pairs:
            counts[pair] += 1
        return cls(counts[True, True], counts[False, True], counts[False, False], counts[True, False])

    @property
    def recall(self) -> Rate:
        """Of the real positives, how many were predicted (TPR)."""
        return Rate(self.tp, self.tp + self.fn)

    @property
    def precision(self) -> Rate:
        """Of those predicted positive, how many were real."""
        return Rate(self.tp, self.tp + self.fp)

    @property
    def false_positive_rate(self) -> Rate:
        """Of the real negatives, how many were predicted positive."""
        return Rate(self.fp, self.fp + self.tn)

    @property
    def accuracy(self) -> Rate:
        """How many were predicted right."""
        return Rate(self.tp + self.tn, self.tp + self.fp + self.tn + self.fn)


def auc(truths: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Area under the ROC curve by ranks (Mann-Whitney), ties counted half; None unless both classes are there."""
    positives = [score for truth, score in zip(truths, scores, strict=True) if truth]
    negatives = [score for truth, score in zip(truths, scores, strict=True) if not truth]
    if not positives or not negatives:
        return None
    ranks = _average_ranks([*positives, *negatives])
    above = sum(ranks[: len(positives)]) - len(positives) * (len(positives) + 1) / 2
    return above / (len(positives) * len(negatives))


def _average_ranks(scores: Sequence[float]) -> list[float]:
    """Rank of each score from 1, equal scores sharing the mean of their ranks."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks = [0.0] * len(scores)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and scores[order[end + 1]] == scores[order[start]]:
            end += 1
        for index in order[start : end + 1]:
            ranks[index] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of `values` lie, linearly interpolated; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
