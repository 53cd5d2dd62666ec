"""What a search gives."""

from dataclasses import dataclass
from typing import Final

from knowledge.models import Filter, Kind, Language, Section, Trust

OWN: Final = Filter(provenance=("T0",))
"""Documents of the operator and of the product."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that fits a query."""

    section: Section
    score: float
    """0 to 1; 1 when all channels put it first and everything that was asked for stands in its heading."""
    kind: Kind
    language: Language
    provenance: Trust
    source: str
    also: tuple[str, ...] = ()
    """Ids of near-duplicates of it that were left out."""
