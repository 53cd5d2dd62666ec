"""What the store gives back beside documents and sections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from knowledge.models import Kind, Language, Section, Trust

Matrix: TypeAlias = NDArray[np.float32]
"""Unit vectors, one row per text; or one of them."""
ProjectionState: TypeAlias = Literal["ready", "rebuilt", "exact"]
"""`ready`: Chroma answers; `rebuilt`: it was found damaged and was made anew; `exact`: another process owns it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A section with what is known of the document it is in."""

    section: Section
    kind: Kind
    language: Language
    provenance: Trust
    source: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedder whose vectors are live. `fitted` is what it needs to embed a query; empty for an endpoint."""

    id: str
    fitted: bytes


@dataclass(frozen=True, slots=True)
class StoreStats:
    """How much the store holds and how its projection does."""

    documents: int
    sections: int
    kinds: Mapping[str, int]
    """Sections by kind; likewise by language and provenance."""
    languages: Mapping[str, int]
    provenance: Mapping[str, int]
    vectors: int
    """Of the live embedder."""
    embedder: str | None
    revision: int
    watermark: int
    """The revision that the projection has seen; what came later is searched exactly."""
    projection: ProjectionState
    rebuilt_because: str | None
    owner: int | None
    """Process that owns the projection."""
    bytes: int
    """Of the database and the projection on disk; 0 for what lies on a server."""
