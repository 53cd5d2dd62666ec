"""A rate as a report shows it: what it was counted from, and how far it can be trusted."""

from typing import TypeAlias

from agent.models import Model
from evals.statistics import Rate

Interval: TypeAlias = tuple[float, float]


class Measured(Model):
    """A rate with what it was counted from; `value` and `wilson` are null when nothing was counted."""

    hits: int
    n: int
    value: float | None
    wilson: Interval | None

    @classmethod
    def of(cls, rate: Rate) -> "Measured":
        """The rate, rounded to what its denominators bear."""
        value = None if rate.value is None else round(rate.value, 4)
        return cls(hits=rate.hits, n=rate.n, value=value, wilson=wilson(rate))

    def __str__(self) -> str:
        return str(Rate(self.hits, self.n))


def wilson(rate: Rate) -> Interval | None:
    """The rate's 95 % interval to four places."""
    interval = rate.interval
    return None if interval is None else (round(interval[0], 4), round(interval[1], 4))
