"""What the letters of a domain say: how random a label looks, and which of our names it could be taken for.

Both are hints by form alone. Content networks use random labels too, and honest names resemble each other.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from servers.domains import registered, shown

VOWELS: Final = frozenset("aeiouy")
_USUAL_PAIRS: Final = frozenset(
    [
        "th",
        "he",
        "in",
        "er",
        "an",
        "re",
        "on",
        "at",
        "en",
        "nd",
        "ti",
        "es",
        "or",
        "te",
        "of",
        "ed",
        "is",
        "it",
        "al",
        "ar",
        "st",
        "to",
        "nt",
        "ng",
        "se",
        "ha",
        "as",
        "ou",
        "io",
        "le",
        "ve",
        "co",
        "me",
        "de",
        "hi",
        "ri",
        "ro",
        "ic",
        "ne",
        "ea",
        "ra",
        "ce",
        "li",
        "ch",
        "ll",
        "be",
        "ma",
        "si",
        "om",
        "ur",
        "ca",
        "el",
        "ta",
        "la",
        "ns",
        "di",
        "fo",
        "ho",
        "pe",
        "ec",
        "pr",
        "no",
        "ct",
        "us",
        "ac",
        "ot",
        "il",
        "tr",
        "ly",
        "nc",
        "et",
        "ut",
        "ss",
        "so",
        "rs",
        "un",
        "lo",
        "wa",
        "ge",
        "ie",
        "wh",
        "ee",
        "wi",
        "em",
        "ad",
        "ol",
        "rt",
        "po",
        "we",
        "na",
        "ul",
        "ni",
        "ts",
        "mo",
        "ow",
        "pa",
        "im",
        "mi",
        "ai",
        "sh",
        "ir",
        "su",
        "id",
        "os",
        "iv",
        "ia",
        "am",
        "fi",
        "ci",
        "vi",
        "pl",
        "ig",
        "tu",
        "ev",
        "ld",
        "ry",
        "mp",
        "fe",
        "bl",
        "ab",
        "gh",
        "ty",
        "op",
        "wo",
        "sa",
        "ay",
        "ex",
        "ke",
        "ui",
        "fr",
        "oo",
        "ag",
        "ck",
        "ap",
        "mb",
        "do",
        "go",
        "gl",
        "by",
        "sc",
        "ub",
        "og",
        "bo",
        "ba",
        "ft",
        "cl",
        "ok",
        "od",
        "rk",
        "ef",
        "up",
        "vo",
        "my",
        "ok",
        "da",
        "ga",
        "sp",
        "eb",
        "da",
        "pi",
        "ip",
        "gi",
        "cr",
        "dr",
        "br",
        "gr",
        "ap",
        "pp",
        "tt",
        "ff",
        "mm",
        "nn",
        "rr",
        "ws",
        "xt",
        "qu",
        "ut",
        "ak",
        "ik",
        "ew",
        "ue",
        "lu",
        "au",
        "av",
        "ob",
        "sk",
        "ks",
        "ki",
        "ds",
    ]
)
"""Pairs of letters that are frequent in names made of words."""

_LOOKS_LIKE: Final = {
    "а": "a", "ɑ": "a", "α": "a", "à": "a", "á": "a", "â": "a", "ä": "a", "å": "a", "ь": "b", "ϲ": "c", "с": "c",
    "ç": "c", "ԁ": "d", "ɗ": "d", "е": "e", "є": "e", "ё": "e", "é": "e", "è": "e", "ë": "e", "ê": "e", "ε": "e",
    "ɡ": "g", "ց": "g", "һ": "h", "հ": "h", "і": "i", "ı": "i", "ӏ": "l", "ɩ": "i", "í": "i", "ì": "i", "ï": "i",
    "ι": "i", "ј": "j", "ϳ": "j", "к": "k", "κ": "k", "ⅼ": "l", "ł": "l", "м": "m", "ո": "n", "п": "n", "ñ": "n",
    "η": "n", "о": "o", "ο": "o", "օ": "o", "ö": "o", "ó": "o", "ò": "o", "ø": "o", "р": "p", "ρ": "p", "ԛ": "q",
    "г": "r", "ѕ": "s", "ş": "s", "т": "t", "τ": "t", "υ": "u", "ս": "u", "ü": "u", "ú": "u", "ν": "v", "ѵ": "v",
    "ԝ": "w", "ѡ": "w", "ω": "w", "х": "x", "χ": "x", "у": "y", "ү": "y", "γ": "y", "ý": "y", "ž": "z",
}  # fmt: skip
"""Letters of other alphabets that a reader takes for Latin ones.
Source: the letters in question of Unicode Technical Standard 39 (confusables) and the accented Latin ones."""
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("3", "e"), ("5", "s"))

How = Literal["same_to_the_eye", "one_letter_off", "two_letters_off", "other_ending", "name_inside"]


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A domain of ours that another one could be taken for."""

    own: str
    how: How


def entropy(label: str) -> float:
    """Shannon entropy of the characters, in bits a character."""
    counts = Counter(label).values()
    return -sum(n / len(label) * math.log2(n / len(label)) for n in counts) if label else 0.0


def randomness(label: str) -> int:
    """0 (reads like words) to 100 (looks made by a machine): unusual pairs of letters, digits, vowels, consonants."""
    if len(label) < 6:
        return 0
    letters = [char for char in label if char.isalpha()]
    pairs = [first + second for first, second in pairwise(label) if first.isalpha() and second.isalpha()]
    unusual = sum(pair not in _USUAL_PAIRS for pair in pairs) / len(pairs) if pairs else 1.0
    digits = sum(char.isdigit() for char in label) / len(label)
    vowels = sum(char in VOWELS for char in letters) / len(letters) if letters else 0.0
    points = 55 * _share(unusual, 0.25, 0.7) + 20 * _share(digits, 0.0, 0.3)
    points += 15 * _share(0.35 - vowels, 0.0, 0.2) + 10 * _share(_longest_run(label), 3, 6)
    return round(points)


def lookalike(domain: str, own: Iterable[str]) -> Lookalike | None:
    """The own domain that `domain` could be taken for, the closest kind first; None when it is none or an own one."""
    names = sorted({name for name in own if "." in name})
    if any(domain == name or domain.endswith(f".{name}") for name in names):
        return None
    mine = registered(domain) or domain
    found = [(how, name) for name in names if (how := _likeness(domain, mine, name)) is not None]
    return min((Lookalike(name, how) for how, name in found), key=lambda hit: _ORDER.index(hit.how), default=None)


_ORDER: Final[tuple[How, ...]] = (
    "same_to_the_eye",
    "one_letter_off",
    "other_ending",
    "two_letters_off",
    "name_inside",
)
_SHORT: Final = 5
"""A name this short or shorter has too many neighbours for two letters to mean anything."""


def _likeness(domain: str, mine: str, own: str) -> How | None:
    label, wanted = mine.split(".", maxsplit=1)[0], own.split(".", maxsplit=1)[0]
    if skeleton(shown(label)) == skeleton(wanted):
        return "other_ending" if label == wanted else "same_to_the_eye"
    off = distance(skeleton(shown(label)), skeleton(wanted), 2)
    if off == 1 and len(wanted) >= _SHORT:
        return "one_letter_off"
    if off == 2 and len(wanted) > _SHORT + 2:
        return "two_letters_off"
    inside = len(wanted) >= _SHORT and skeleton(wanted) in skeleton(shown(domain).replace(".", "-"))
    return "name_inside" if inside else None


def skeleton(text: str) -> str:
    """What an eye sees: letters of other alphabets and look-alike pairs as the Latin letter they are taken for."""
    plain = "".join(_LOOKS_LIKE.get(char, char) for char in unicodedata.normalize("NFKC", text.lower()))
    for pair, seen in _PAIRS:
        plain = plain.replace(pair, seen)
    return plain


def distance(left: str, right: str, most: int) -> int:
    """Letters to add, drop, change or swap with the next one; `most` + 1 when it is more than `most`."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        new = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (a != b))
            swapped = i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b
            new.append(min(cost, before[j - 2] + 1) if swapped else cost)
        before, row = row, new
    return min(row[-1], most + 1)


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _longest_run(label: str) -> int:
    """The most consonants in a row."""
    longest = run = 0
    for char in label:
        run = run + 1 if char.isalpha() and char not in VOWELS else 0
        longest = max(longest, run)
    return longest
