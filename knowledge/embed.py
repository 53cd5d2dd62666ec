"""The dense channel of the search: vectors fitted on the corpus itself, so that nothing has to be downloaded.

Words and four-letter pieces of words are weighted (TF-IDF) and reduced to a few dimensions in which words that stand
together lie together (truncated SVD, by the randomised method of Halko, Martinsson and Tropp, 2011). It works in numpy
alone: the usual library for it takes four seconds to import.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float32]

METHOD = "tfidf-svd-1"
_LARGEST_VOCABULARY = 8_192
_LARGEST_SAMPLE = 4_000
_PIECE = 4
_TOKEN = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_STOP = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by can do does for from had has have how i if in into is it its me my no not
        of on or our should so such than that the their them then there these they this to was we were what when where
        which whether who whose will with you your""",
    )
)


def tokens(text: str) -> list[str]:
    """Words of a text that carry meaning; an ATT&CK sub-technique also counts as its technique."""
    found: list[str] = []
    for word in _TOKEN.findall(text.lower()):
        if word in _STOP:
            continue
        found.append(_stem(word))
        found.extend(_stem(part) for part in re.split(r"[._-]", word)[:4] if part != word and len(part) > 1)
    return found


@dataclass(frozen=True, slots=True)
class Embedder:
    """A fitted embedder. `id` names the method and the corpus, so that vectors of another one are never compared."""

    id: str
    vocabulary: dict[str, int]
    idf: Matrix
    components: Matrix
    """Row per word of the vocabulary."""

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
        names = np.frombuffer(json.dumps([self.id, list(self.vocabulary)]).encode(), dtype=np.uint8)
        np.savez_compressed(buffer, names=names, idf=self.idf, components=self.components)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Embedder":
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            embedder_id, words = json.loads(arrays["names"].tobytes())
            vocabulary = {word: place for place, word in enumerate(words)}
            return cls(embedder_id, vocabulary, arrays["idf"], arrays["components"])


def embedder_id(corpus: Mapping[str, str], dimensions: int) -> str:
    """The id of the embedder that fitting on this corpus (text by section id) gives."""
    digest = sha256("\x00".join(f"{key}\x01{text}" for key, text in corpus.items()).encode()).hexdigest()[:16]
    return f"{METHOD}-{dimensions}-{digest}"


def fit(corpus: Mapping[str, str], dimensions: int) -> Embedder:
    """An embedder of the corpus (text by section id); an equal corpus gives equal vectors."""
    texts = list(corpus.values())
    step = max(1, len(texts) // _LARGEST_SAMPLE)
    sample = [Counter(_terms(text)) for text in texts[::step]]
    frequency = Counter(term for counts in sample for term in counts)
    words = [word for word, _ in sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[:_LARGEST_VOCABULARY]]
    vocabulary = {word: place for place, word in enumerate(words)}
    spread = np.array([frequency[word] for word in words], dtype=np.float32)
    idf = (np.log((1 + len(sample)) / (1 + spread)) + 1).astype(np.float32)
    components = _components(_table(sample, vocabulary, idf), dimensions)
    return Embedder(embedder_id(corpus, dimensions), vocabulary, idf, components)


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
    if rank == 0:
        return np.zeros((table.shape[1], dimensions), dtype=np.float32)
    guess = np.random.default_rng(0).standard_normal((table.shape[1], min(rank + 8, table.shape[1])))
    basis = np.linalg.qr(table @ guess.astype(np.float32))[0]
    for _ in range(3):
        basis = np.linalg.qr(table @ (table.T @ basis))[0]
    directions = np.linalg.svd(basis.T @ table, full_matrices=False)[2][:rank]
    padded = np.zeros((table.shape[1], dimensions), dtype=np.float32)
    padded[:, : len(directions)] = directions.T
    return padded


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


def _stem(word: str) -> str:
    """A word without its commonest English endings; only long ones are cut."""
    for ending in ("ing", "ed", "es", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word
