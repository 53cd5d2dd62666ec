"""The dense channel by another embedder: any endpoint that speaks the OpenAI form of `/embeddings`.

The texts of the documents and of every query are sent there, those of the operator (T0) and those brought from outside
(T2) alike, with the names of hosts and people in them: whoever sets an endpoint decides that it may read them.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from knowledge.errors import EmbeddingError

if TYPE_CHECKING:
    from httpx2 import Client, Response

    from knowledge.embed import Matrix

_MOST_BYTES: Final = 64_000_000
_PASSING: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""


class EmbeddingSettings(BaseSettings):
    """Settings of the embedding endpoint. The environment names carry the prefix `MCPSOC_EMBEDDING_`."""

    model_config = SettingsConfigDict(env_prefix="MCPSOC_EMBEDDING_", frozen=True, extra="ignore")

    model: str = ""
    """Name of the model at the endpoint; empty: vectors are fitted on the documents themselves."""
    base_url: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    """Of the endpoint, up to and without `/embeddings`."""
    api_key: SecretStr | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=600)
    """How long one request may take, in seconds; a query's at most three of them."""
    batch: int = Field(default=64, ge=1, le=2048)
    """Texts sent in one request."""
    retries: int = Field(default=2, ge=0, le=10)
    """How often a request that failed in passing is sent again; one of a query is not."""


class _Row(BaseModel):
    """The vector of one text of a request."""

    model_config = ConfigDict(extra="ignore")

    index: int = Field(ge=0)
    embedding: list[float] = Field(min_length=1, max_length=65_536)


class _Answer(BaseModel):
    """What `/embeddings` answers."""

    model_config = ConfigDict(extra="ignore")

    data: list[_Row]


class EmbeddingEndpoint:
    """A model at an endpoint. Safe to use from several threads. Answers are unit vectors of one length."""

    def __init__(self, settings: EmbeddingSettings, pause_s: float = 0.5) -> None:
        self.model = settings.model
        self.base_url = settings.base_url.rstrip("/")
        self._settings = settings
        self._pause_s = pause_s
        self._client: Client | None = None

    def embed(self, texts: Sequence[str], *, query: bool = False) -> "Matrix":
        """Unit vectors, one row per text.

        Raises: EmbeddingError when the endpoint cannot be reached, refuses, or does not answer one vector per text."""
        import numpy as np

        rows = [row for at in range(0, len(texts), self._settings.batch) for row in self._batch(texts, at, query)]
        lengths = {len(row) for row in rows}
        if len(lengths) > 1:
            raise EmbeddingError(f"{self.base_url} gives vectors of different lengths: {sorted(lengths)}")
        vectors = np.array(rows, dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise EmbeddingError(f"{self.base_url} gives vectors that are no numbers")
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(norms == 0, 1, norms), dtype=np.float32)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _batch(self, texts: Sequence[str], at: int, query: bool) -> list[list[float]]:
        part = list(texts[at : at + self._settings.batch])
        found = self._parsed(self._asked(part, query))
        by_place = {row.index: row.embedding for row in found.data}
        if sorted(by_place) != list(range(len(part))):
            raise EmbeddingError(f"{self.base_url} answered {len(found.data)} vectors for {len(part)} texts")
        return [by_place[place] for place in range(len(part))]

    def _asked(self, texts: Sequence[str], query: bool) -> bytes:
        attempts = 1 if query else self._settings.retries + 1
        for attempt in range(attempts):
            try:
                return self._sent(texts, min(3.0, self._settings.timeout_s) if query else self._settings.timeout_s)
            except EmbeddingError as error:
                if not error.passing or attempt + 1 == attempts:
                    raise
            time.sleep(self._pause_s * 2**attempt)
        raise EmbeddingError(f"{self.base_url} was not asked")

    def _sent(self, texts: Sequence[str], timeout_s: float) -> bytes:
        from httpx2 import HTTPError

        body = {"model": self.model, "input": list(texts), "encoding_format": "float"}
        url = f"{self.base_url}/embeddings"
        try:
            with self._opened().stream("POST", url, json=body, timeout=timeout_s) as response:
                return self._read(response)
        except HTTPError as error:
            raise EmbeddingError(f"{url} cannot be reached: {type(error).__name__}", passing=True) from error

    def _read(self, response: "Response") -> bytes:
        if response.status_code != 200:
            passing = response.status_code in _PASSING
            raise EmbeddingError(f"{self.base_url} answered {response.status_code} to {self.model!r}", passing=passing)
        parts, size = list[bytes](), 0
        for part in response.iter_bytes():
            size += len(part)
            if size > _MOST_BYTES:
                raise EmbeddingError(f"{self.base_url} answered more than {_MOST_BYTES} bytes")
            parts.append(part)
        return b"".join(parts)

    def _parsed(self, body: bytes) -> _Answer:
        try:
            return _Answer.model_validate_json(body)
        except ValidationError as error:
            raise EmbeddingError(f"{self.base_url} does not answer in the form of /embeddings") from error

    def _opened(self) -> "Client":
        if self._client is None:
            from httpx2 import Client

            key = self._settings.api_key
            headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
            self._client = Client(headers={"Accept-Encoding": "identity", **headers}, follow_redirects=False)
        return self._client


def endpoint_of(settings: EmbeddingSettings) -> EmbeddingEndpoint | None:
    """The endpoint that was set; None when vectors are to be fitted.

    Raises: EmbeddingError when only one of model and base URL is set."""
    if not settings.model and not settings.base_url:
        return None
    if not settings.model or not settings.base_url:
        raise EmbeddingError("set both MCPSOC_EMBEDDING_MODEL and MCPSOC_EMBEDDING_BASE_URL, or neither")
    return EmbeddingEndpoint(settings)
