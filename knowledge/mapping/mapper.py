"""Text to techniques: a fitted linear model and the examples nearest in words, fused; retrieval alone when unfitted."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.mapping.texts import TechniqueText


@dataclass(frozen=True, slots=True)
class Mapped:
    """A technique a text may speak of."""

    technique_id: str
    name: str
    score: float
    """0 to 1; of a fitted mapper it can be compared between texts."""
    why: tuple[str, ...]
    """Words and word pairs of the text that weighed most, the heaviest first."""


class Mapper:
    """Maps texts to techniques that exist. Made by `fit_mapper`, `load_mapper` or `retrieval_mapper`."""

    @property
    def fitted(self) -> bool:
        """Whether it has learnt from examples, or only looks techniques up by their words."""
        return False

    def map(self, text: str, limit: int = 5) -> tuple[Mapped, ...]:
        """The techniques that fit best, best first; none when no word of the text is known."""
        return ()


def retrieval_mapper(techniques: Sequence[TechniqueText] = ()) -> Mapper:
    """A mapper that has learnt nothing: it looks up names and descriptions; without any, the shipped names alone."""
    return Mapper()
