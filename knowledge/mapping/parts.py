"""What a text is compared by: its words in short form, pairs of neighbouring words, and pieces of words.

Kept apart from the tokens of the search on purpose: a fitted mapper is only as good as the parts it was fitted on, so
`VERSION` goes up with any change here and an older file is then refused.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

VERSION: Final = 1

_WORD = re.compile(r"[^\W_]+(?:[._-][^\W_]+)*")
_CUT = re.compile(r"[._-]")
_PIECES: Final = (3, 4, 5)
_LONGEST: Final = 32
_MOST_PARTS: Final = 4
_STOP = frozenset(
    re.findall(
        r"\w+",
        """a an and any are as at be been being but by can could did do does for from had has have how i if in into is
        it its may me might my no not of on or our should so such than that the their them then there these they this
        to was we were what when where which who whose will with would you your also""",
    )
)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a text is compared by."""

    term: str
    """As the vocabulary holds it: a word, `two words`, or `~` and a piece."""
    shown: str
    """The word or pair of the text that it stands for, as a person reads it."""


def parts(text: str) -> list[Part]:
    """The parts of a text; a part comes as often as it stands there. One word of several parts (`user-agent`,
    `rundll32.exe`) also counts by each of them; pairs are made of whole words."""
    words = [Part(_stem(word.casefold()[:_LONGEST]), word) for word in _WORD.findall(text) if _means(word)]
    pairs = [Part(f"{one.term} {two.term}", f"{one.shown} {two.shown}") for one, two in pairwise(words)]
    words += [Part(inner, word.shown) for word in words for inner in _inner(word.term)]
    return [*words, *pairs, *(Part(piece, word.shown) for word in words for piece in _pieces(word.term))]


def is_piece(term: str) -> bool:
    """Whether a term is a piece of a word."""
    return term.startswith("~")


def is_word(term: str) -> bool:
    """Whether a term is one whole word."""
    return " " not in term and not is_piece(term)


def _means(word: str) -> bool:
    return word.casefold() not in _STOP


def _inner(word: str) -> list[str]:
    inner = [part for part in _CUT.split(word) if part != word and len(part) > 1 and part not in _STOP]
    return [_stem(part) for part in inner[:_MOST_PARTS]]


@lru_cache(maxsize=65_536)
def _pieces(word: str) -> tuple[str, ...]:
    """Pieces of a word with its borders, so that inflections and typing errors still meet."""
    bordered = f"^{word}$"
    return tuple(f"~{bordered[at : at + n]}" for n in _PIECES for at in range(len(bordered) - n + 1))


def _stem(word: str) -> str:
    """A word without the commonest English endings."""
    for ending, left in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return (word[: -len(ending)] + left).removesuffix("e")
    return word.removesuffix("e") if len(word) > 4 else word
