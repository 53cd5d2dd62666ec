"""What embeds texts: a model fitted on the documents, or one at an endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.embed import METHOD, Embedder, Matrix
from knowledge.endpoint import EmbeddingEndpoint
from knowledge.errors import EmbeddingError
from knowledge.search.question import Question

_FAR_OUT: Final = 3.5
"""Standard deviations above the cosine of two sections that have nothing to do with each other."""
_LEAST: Final = 0.3
_MOST: Final = 0.95
"""What that comes to at most, however alike the sections are; and at least."""
_MOST_COMPARED: Final = 200
NEVER: Final = 2.0
"""A cosine that none reaches."""


class Space(Protocol):
    """What embeds. Vectors of two ids are never compared."""

    @property
    def id(self) -> str:
        """Names the method and what it was fitted on."""

    @property
    def sufficient_cosine(self) -> float:
        """From here on a section fits that shares none of its words."""

    @property
    def sections(self) -> int:
        """How many it was fitted on; 0 where that does not matter."""

    def documents(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, a row for each text. Raises: EmbeddingError"""

    def question(self, question: Question) -> Matrix:
        """One unit vector. Raises: EmbeddingError"""

    def to_bytes(self) -> bytes:
        """What the store keeps of it."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The embedder fitted on the documents; a question in one language is asked in both."""

    embedder: Embedder
    sufficient_cosine: float = NEVER

    @property
    def id(self) -> str:
        return self.embedder.id

    @property
    def sections(self) -> int:
        return self.embedder.sections

    def documents(self, texts: Sequence[str]) -> Matrix:
        return self.embedder.embed(texts)

    def question(self, question: Question) -> Matrix:
        vectors: Matrix = self.embedder.embed([question.text])
        return vectors.reshape(-1)

    def to_bytes(self) -> bytes:
        return self.embedder.to_bytes()


class Baseline(BaseModel):
    """What is kept of an endpoint beside its vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    dimensions: int
    unrelated: float
    """Cosine that sections of different documents hardly ever reach."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A model at an endpoint, which is asked in the words of the person."""

    endpoint: EmbeddingEndpoint
    baseline: Baseline
    sections: int = 0

    @property
    def id(self) -> str:
        return f"{remote_id(self.endpoint)}-{self.baseline.dimensions}"

    @property
    def sufficient_cosine(self) -> float:
        return self.baseline.unrelated

    def documents(self, texts: Sequence[str]) -> Matrix:
        return self._checked(self.endpoint.embed(texts))

    def question(self, question: Question) -> Matrix:
        return self._checked(self.endpoint.embed([question.asked], query=True)).reshape(-1)

    def to_bytes(self) -> bytes:
        return self.baseline.model_dump_json().encode()

    def _checked(self, vectors: Matrix) -> Matrix:
        if vectors.shape[1] != self.baseline.dimensions:
            expected = self.baseline.dimensions
            raise EmbeddingError(f"{self.endpoint.base_url} gives {vectors.shape[1]} numbers instead of {expected}")
        return vectors


def remote_id(endpoint: EmbeddingEndpoint) -> str:
    """Of all vectors of this model there, whatever their length."""
    digest = sha256(f"{endpoint.base_url}\x00{endpoint.model}".encode()).hexdigest()[:12]
    return f"endpoint-{digest}"


def probed(endpoint: EmbeddingEndpoint, texts: Sequence[str]) -> Remote:
    """The model at the endpoint, its length and its baseline found out on some sections of different documents.

    Raises: EmbeddingError"""
    vectors = endpoint.embed(list(texts)[:_MOST_COMPARED] or ["a document"])
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    far = float(cosines.mean() + _FAR_OUT * cosines.std()) if len(cosines) > 1 else 1.0
    known = Baseline(model=endpoint.model, dimensions=vectors.shape[1], unrelated=min(_MOST, max(_LEAST, far)))
    return Remote(endpoint, known)


def restored(embedder_id: str, stored: bytes, endpoint: EmbeddingEndpoint | None) -> Space | None:
    """The space whose vectors are live; None when it cannot embed a question any more."""
    if embedder_id.startswith(f"{METHOD}-"):
        return Fitted(Embedder.from_bytes(stored))
    if endpoint is not None and embedder_id.startswith(f"{remote_id(endpoint)}-"):
        try:
            return Remote(endpoint, Baseline.model_validate_json(stored))
        except ValidationError:
            return None
    return None
