"""From candidates to hits: the channels' rankings as one, what fits at all, the order of the best, what says the same.

Source: reciprocal rank fusion after Cormack, Clarke and Büttcher (2009), with their constant 60.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from knowledge.search.hit import Hit
from knowledge.search.question import Question
from knowledge.store import Held
from knowledge.tokens import tokens

RERANKED: Final = 30
"""So many of the fused candidates are looked at closely."""
_FUSION: Final = 60
_LEAST_OF_SHORT: Final = 0.325
_LEAST_OF_LONG: Final = 0.24
_SHORT: Final = 8
"""Words."""
_FLOOR: Final = 0.4
"""Share of the best section's coverage that the others have to reach."""
_SHINGLE: Final = 4
_ALIKE: Final = 0.8
"""Share of common shingles from which on two sections say the same."""
_WEIGHTS: Final = (0.05, 0.05, 0.13, 0.12, 0.20, 0.09, 0.10, 0.12, 0.05, 0.03)
"""Of: the fused rankings, BM25, coverage by the section, by its title, by its heading, by a way to ask for it, by its
document, the question's language, the operator's own, a runbook. Set on tests/knowledge/search/development.yaml."""
_ORDER: Final = 0.06
"""Of: words in the same order. With it all weights are 1."""
_READ: Final = 12
"""So many of the best are read for that."""


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
    fused: float
    """Its share of the highest score that the fused rankings can give."""


def fitting(question: Question, candidates: Sequence[Candidate], sufficient_cosine: float) -> list[Candidate]:
    """Those that fit, those worth a closer look first; none when not one shares enough with the question, by weight of
    its words or by a cosine that suffices alone."""
    shares = [question.coverage(candidate.words) for candidate in candidates]
    least = least_share(question.size)
    close = [candidate.cosine >= sufficient_cosine for candidate in candidates]
    if not any(near or share >= least for share, near in zip(shares, close, strict=True)):
        return []
    floor = _FLOOR * max(shares)
    kept = [
        (candidate.fused + share + question.coverage(candidate.around), candidate)
        for candidate, share, near in zip(candidates, shares, close, strict=True)
        if near or share >= floor > 0
    ]
    return [candidate for _, candidate in sorted(kept, key=lambda row: (-row[0], row[1].held.section.id))]


def least_share(size: float) -> float:
    """What the best section has to share with a question of so many words: of a long one less, as nobody's report
    is told in the words of a runbook."""
    return max(_LEAST_OF_LONG, _LEAST_OF_SHORT * math.sqrt(_SHORT / max(size, _SHORT)))


def fused(*channels: Sequence[str]) -> dict[str, float]:
    """Ids with their share of the highest score that the rankings can give, best first."""
    asked = [channel for channel in channels if channel]
    scores: defaultdict[str, float] = defaultdict(float)
    for channel in asked:
        for rank, key in enumerate(channel):
            scores[key] += (_FUSION + 1) / (_FUSION + 1 + rank) / len(asked)
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def reranked(question: Question, candidates: Iterable[Candidate]) -> list[Hit]:
    """Hits by their fused score, how well they are covered, and what their headings say, best first."""
    hits = sorted((_hit(question, candidate) for candidate in candidates), key=_best_first)
    return sorted((*(_with_order(question, hit) for hit in hits[:_READ]), *hits[_READ:]), key=_best_first)


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


def _hit(question: Question, candidate: Candidate) -> Hit:
    held = candidate.held
    section = held.section
    parts = (
        candidate.fused,
        candidate.lexical,
        question.coverage(candidate.words),
        question.coverage(_words(section.title)),
        question.coverage(_words(section.heading)),
        max((question.coverage(_words(way)) for way in section.asked), default=0.0),
        question.coverage(candidate.around),
        float(held.language == question.language),
        float(held.provenance == "T0"),
        float(held.kind == "runbook"),
    )
    value = sum(weight * part for weight, part in zip(_WEIGHTS, parts, strict=True))
    return Hit(section, round(value, 4), held.kind, held.language, held.provenance, held.source)


def _with_order(question: Question, hit: Hit) -> Hit:
    share = _in_order(question.phrase, _in_text(hit.section.text))
    return replace(hit, score=round(hit.score + _ORDER * share, 4))


def _best_first(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.section.id


@lru_cache(maxsize=16_384)
def _words(line: str) -> frozenset[str]:
    return frozenset(tokens(line))


@lru_cache(maxsize=2_048)
def _in_text(text: str) -> tuple[str, ...]:
    return tuple(tokens(text))


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
    words = _in_text(text)
    return frozenset(hash(tuple(words[at : at + _SHINGLE])) for at in range(max(1, len(words) - _SHINGLE + 1)))


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if smaller < _ALIKE * larger:
        return False
    return len(one & other) >= _ALIKE * len(one | other)
