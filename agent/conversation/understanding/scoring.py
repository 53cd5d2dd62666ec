"""Which intent a question fits: phrases found in its words, misspelt ones put right, and what it names."""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from agent.conversation.models import EntityType
from agent.conversation.understanding.table import Group, Row, Table
from agent.conversation.understanding.words import Words

_WORD: Final = re.compile(r"p[1-4]\b|[a-z][a-z&'-]*[a-z]|[a-z]")
_SKIPPED: Final = 2
"""Words that may stand between two words of a phrase."""
_ALIKE: Final = 0.8
"""How alike a word must be to one of the table to be taken for a misspelling of it."""
LEAST: Final = 1.0
"""Points below which no intent fits."""


@dataclass(frozen=True, slots=True)
class Said:
    """What scoring looks at."""

    words: tuple[str, ...]
    plain: str
    types: frozenset[EntityType]
    """Of what the question itself names."""
    known: frozenset[EntityType]
    """Of what it names or what was talked about before."""
    window: bool
    filters: bool
    kinds: bool
    asked: frozenset[EntityType] = frozenset()
    """Of what an attribute is asked for."""
    actor: bool = False
    """Whether it asks if somebody or something did something."""
    recorded: bool = False
    """Whether it asks for events of a sensor that it names."""
    watched: bool = False
    """Whether it names a sensor beside a host, and no events."""


@dataclass(frozen=True, slots=True)
class Score:
    """Points of one intent; `spoken` is the part that its phrases gave."""

    intent: str
    points: float
    spoken: float


def words_of(plain: str, table: Table, words: Words, more: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The English words of lower-case text, short forms spelt out and misspelt words of the table, or of `more`, put
    right."""
    spelt = " ".join(
        words.short.get(word, word) for word in re.findall(r"[^\s,.;:!?()\"，。？！；：、]+|[,.;:!?]", plain)
    )
    vocabulary = table.vocabulary | more
    return tuple(corrected(word, vocabulary, words.common) for word in _WORD.findall(spelt))


def corrected(word: str, vocabulary: frozenset[str], common: frozenset[str]) -> str:
    """The word of the vocabulary that was meant; the word itself when it is known or like none."""
    if len(word) < 4 or word in vocabulary or word in common:
        return word
    return _closest(word, vocabulary) or word


@lru_cache(maxsize=4096)
def _closest(word: str, vocabulary: frozenset[str]) -> str | None:
    near = [item for item in vocabulary if abs(len(item) - len(word)) <= 2 and len(item) > 3 and item[0] == word[0]]
    near += [item for item in vocabulary if sorted(item) == sorted(word)]
    found = difflib.get_close_matches(word, near, n=1, cutoff=_ALIKE)
    return found[0] if found else None


def scores(table: Table, said: Said) -> list[Score]:
    """Every intent that fits at all, best first."""
    found = [_score(name, row, said) for name, row in table.rows.items()]
    return sorted((score for score in found if score.points >= LEAST), key=lambda score: -score.points)


def _score(name: str, row: Row, said: Said) -> Score:
    heard = [group for group in row.groups if _speaks(group, said)]
    spoken = 0.0 if all(group.beside for group in heard) else sum(group.weight for group in heard)
    points = spoken + max((weight for kind, weight in row.entities.items() if kind in said.types), default=0.0)
    if spoken or said.types:
        points += row.window * said.window
    points += row.filters * said.filters + row.kinds * said.kinds
    points += row.actor * said.actor + row.recorded * said.recorded + row.watched * said.watched
    points += max((weight for kind, weight in row.asked.items() if kind in said.asked), default=0.0)
    if row.needs and not said.known.intersection(row.needs):
        points -= row.missing
    return Score(name, points, spoken)


def _speaks(group: Group, said: Said) -> bool:
    return any(word in said.plain for word in group.zh) or any(in_order(words, said.words) for words in group.phrases)


def in_order(phrase: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words hold the phrase's words in order, at most two others between each pair. Endings do not count,
    but in a phrase of one word: `isolate` asks for something else than `isolated`."""
    if len(phrase) == 1:
        return phrase[0] in words
    stems, wanted = [stem(word) for word in words], [stem(word) for word in phrase]
    return any(_follows(wanted[1:], stems[place + 1 :]) for place, word in enumerate(stems) if word == wanted[0])


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The word without its ending."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _follows(phrase: Sequence[str], words: Sequence[str]) -> bool:
    if not phrase:
        return True
    near = words[: _SKIPPED + 1]
    return any(_follows(phrase[1:], words[place + 1 :]) for place, word in enumerate(near) if word == phrase[0])


def unknown_words(words: Collection[str], table: Table, common: Words, more: frozenset[str] = frozenset()) -> list[str]:
    """Words that are neither the table's nor common ones: perhaps names."""
    return [word for word in words if len(word) > 2 and word not in table.vocabulary | more | common.common]
