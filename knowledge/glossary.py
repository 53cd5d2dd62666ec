"""Security terms in Chinese and English: a question finds what says the same in other words or the other language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict, RootModel

from knowledge.models import Language
from knowledge.tokens import is_han, runs, stem, tokens

_LONGEST_TERM: Final = 12
_MOST_WORDS: Final = 4


class _Row(BaseModel):
    """A term: the ways to say it in each language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: tuple[str, ...]
    en: tuple[str, ...]


class _Rows(RootModel[tuple[_Row, ...]]):
    """The shipped file."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the glossary as it stands in a text."""

    own: frozenset[str]
    """What it is found by."""
    other: tuple[frozenset[str], ...]
    """What it is also found by, one set for each other way to say it in either language."""


def terms(text: str) -> tuple[Term, ...]:
    """The terms of the glossary in a text, the longest where several begin at one place."""
    found: list[Term] = []
    words: list[str] = []
    for run in runs(text):
        if is_han(run):
            found.extend(_chinese(run))
        else:
            words.append(stem(run))
    found.extend(_english(words))
    return tuple(dict.fromkeys(found))


def _chinese(run: str) -> list[Term]:
    table, at, found = _by_chinese(), 0, list[Term]()
    while at < len(run):
        ends = range(min(len(run), at + _LONGEST_TERM), at, -1)
        term = next((run[at:end] for end in ends if run[at:end] in table), "")
        if term:
            found.append(table[term])
        at += max(1, len(term))
    return found


def _english(words: Sequence[str]) -> list[Term]:
    table, at, found = _by_english(), 0, list[Term]()
    while at < len(words):
        ends = range(min(len(words), at + _MOST_WORDS), at, -1)
        phrase = next((tuple(words[at:end]) for end in ends if tuple(words[at:end]) in table), ())
        if phrase:
            found.append(table[phrase])
        at += max(1, len(phrase))
    return found


@cache
def _by_chinese() -> Mapping[str, Term]:
    return {"".join(key): term for key, term in _by_words("zh").items()}


@cache
def _by_english() -> Mapping[tuple[str, ...], Term]:
    return _by_words("en")


def _by_words(language: Language) -> dict[tuple[str, ...], Term]:
    """Terms by their words in short form; a word that stands in several rows has the ways of all of them."""
    found: dict[tuple[str, ...], Term] = {}
    for row in _rows():
        for way in row.zh if language == "zh" else row.en:
            key, own = tuple(run if is_han(run) else stem(run) for run in runs(way)), frozenset(tokens(way))
            before = found[key].other if key in found else ()
            other = (frozenset(tokens(other)) for other in (*row.zh, *row.en))
            found[key] = Term(own, tuple(dict.fromkeys((*before, *(way for way in other if way and way != own)))))
    return found


@cache
def _rows() -> tuple[_Row, ...]:
    import yaml

    return _Rows.model_validate(
        yaml.load((files("knowledge") / "glossary.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    ).root
