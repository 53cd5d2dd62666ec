"""A query as the channels need it: its own words, corrected ones and those of the other language.

A unit is one thing that is asked for: a word, or a Chinese sign with its neighbours. It is met by any of its ways.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from knowledge.glossary import Term, terms
from knowledge.lexical import LexicalIndex, Word
from knowledge.models import Language
from knowledge.tokens import is_han, language_of, parts, runs, signs, word_tokens

Way: TypeAlias = frozenset[str]
"""Words that meet a unit when all of them are there."""

_FILE: Final = re.compile(
    r"[^.]+\.(?:exe|dll|sys|ps1|bat|cmd|vbs|js|hta|lnk|docm?|xlsm?|pdf|zip|iso|img|sh|py|jar|php|aspx?)"
)
_VULNERABILITY: Final = re.compile(r"cve-\d+-\d+")
_SIGN: Final = 0.5
_PART: Final = 0.5
_CORRECTED: Final = 0.8
_TRANSLATED: Final = 0.5
_OTHERWISE: Final = 0.8
_RARE: Final = 0.5
"""Power of the idf by which a unit counts: a word that nothing holds must not outweigh all the others."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that is asked for."""

    own: "_Ways"
    """In the question's own words."""
    other: "_Ways"
    """In other words, or those of the other language."""
    weight: float

    def met(self, words: frozenset[str]) -> float:
        """How well these words meet it, 0 to 1."""
        if self.own.met(words):
            return 1.0
        return _OTHERWISE if self.other.met(words) else 0.0


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways to meet a unit: nearly all are one word, and those are looked up at once."""

    single: Way
    joined: tuple[Way, ...]

    @classmethod
    def of(cls, ways: Sequence[Way]) -> "_Ways":
        single = frozenset(token for way in ways if len(way) == 1 for token in way)
        return cls(single, tuple(way for way in ways if len(way) > 1))

    def met(self, words: frozenset[str]) -> bool:
        if not self.single.isdisjoint(words):
            return True
        return bool(self.joined) and any(way <= words for way in self.joined)

    def tokens(self) -> frozenset[str]:
        return self.single.union(*self.joined)


@dataclass(frozen=True, slots=True)
class Question:
    """A query, taken apart."""

    language: Language
    asked: str
    """As the person wrote it."""
    text: str
    """What the fitted embedder sees: the words, corrected, and their translation."""
    words: tuple[Word, ...]
    """For the lexical channel."""
    units: tuple[Unit, ...]
    phrase: tuple[str, ...]
    """Its own words in order."""
    size: float
    """How many words it has; two Chinese signs are one."""

    @property
    def tokens(self) -> frozenset[str]:
        """All words that can meet a unit."""
        return frozenset().union(*(ways.tokens() for unit in self.units for ways in (unit.own, unit.other)))

    def coverage(self, words: frozenset[str]) -> float:
        """The share of what is asked for that these words meet, by weight, 0 to 1."""
        whole = sum(unit.weight for unit in self.units)
        return sum(unit.weight * unit.met(words) for unit in self.units) / whole if whole else 0.0


def asked(query: str, index: LexicalIndex) -> Question:
    """A query taken apart, by what the sections hold."""
    found = terms(query)
    units: list[Unit] = []
    words: dict[str, float] = {}
    phrase: list[str] = []
    size = 0.0
    for run in dict.fromkeys(runs(query)):
        ways, own = (_of_signs(run), signs(run)) if is_han(run) else _of_word(run, index)
        size += len(ways) * (_SIGN if is_han(run) else 1.0)
        phrase.extend(own if is_han(run) else own[:1])
        for token in own:
            words[token] = max(words.get(token, 0.0), _weight(run, token, own))
        units.extend(_unit(way, run, found, index) for way in ways)
    for token in sorted({token for term in found for way in term.other for token in way} - set(words)):
        words[token] = _TRANSLATED
    looked_for = tuple(Word(token, weight) for token, weight in words.items())
    text = " ".join([*phrase, *(token for token, weight in words.items() if weight == _TRANSLATED)])
    return Question(language_of(query), query, text, looked_for, tuple(units), tuple(phrase), size)


def _of_signs(run: str) -> list[tuple[Way, ...]]:
    """One unit for each sign: a pair that holds it stands for it."""
    pairs = signs(run)
    if len(run) == 1:
        return [(frozenset(pairs),)]
    return [tuple(frozenset({pair}) for pair in pairs[max(0, at - 1) : at + 1]) for at in range(len(run))]


def _of_word(run: str, index: LexicalIndex) -> tuple[list[tuple[Way, ...]], Sequence[str]]:
    """One unit; a word that nothing holds is taken for the one it resembles."""
    own = word_tokens(run)
    if not any(index.frequency(token) for token in own):
        meant = index.meant(own[0])
        own = (meant,) if meant else own
    ways = [frozenset({own[0]})]
    if len(own) > 1 and not _VULNERABILITY.fullmatch(run):
        joined = parts(own[0])
        ways.append(frozenset(joined[:1] if _FILE.fullmatch(run) else joined))
    return [tuple(way for way in ways if way)], own


def _weight(run: str, token: str, own: Sequence[str]) -> float:
    if is_han(run):
        return 1.0
    if token == own[0]:
        return 1.0 if token in word_tokens(run) else _CORRECTED
    return _PART


def _unit(ways: tuple[Way, ...], run: str, found: Sequence[Term], index: LexicalIndex) -> Unit:
    own = frozenset(token for way in ways for token in way)
    other = tuple(way for term in found if own & term.own for way in term.other)
    known = [max(index.weight(token) for token in way) for way in ways if any(map(index.frequency, way))]
    told = min(known) if known else index.weight("")
    if not known and other:
        told = min(max(index.weight(token) for token in way) for way in other)
    return Unit(_Ways.of(ways), _Ways.of(other), (_SIGN if is_han(run) else 1.0) * told**_RARE)
