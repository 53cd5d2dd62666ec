"""Three ways to hold a text against the techniques; each gives one number per technique.

`Linear` weighs every term for every technique. `Nearest` asks which single example is closest in words. `Whole` takes
all that is written of a technique as one document, which holds better for texts of another style than the examples.
"""

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge.mapping.terms import Numbers, Places, Postings, Vocabulary, Weights, bm25, known_counts, merged

_NEAREST: Final = (1.5, 0.75)
_WHOLE: Final = (3.0, 0.75)
"""k1 and b of BM25; a high k1 lets a word that stands in many examples of a technique count for more."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model over TF-IDF, kept as what each example adds: smaller than a weight per term and technique."""

    rows: Postings
    shares: Numbers
    """Row per example, column per technique."""

    def scores(self, text: Weights) -> Numbers:
        """About 1 for a technique that the text speaks of, about 0 for another."""
        scores: Numbers = self.rows.sums(text) @ self.shares
        return scores

    def weight(self, term: int, technique: int) -> float:
        """What one term says for one technique."""
        rows, values = self.rows.of(term)
        return float(values @ self.shares[rows, technique])


@dataclass(frozen=True, slots=True)
class Nearest:
    """BM25 over single examples; a technique is worth its best one."""

    rows: Postings
    firsts: NDArray[np.int64]
    """Where the examples of each technique begin: they stand together, in the order of the techniques."""

    def scores(self, words: Weights) -> Numbers:
        """BM25 of the best example of each technique."""
        best: Numbers = np.maximum.reduceat(self.rows.sums(words), self.firsts)
        return best


@dataclass(frozen=True, slots=True)
class Whole:
    """BM25 over all that is written of a technique."""

    rows: Postings
    best: Numbers
    """The most that each term can add to any technique."""

    def scores(self, terms: Weights) -> Numbers:
        """BM25 of each technique."""
        return self.rows.sums(terms)

    def coverage(self, terms: Weights) -> Numbers:
        """Share of what the text's terms could be worth: 1 when one technique holds all of them at their best."""
        possible = sum(float(self.best[term]) * weight for term, weight in terms.items())
        return self.scores(terms) / max(possible, 1e-9)

    def weight(self, term: int, technique: int) -> float:
        """What one term says for one technique."""
        rows, values = self.rows.of(term)
        return float(values[rows == technique].sum())


def nearest_channel(vocabulary: Vocabulary, texts: list[Counter[str]], labels: Places) -> Nearest:
    """Over texts that stand in the order of their labels, every label at least once."""
    rows = [known_counts(vocabulary, counts, words_only=True) for counts in texts]
    firsts = np.searchsorted(labels, np.arange(int(labels[-1]) + 1))
    return Nearest(bm25(rows, len(vocabulary.places), *_NEAREST), firsts)


def whole_channel(vocabulary: Vocabulary, texts: list[Counter[str]], labels: Places) -> Whole:
    """Over texts that stand in the order of their labels, every label at least once."""
    bounds = np.searchsorted(labels, np.arange(int(labels[-1]) + 2))
    documents = [merged(texts[start:end]) for start, end in itertools.pairwise(bounds)]
    width = len(vocabulary.places)
    rows = bm25([known_counts(vocabulary, counts) for counts in documents], width, *_WHOLE)
    return Whole(rows, best_of(rows))


def best_of(rows: Postings) -> Numbers:
    """The largest value of each term, 0 for a term that no row holds."""
    best = np.zeros(len(rows.starts) - 1, dtype=np.float32)
    np.maximum.at(best, np.repeat(np.arange(len(best)), np.diff(rows.starts)), rows.values)
    return best
