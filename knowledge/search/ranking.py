"""From candidates to hits: the channels' rankings as one, what fits at all, the order of the best, what says the same.

Source: reciprocal rank fusion after Cormack, Clarke and Büttcher (2009), with their constant 60.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from knowledge.search.hit import Hit
from knowledge.search.question import Question
from knowledge.store import Held
from knowledge.tokens import tokens

RERANKED: Final = 30
"""So many of the fused candidates are looked at closely."""
_FUSION: Final = 60
_LEAST_COVERAGE: Final = 0.38
_LEAST_SHARED: Final = 0.3
_FLOOR: Final = 0.4
"""Share of the best section's coverage that the others have to reach."""
_SHINGLE: Final = 4
_ALIKE: Final = 0.8
"""Share of common shingles from which on two sections say the same."""
_WEIGHTS: Final = (0.25, 0.15, 0.30, 0.25, 0.15, 0.1, 0.2, 0.05, 0.05)
"""Of: the fused rankings, BM25, coverage by the section, by its headings, by its document, words in the same order,
the question's language, the operator's own, a runbook."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A section that a channel gave."""

    held: Held
    words: frozenset[str]
    """Of the question's, those it holds."""
    around: frozenset[str]
    """Of the question's, those that its document holds, as far as its sections were found."""
    cosine: float
    lexical: float
    """Its BM25 score as a share of the best one's."""


def fitting(question: Question, candidates: Sequence[Candidate], least_cosine: float, alone: float) -> list[Candidate]:
    """Those that fit; none when not one of them shares enough with the question: by weight of its words, by words and
    meaning, or by a cosine that suffices `alone`."""
    shares = [question.coverage(candidate.words) for candidate in candidates]
    if not any(
        share >= _LEAST_COVERAGE
        or (share >= _LEAST_SHARED and candidate.cosine >= least_cosine)
        or candidate.cosine >= alone
        for share, candidate in zip(shares, candidates, strict=True)
    ):
        return []
    floor = _FLOOR * max(shares)
    return [
        candidate
        for share, candidate in zip(shares, candidates, strict=True)
        if share >= floor or candidate.cosine >= min(least_cosine, alone)
    ]


def fused(*channels: Sequence[str]) -> dict[str, float]:
    """Ids with their share of the highest score that the rankings can give, best first."""
    asked = [channel for channel in channels if channel]
    scores: defaultdict[str, float] = defaultdict(float)
    for channel in asked:
        for rank, key in enumerate(channel):
            scores[key] += (_FUSION + 1) / (_FUSION + 1 + rank) / len(asked)
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def reranked(question: Question, candidates: Iterable[tuple[Candidate, float]]) -> list[Hit]:
    """Hits by their fused score, how well they are covered, and what their headings say, best first."""
    hits = [_hit(question, candidate, score) for candidate, score in candidates]
    return sorted(hits, key=lambda hit: (-hit.score, hit.section.id))


def distinct(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The first hits of which no two say the same; the operator's own stands for an outside copy of it."""
    kept: list[tuple[Hit, frozenset[int]]] = []
    for hit in hits:
        shingles = _shingles(hit.section.text)
        twin = next((at for at, (_, other) in enumerate(kept) if _alike(shingles, other)), None)
        if twin is None and len(kept) == limit:
            break
        if twin is None:
            kept.append((hit, shingles))
        else:
            kept[twin] = (_one(kept[twin][0], hit), kept[twin][1])
    return [hit for hit, _ in kept]


def _hit(question: Question, candidate: Candidate, score: float) -> Hit:
    held = candidate.held
    section = held.section
    heading = frozenset(tokens(f"{section.title}\n{section.heading}"))
    parts = (
        score,
        candidate.lexical,
        question.coverage(candidate.words),
        question.coverage(heading),
        question.coverage(candidate.around),
        _in_order(question.phrase, tokens(section.text)),
        float(held.language == question.language),
        float(held.provenance == "T0"),
        float(held.kind == "runbook"),
    )
    value = sum(weight * part for weight, part in zip(_WEIGHTS, parts, strict=True)) / sum(_WEIGHTS)
    return Hit(section, round(value, 4), held.kind, held.language, held.provenance, held.source)


def _in_order(phrase: Sequence[str], text: Sequence[str]) -> float:
    """The share of neighbouring words of the question that are neighbours in the text as well."""
    pairs = set(pairwise(phrase))
    return len(pairs.intersection(pairwise(text))) / len(pairs) if pairs else 0.0


def _one(kept: Hit, other: Hit) -> Hit:
    first, second = (other, kept) if (kept.provenance, other.provenance) == ("T2", "T0") else (kept, other)
    also = tuple(key for key in (*kept.also, *other.also, second.section.id) if key != first.section.id)
    return Hit(
        first.section,
        max(kept.score, other.score),
        first.kind,
        first.language,
        first.provenance,
        first.source,
        also,
    )


def _shingles(text: str) -> frozenset[int]:
    words = tokens(text)
    return frozenset(hash(tuple(words[at : at + _SHINGLE])) for at in range(max(1, len(words) - _SHINGLE + 1)))


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if smaller < _ALIKE * larger:
        return False
    return len(one & other) >= _ALIKE * len(one | other)
