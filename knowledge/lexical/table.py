"""BM25 scores of all sections, worked out once: for each word, which sections hold it and how much that counts.

Source: the eager sparse form of S. Lù (2024), BM25S, in the variant of Lucene with its k1 = 1.5 and b = 0.75.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from knowledge.models import KINDS, Filter
from knowledge.store import Held
from knowledge.tokens import searchable, tokens

Floats: TypeAlias = NDArray[np.float32]
Places: TypeAlias = NDArray[np.int32]
Codes: TypeAlias = NDArray[np.uint8]
Flags: TypeAlias = NDArray[np.bool_]

K1: Final = 1.5
B: Final = 0.75
_LANGUAGES: Final = ("en", "zh")
_CLASSES: Final = ("T0", "T2")


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is looked for. `weight` is 1 for a word of the query, less for one that was derived from it."""

    token: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """The words by column, the sections by row. The arrays may lie in a mapped file."""

    ids: tuple[str, ...]
    places: Mapping[str, int]
    """Row by section id."""
    vocabulary: Mapping[str, int]
    """Column by word."""
    starts: NDArray[np.int64]
    """Where the column of a word begins in `rows` and `scores`; one more than there are words."""
    rows: Places
    """Of one column in rising order."""
    scores: Floats
    codes: Codes
    """Kind, language and provenance of each section, one column each, as their place in the vocabulary."""
    mean_length: float

    def frequency(self, token: str) -> int:
        """How many sections hold a word."""
        column = self.vocabulary.get(token)
        return 0 if column is None else int(self.starts[column + 1] - self.starts[column])

    def ranked(self, words: Collection[Word], allowed: Flags, count: int) -> list[tuple[str, float]]:
        """The best allowed sections with their scores, best first; those without any of the words left out."""
        scores = np.zeros(len(self.ids), dtype=np.float32)
        for word in words:
            column = self.vocabulary.get(word.token)
            if column is not None:
                part = slice(int(self.starts[column]), int(self.starts[column + 1]))
                scores[self.rows[part]] += word.weight * self.scores[part]
        scores[~allowed] = 0
        best = np.argpartition(-scores, count)[:count] if count < len(scores) else np.arange(len(scores))
        best = best[scores[best] > 0]
        order = best[np.lexsort((best, -scores[best]))]
        return [(self.ids[place], float(scores[place])) for place in order]

    def holding(self, token: str, places: Places) -> Flags:
        """Which of these rows (in rising order) hold a word."""
        column = self.vocabulary.get(token)
        if column is None:
            return np.zeros(len(places), dtype=np.bool_)
        held = self.rows[int(self.starts[column]) : int(self.starts[column + 1])]
        at = np.minimum(np.searchsorted(held, places), max(0, len(held) - 1))
        return np.asarray(held[at] == places, dtype=np.bool_)

    def allowed(self, wanted: Filter) -> Flags:
        """Which sections a filter may allow; what it says of time, readers and origin only the store knows."""
        allowed = np.ones(len(self.ids), dtype=np.bool_)
        asked = (wanted.kinds, KINDS), (wanted.languages, _LANGUAGES), (wanted.provenance, _CLASSES)
        for column, (values, names) in enumerate(asked):
            if values:
                allowed &= np.array([name in values for name in names], dtype=np.bool_)[self.codes[:, column]]
        return allowed


def built(held: Iterable[Held]) -> Table:
    """The table of these sections."""
    vocabulary: dict[str, int] = {}
    ids: list[str] = []
    codes: list[tuple[int, int, int]] = []
    lengths: list[int] = []
    columns: list[NDArray[np.int32]] = []
    for row in held:
        found = [vocabulary.setdefault(token, len(vocabulary)) for token in tokens(searchable(row.section))]
        ids.append(row.section.id)
        codes.append(coded(row))
        lengths.append(len(found))
        columns.append(np.array(found, dtype=np.int32))
    joined = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int32)
    mean = float(np.mean(lengths)) if lengths else 0.0
    starts, rows, scores = _scored(joined, np.array(lengths, dtype=np.int64), len(vocabulary), mean)
    places = {key: place for place, key in enumerate(ids)}
    classes = np.array(codes, dtype=np.uint8).reshape(len(ids), 3)
    return Table(tuple(ids), places, vocabulary, starts, rows, scores, classes, mean)


def score(count: int, length: int, mean_length: float, idf: float) -> float:
    """What a word that stands `count` times in a section of `length` words adds to its score."""
    return idf * count / (count + K1 * (1 - B + B * length / max(mean_length, 1.0)))


def idf(frequency: int, sections: int) -> float:
    """How much a word tells that stands in `frequency` of so many sections."""
    return float(np.log1p((sections - frequency + 0.5) / (frequency + 0.5)))


def coded(held: Held) -> tuple[int, int, int]:
    """Kind, language and provenance as `Table.codes` holds them."""
    return _place(held.kind, KINDS), _place(held.language, _LANGUAGES), _place(held.provenance, _CLASSES)


def counted(held: Held) -> Counter[str]:
    """The words of a section and how often they stand in it."""
    return Counter(tokens(searchable(held.section)))


def _scored(
    joined: Places, lengths: NDArray[np.int64], words: int, mean: float
) -> tuple[NDArray[np.int64], Places, Floats]:
    """Starts, rows and scores from the words of all sections one after the other."""
    sections = len(lengths)
    row_of = np.repeat(np.arange(sections, dtype=np.int64), lengths)
    keys, counts = np.unique(joined.astype(np.int64) * max(sections, 1) + row_of, return_counts=True)
    column, rows = np.divmod(keys, max(sections, 1))
    frequency = np.bincount(column, minlength=words)
    told = np.log1p((sections - frequency + 0.5) / (frequency + 0.5))
    damping = K1 * (1 - B + B * lengths[rows] / max(mean, 1.0))
    scores = (told[column] * counts / (counts + damping)).astype(np.float32)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(frequency)])
    return starts, rows.astype(np.int32), scores


def _place(value: str, names: Sequence[str]) -> int:
    return names.index(value)
