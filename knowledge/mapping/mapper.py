"""Text to techniques: a fitted linear model and two rankings by words, fused; retrieval alone when unfitted."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from knowledge.attack import current_techniques
from knowledge.mapping.channels import Linear, Nearest, Whole, whole_channel
from knowledge.mapping.parts import is_piece, parts
from knowledge.mapping.terms import Numbers, Vocabulary, Weights, counted
from knowledge.mapping.texts import TechniqueText

_NEAREST_SHARE: Final = 0.15
_WHOLE_SHARE: Final = 0.4
"""How much the two rankings count beside the linear model; found on examples of entities left out of the fit."""
_RIGHT: Final = (
    (0.2, 0.0), (0.35, 0.002), (0.45, 0.014), (0.55, 0.065), (0.65, 0.18), (0.75, 0.41), (0.85, 0.63), (0.95, 0.74),
    (1.05, 0.86), (1.15, 0.92), (1.25, 0.95), (1.4, 0.99), (1.55, 1.0),
)  # fmt: skip
"""Fused score, and how often the technique was the right one: the first five for 1,704 examples left out of the fit."""
_LEAST_COVERAGE: Final = 0.25
_REASONS: Final = 5


@dataclass(frozen=True, slots=True)
class Mapped:
    """A technique a text may speak of."""

    technique_id: str
    name: str
    """As ATT&CK shows it: `Brute Force: Password Spraying` for a sub-technique."""
    score: float
    """0 to 1. Of a fitted mapper: about how often a technique of that score is the right one. Of one that only looks
    words up: the share of the text's words that the technique's own hold, the rare ones counting more."""
    why: tuple[str, ...]
    """Words and word pairs of the text that weighed most, the heaviest first."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learnt from examples."""

    linear: Linear
    nearest: Nearest


@dataclass(frozen=True, slots=True)
class Mapper:
    """Maps texts to techniques that exist. Made by `fit_mapper`, `load_mapper` or `retrieval_mapper`."""

    techniques: tuple[str, ...]
    """Ids; the columns of every channel."""
    names: tuple[str, ...]
    vocabulary: Vocabulary
    whole: Whole
    learnt: Fitted | None = None

    @property
    def fitted(self) -> bool:
        """Whether it has learnt from examples, or only looks techniques up by their words."""
        return self.learnt is not None

    def map(self, text: str, limit: int = 5) -> tuple[Mapped, ...]:
        """The techniques that fit best, best first; none when nothing of the text is known."""
        counts = counted(text)
        if not self.vocabulary.words(counts):
            return ()
        scores = self.scores(text)
        order = np.argsort(-scores, kind="stable")[:limit]
        scores = self._shown(scores)
        return tuple(
            Mapped(self.techniques[place], self.names[place], round(float(scores[place]), 3), self._why(text, place))
            for place in map(int, order)
            if self.fitted or scores[place] >= _LEAST_COVERAGE
        )

    def scores(self, text: str) -> Numbers:
        """One number per technique, higher fits better; of a fitted mapper the three channels fused."""
        counts = counted(text)
        terms = self.vocabulary.terms(counts)
        if self.learnt is None:
            return self.whole.coverage(terms)
        linear = self.learnt.linear.scores(self.vocabulary.tf_idf(counts))
        nearest = self.learnt.nearest.scores(self.vocabulary.words(counts))
        whole = self.whole.scores(terms)
        fused: Numbers = linear + _NEAREST_SHARE * _to_one(nearest) + _WHOLE_SHARE * _to_one(whole)
        return fused

    def bm25(self, text: str) -> Numbers:
        """What BM25 alone says of each technique: the score of its best example, or of its description."""
        counts = counted(text)
        if self.learnt is None:
            return self.whole.scores(self.vocabulary.words(counts))
        return self.learnt.nearest.scores(self.vocabulary.words(counts))

    def _shown(self, scores: Numbers) -> Numbers:
        if not self.fitted:
            return scores
        fused, right = zip(*_RIGHT, strict=True)
        shown: Numbers = np.interp(scores, fused, right).astype(np.float32)
        return shown

    def _why(self, text: str, technique: int) -> tuple[str, ...]:
        """A piece of a word counts for the words it is of, in equal parts."""
        shown: defaultdict[str, list[str]] = defaultdict(list)
        for part in parts(text):
            if part.shown not in shown[part.term]:
                shown[part.term].append(part.shown)
        weights: defaultdict[str, float] = defaultdict(float)
        for term, weight in self._weights(counted(text), technique):
            for word in shown[term]:
                weights[word] += weight / len(shown[term])
        heaviest = sorted(weights, key=lambda word: -weights[word])[:_REASONS]
        return tuple(word for word in heaviest if weights[word] > 0)

    def _weights(self, counts: Counter[str], technique: int) -> Iterator[tuple[str, float]]:
        """What each known term of a text says for a technique."""
        terms = self.vocabulary.terms(counts)
        rows = self.vocabulary.tf_idf(counts)
        most = max(float(self.whole.scores(terms).max()), 1e-9)
        for term in counts:
            if (place := self.vocabulary.places.get(term)) is None or (self.learnt is None and is_piece(term)):
                continue
            weight = _WHOLE_SHARE * self.whole.weight(place, technique) / most
            yield term, weight + self._linear_weight(rows, place, technique)

    def _linear_weight(self, rows: Weights, place: int, technique: int) -> float:
        return 0.0 if self.learnt is None else rows[place] * self.learnt.linear.weight(place, technique)


def retrieval_mapper(techniques: Sequence[TechniqueText] = ()) -> Mapper:
    """A mapper that has learnt nothing: it looks up names and descriptions; without any, the shipped names alone."""
    texts = sorted(techniques or _shipped(), key=lambda technique: technique.id)
    counts = [_words_only(counted(f"{technique.name}. {technique.description}")) for technique in texts]
    vocabulary = Vocabulary.of(counts)
    whole = whole_channel(vocabulary, counts, np.arange(len(texts), dtype=np.int32))
    ids = tuple(technique.id for technique in texts)
    return Mapper(ids, tuple(technique.name for technique in texts), vocabulary, whole)


def _shipped() -> list[TechniqueText]:
    return [TechniqueText(technique.id, technique.name, "") for technique in current_techniques()]


def _words_only(counts: Counter[str]) -> Counter[str]:
    """Without pieces of words: in short texts they would find techniques by chance."""
    return Counter({term: count for term, count in counts.items() if not is_piece(term)})


def _to_one(scores: Numbers) -> Numbers:
    """Scores with the best at 1."""
    scaled: Numbers = scores / max(float(scores.max()), 1e-9)
    return scaled
