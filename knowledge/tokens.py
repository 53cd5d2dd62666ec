"""What a text is found by: words of any script in their short form, ids whole and in parts, Chinese in pairs of signs.

A run of Chinese signs has no spaces between its words; overlapping pairs find it without a dictionary. A sign that
stands alone counts by itself. Words that carry no meaning of their own are left out, in both languages.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from knowledge.models import Language, Section

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:[._-][^\W_{_HAN}]+)*")
_SIGNS = re.compile(rf"[{_HAN}]")
_LETTERS = re.compile(r"[a-z]")
_TECHNIQUE = re.compile(r"(t\d{4})\.\d{3}")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_CUT = re.compile(r"[._-]")
_LONGEST = 64
_MOST_PARTS = 4
_STOP = frozenset(
    re.findall(
        r"\w+",
        """a about after again all also always am an and another any anybody anyone anything are as at away be because
        been being both but by can could did do does doing done each either else ever every everything for from get gets
        getting give given go goes going got had happen happened happening happens has have he her here his how i if in
        into is it its just let lot lots made make makes many may me might mine more most much must my need needs no not
        nothing now of off on once one only or our out over own please quite rather really right shall she should show
        showed shows so some somebody someone something soon still such take takes tell than that the their them then
        there these they thing things this to too try tried up upon us use used using very want wants was way ways we
        well were what when where whether which while who whom whose why will with would you your yours""",
    )
)
_EMPTY_SIGNS = re.compile(
    "怎么样|为什么|什么样|什么|怎么|怎样|怎|如何|哪些|哪个|哪里|哪|是否|能否|可否|应该|应当|需要|可以|可能|我们|你们|他们|"
    "它们|我|你|您|他|她|它|这个|那个|这些|那些|这|那|一个|一些|一下|以及|并且|或者|还是|还有|但是|因为|所以|如果|时候|"
    "的|了|吗|呢|吧|啊|是|在|和|与|或|把|被|将|对于|对|从|到|时|有|要|会|该|请问|请|都|也|就|而|及|其|之|着|里|为|让|给"
)
"""What Chinese sentences are held together by; a run is cut there."""


def tokens(text: str) -> list[str]:
    """Words of a text that carry meaning, in order; an ATT&CK sub-technique also counts as its technique."""
    found: list[str] = []
    for run in runs(text):
        found.extend(signs(run) if is_han(run) else word_tokens(run))
    return found


def searchable(section: Section) -> str:
    """What is searched of a section: its document's title, its heading and how people ask for it, beside its text."""
    return "\n".join((section.title, section.heading, section.text, *section.asked))


def runs(text: str) -> Iterator[str]:
    """The words and the runs of Chinese signs of a text, those without meaning left out."""
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if is_han(run):
            yield from (part for part in _EMPTY_SIGNS.split(run) if part)
        elif run not in _STOP:
            yield run[:_LONGEST]


def is_han(run: str) -> bool:
    """Whether a run of `runs` is one of Chinese signs."""
    return "\u3400" <= run[0] <= "\u9fff" or "\uf900" <= run[0] <= "\ufaff"


def signs(run: str) -> list[str]:
    """Overlapping pairs of a run of Chinese signs, or the one sign it is."""
    return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]


@lru_cache(maxsize=65_536)
def word_tokens(word: str) -> tuple[str, ...]:
    """What one word is found by: first itself, then its parts."""
    if "." not in word and "-" not in word and "_" not in word:
        return (stem(word),)
    whole = _singular(word) if "-" in word else word
    return (whole, *(part for part in parts(whole) if part != whole))


def parts(word: str) -> tuple[str, ...]:
    """The parts a joined word may be found by: a technique of its sub-technique, the network of an address."""
    if technique := _TECHNIQUE.fullmatch(word):
        return (technique[1],)
    if _ADDRESS.fullmatch(word):
        return (word.rpartition(".")[0],)
    found = (part for part in _CUT.split(word)[:_MOST_PARTS] if len(part) > 1 and part not in _STOP)
    return tuple(stem(part) for part in found)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A word without its commonest English endings; short ones and ids stay as they are."""
    if len(word) < 5 or not word.isascii() or not word.isalpha():
        return word
    word = _without_form(_singular(word))
    if len(word) > 8 and word.endswith("ment"):
        word = word[:-4]
    if len(word) > 6 and word.endswith(("sion", "tion")):
        word = word[:-3]
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeios":
        word = word[:-1]
    return word


def language_of(text: str) -> Language:
    """Chinese when there is a sign for every four Latin letters: names of programs are English everywhere."""
    han = len(_SIGNS.findall(text))
    return "zh" if han and han * 4 >= len(_LETTERS.findall(text.casefold())) else "en"


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 5:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _without_form(word: str) -> str:
    if word.endswith("ing") and len(word) > 6:
        return word[:-3]
    return word[:-2] if word.endswith("ed") and len(word) > 5 and not word.endswith("eed") else word
