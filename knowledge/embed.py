"""The dense channel of the search: vectors fitted on the corpus itself, so that nothing has to be downloaded.

Words (in Chinese: pairs of signs) and four-letter pieces of words are weighted (TF-IDF) and reduced to a few dimensions
in which words that stand together lie together (truncated SVD, by the randomised method of Halko, Martinsson and
Tropp, 2011). It works in numpy alone: the usual library for it takes four seconds to import.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from knowledge.tokens import tokens

Matrix: TypeAlias = NDArray[np.float32]

METHOD = "tfidf-svd-2"
_LARGEST_VOCABULARY = 8_192
_LARGEST_SAMPLE = 4_000
_PIECE = 4
_FEW = 1_200


@dataclass(frozen=True, slots=True)
class Embedder:
    """A fitted embedder. `id` names the method and the corpus, so that vectors of another one are never compared."""

    id: str
    vocabulary: dict[str, int]
    idf: Matrix
    components: Matrix
    """Row per word of the vocabulary."""
    sections: int = 0
    """Of the corpus it was fitted on."""

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, one row per text; zero for a text without a single known word."""
        rows = np.zeros((len(texts), self.components.shape[1]), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            counts = _counts(text, self.vocabulary)
            if counts:
                places = np.fromiter(counts, dtype=np.int64)
                row[:] = (_weights(counts) * self.idf[places]) @ self.components[places]
        return _unit(rows)

    def to_bytes(self) -> bytes:
        """For storing beside the vectors."""
        buffer = io.BytesIO()
        names = np.frombuffer(json.dumps([self.id, self.sections, list(self.vocabulary)]).encode(), dtype=np.uint8)
        np.savez(buffer, names=names, idf=self.idf, components=self.components)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Embedder":
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            embedder_id, sections, words = json.loads(arrays["names"].tobytes())
            vocabulary = {word: place for place, word in enumerate(words)}
            return cls(embedder_id, vocabulary, arrays["idf"], arrays["components"], sections)


def embedder_id(corpus: Mapping[str, str], dimensions: int) -> str:
    """The id of the embedder that fitting on this corpus (text by section id) gives."""
    digest = sha256("\x00".join(f"{key}\x01{text}" for key, text in corpus.items()).encode()).hexdigest()[:16]
    return f"{METHOD}-{dimensions}-{digest}"


def fit(corpus: Mapping[str, str], dimensions: int, sections: int | None = None) -> Embedder:
    """An embedder of the corpus (text by section id), which may be a sample of so many sections; an equal corpus gives
    equal vectors."""
    return _fit(tuple(corpus.items()), dimensions, sections)


@lru_cache(maxsize=1)
def _fit(corpus: tuple[tuple[str, str], ...], dimensions: int, sections: int | None) -> Embedder:
    """Many a home begins with the same documents."""
    texts = [text for _, text in corpus]
    step = max(1, len(texts) // _LARGEST_SAMPLE)
    sample = [Counter(_terms(text)) for text in texts[::step]]
    frequency = Counter(term for counts in sample for term in counts)
    words = [word for word, _ in sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[:_LARGEST_VOCABULARY]]
    vocabulary = {word: place for place, word in enumerate(words)}
    spread = np.array([frequency[word] for word in words], dtype=np.float32)
    idf = (np.log((1 + len(sample)) / (1 + spread)) + 1).astype(np.float32)
    components = _components(_table(sample, vocabulary, idf), dimensions)
    return Embedder(embedder_id(dict(corpus), dimensions), vocabulary, idf, components, sections or len(texts))


def _table(sample: Sequence[Counter[str]], vocabulary: dict[str, int], idf: Matrix) -> Matrix:
    table = np.zeros((len(sample), len(vocabulary)), dtype=np.float32)
    for row, terms in zip(table, sample, strict=True):
        counts = {vocabulary[term]: count for term, count in terms.items() if term in vocabulary}
        if counts:
            places = np.fromiter(counts, dtype=np.int64)
            row[places] = _weights(counts) * idf[places]
    return _unit(table)


def _components(table: Matrix, dimensions: int) -> Matrix:
    """The directions along which the texts differ most, one column each."""
    rank = min(dimensions, *table.shape) if table.size else 0
    padded = np.zeros((table.shape[1], dimensions), dtype=np.float32)
    if rank:
        directions = _by_products(table, rank) if len(table) <= _FEW else _by_words(table, rank)
        padded[:, : len(directions)] = directions.T
    return padded


def _by_products(table: Matrix, rank: int) -> Matrix:
    """From the products of the texts with each other, a small square as long as there are few texts."""
    products = table @ table.T
    basis = _basis(products, rank)
    values, vectors = np.linalg.eigh(basis.T @ products @ basis)
    strengths = np.sqrt(np.maximum(values[::-1][:rank], 1e-6))
    return np.asarray(((basis @ vectors[:, ::-1][:, :rank]) / strengths).T @ table, dtype=np.float32)


def _by_words(table: Matrix, rank: int) -> Matrix:
    guess = np.random.default_rng(0).standard_normal((table.shape[1], min(rank + 8, table.shape[1])))
    basis = np.linalg.qr(table @ guess.astype(np.float32))[0]
    for _ in range(2):
        basis = np.linalg.qr(table @ (table.T @ basis))[0]
    return np.asarray(np.linalg.svd(basis.T @ table, full_matrices=False)[2][:rank], dtype=np.float32)


def _basis(products: Matrix, rank: int) -> Matrix:
    guess = np.random.default_rng(0).standard_normal((len(products), min(rank + 8, len(products))))
    basis = guess.astype(np.float32)
    for _ in range(4):
        basis = np.linalg.qr(products @ basis)[0]
    return basis


def _weights(counts: dict[int, int]) -> Matrix:
    return 1 + np.log(np.fromiter(counts.values(), dtype=np.float32))


def _counts(text: str, vocabulary: dict[str, int]) -> dict[int, int]:
    return {vocabulary[term]: count for term, count in Counter(_terms(text)).items() if term in vocabulary}


def _terms(text: str) -> Iterator[str]:
    """Words, and pieces of long words, so that inflections and typing errors still meet."""
    for word in tokens(text):
        yield word
        if len(word) > _PIECE:
            yield from (f"~{word[at : at + _PIECE]}" for at in range(len(word) - _PIECE + 1))


def _unit(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)
