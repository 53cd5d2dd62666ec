"""How much a probe asks, and what that will cost about."""

from dataclasses import dataclass
from typing import Final

SMALLEST: Final = 8_000
"""Tokens of the shortest long document: about what a case with all its evidence comes to."""
DECISION_TOKENS: Final = 2_300
"""Of one decision: the rules and the schema that open every case, one small case, and the answer."""
SMALL_TOKENS: Final = 500
"""Of any other question."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked."""

    quick: bool = False
    """Half of every kind of question, and one long document."""
    context: int = 32_000
    """Longest document that is tried, in tokens of four characters; at least SMALLEST."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Lengths of the long documents, shortest first."""
        if self.quick or self.context <= SMALLEST:
            return (SMALLEST,)
        doubled = [SMALLEST]
        while doubled[-1] * 2 < self.context:
            doubled.append(doubled[-1] * 2)
        return (*doubled, self.context)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a probe stops whatever is still to be asked."""

    requests: int = 45
    tokens: int = 250_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a probe will send, told before it begins."""

    requests: int
    tokens: int


def estimate(scope: Scope) -> Estimate:
    """About how much is asked of a model that answers everything at the first try."""
    decisions = 6 if scope.quick else 11
    small = 6 if scope.quick else 10
    tokens = decisions * DECISION_TOKENS + small * SMALL_TOKENS + sum(scope.sizes)
    return Estimate(requests=decisions + small + len(scope.sizes), tokens=round(tokens, -3))
