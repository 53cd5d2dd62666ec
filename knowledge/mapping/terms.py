"""Texts as numbers: which terms a vocabulary holds, and for each of them how much it counts in which row.

Source: TF-IDF after Salton and Buckley (1988) with the logarithm of the count; BM25 in the variant of Lucene.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from knowledge.mapping.parts import is_piece, is_word, parts

Numbers: TypeAlias = NDArray[np.float32]
Places: TypeAlias = NDArray[np.int32]
Weights: TypeAlias = dict[int, float]
"""How much each term of a text counts, by its place in the vocabulary."""

_LEAST_PIECES: Final = 3
_LEAST_PAIRS: Final = 2


@dataclass(frozen=True, slots=True)
class Postings:
    """A table by columns: for each term the rows that hold it, and how much it counts there."""

    starts: NDArray[np.int64]
    """Where a term begins in the other two; one more than there are terms."""
    rows: Places
    values: Numbers
    height: int
    """How many rows there are."""

    def sums(self, weights: Weights) -> Numbers:
        """What each row is worth to a text."""
        held = [(self.starts[term], self.starts[term + 1], weight) for term, weight in weights.items()]
        if not held:
            return np.zeros(self.height, dtype=np.float32)
        rows = np.concatenate([self.rows[start:end] for start, end, _ in held])
        values = np.concatenate([self.values[start:end] * weight for start, end, weight in held])
        return np.bincount(rows, weights=values, minlength=self.height).astype(np.float32)

    def of(self, term: int) -> tuple[Places, Numbers]:
        """The rows that hold a term, and how much it counts there."""
        held = slice(self.starts[term], self.starts[term + 1])
        return self.rows[held], self.values[held]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms that are known, and how rare each is."""

    places: Mapping[str, int]
    rarity: Numbers

    @classmethod
    def of(cls, texts: Sequence[Counter[str]]) -> "Vocabulary":
        """The terms worth keeping: every word; pairs and pieces that stand in several texts."""
        seen = Counter(term for counts in texts for term in counts)
        kept = sorted(term for term, number in seen.items() if number >= _least(term))
        numbers = np.array([seen[term] for term in kept], dtype=np.float32)
        return cls(dict(zip(kept, range(len(kept)), strict=True)), np.log((1 + len(texts)) / (1 + numbers)) + 1)

    def tf_idf(self, counts: Counter[str]) -> Weights:
        """A text of length 1: its words and pairs make half of it, pieces of words the other half."""
        halves: tuple[Weights, Weights] = ({}, {})
        for term, count in counts.items():
            if (place := self.places.get(term)) is not None:
                halves[is_piece(term)][place] = (1 + math.log(count)) * float(self.rarity[place])
        return {place: weight for half in halves for place, weight in _of_length_one(half, halves).items()}

    def words(self, counts: Counter[str]) -> Weights:
        """The whole words of a text that are known, each counting the same."""
        return {self.places[term]: 1.0 for term in counts if is_word(term) and term in self.places}

    def terms(self, counts: Counter[str]) -> Weights:
        """All that is known of a text, each term counting the same."""
        return {self.places[term]: 1.0 for term in counts if term in self.places}


def counted(text: str) -> Counter[str]:
    """How often each term stands in a text."""
    return Counter(part.term for part in parts(text))


def postings(rows: Sequence[Weights], width: int) -> Postings:
    """The rows of a table, by columns."""
    terms = np.fromiter((term for row in rows for term in row), dtype=np.int32)
    values = np.fromiter((value for row in rows for value in row.values()), dtype=np.float32)
    places = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
    order = np.argsort(terms, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(terms, minlength=width))]).astype(np.int64)
    return Postings(starts, places[order], values[order], len(rows))


def bm25(rows: Sequence[Weights], width: int, k1: float, b: float) -> Postings:
    """Rows of counts as BM25 scores: what each term adds to the row for a text that holds it."""
    lengths = np.array([sum(row.values()) for row in rows], dtype=np.float32)
    table = postings(rows, width)
    held = np.diff(table.starts)
    rarity = np.log(1 + (len(rows) - held + 0.5) / (held + 0.5))
    room = k1 * (1 - b + b * lengths / max(float(lengths.mean()), 1e-9))
    values = table.values * (k1 + 1) / (table.values + room[table.rows]) * np.repeat(rarity, held)
    return Postings(table.starts, table.rows, values.astype(np.float32), len(rows))


def known_counts(vocabulary: Vocabulary, counts: Mapping[str, int], *, words_only: bool = False) -> Weights:
    """How often each known term, or word, stands in a text."""
    places = vocabulary.places
    return {places[t]: float(n) for t, n in counts.items() if t in places and (is_word(t) or not words_only)}


def merged(texts: Iterable[Counter[str]]) -> Counter[str]:
    """Several texts as one."""
    whole: Counter[str] = Counter()
    for counts in texts:
        whole.update(counts)
    return whole


def _of_length_one(half: Weights, halves: tuple[Weights, Weights]) -> Weights:
    parts_there = sum(bool(part) for part in halves)
    length = math.sqrt(sum(weight * weight for weight in half.values()) * parts_there)
    return {place: weight / length for place, weight in half.items()}


def _least(term: str) -> int:
    if is_piece(term):
        return _LEAST_PIECES
    return 1 if is_word(term) else _LEAST_PAIRS
