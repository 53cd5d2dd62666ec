"""Names made to be taken for others: domains like our own, people like our own.

Source: Unicode Technical Standard 39 (confusables; the few that pass for Latin letters in domain names).
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

Likeness: TypeAlias = Literal["looks_the_same", "one_letter_off", "contains_it", "other_ending"]
_PASSES_FOR = str.maketrans(
    "аӓсԁеѐёһіїјӏԛорѕԝхуүгвнкмтαβγεικνορτυχωıłøđɡ0135",
    "aacdeeehiijlqopswxyyrbhkmtabyeikvoptuxwilodgoles",
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"), ("ii", "n"))
_SHORTEST = 5


@dataclass(frozen=True, slots=True)
class Like:
    """Which of our domains a domain is like, and how."""

    ours: str
    how: Likeness


def like_ours(domain: str, ours: tuple[str, ...]) -> Like | None:
    """The domain of ours that this one imitates; None for our own, those below them and all that are unlike."""
    domain = readable(domain)
    if not domain or any(domain == own or domain.endswith(f".{own}") for own in ours):
        return None
    for own in ours:
        if (how := _how(domain, own)) is not None:
            return Like(own, how)
    return None


def _how(domain: str, own: str) -> Likeness | None:
    name, own_name = _name(domain), _name(own)
    if _skeleton(domain) == _skeleton(own) or (name != own_name and _skeleton(name) == _skeleton(own_name)):
        return "looks_the_same"
    if len(own_name) < _SHORTEST:
        return None
    if name == own_name:
        return "other_ending"
    if one_apart(_skeleton(name), _skeleton(own_name)):
        return "one_letter_off"
    joined = domain.replace(".", "-")
    return "contains_it" if own.replace(".", "-") in joined or own_name in name.split("-") else None


def _name(domain: str) -> str:
    """The label somebody chose: the one before the ending."""
    labels = domain.split(".")
    return labels[-2] if len(labels) > 1 else domain


def readable(domain: str) -> str:
    """A domain as a reader sees it: `xn--` labels written out, lower case."""
    return ".".join(_label(label) for label in domain.lower().strip(".").split("."))


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, ValueError):
        return label


def foreign_letters(domain: str) -> bool:
    """Whether one label mixes Latin letters with letters that pass for them."""
    return any(_mixed(label) for label in readable(domain).split("."))


def _mixed(label: str) -> bool:
    scripts = {unicodedata.name(letter, "?").split(" ")[0] for letter in label if letter.isalpha()}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def _skeleton(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_PASSES_FOR)
    for pair, single in _PAIRS:
        plain = plain.replace(pair, single)
    return plain.replace("-", "").replace("i", "l")


def same_person(one: str, other: str) -> bool:
    """Whether two shown names would be taken for the same person's, in whatever order their parts stand."""
    parts, others = _parts(one), _parts(other)
    return len(parts) > 1 and parts == others


def _parts(name: str) -> list[str]:
    words = "".join(letter if letter.isalnum() else " " for letter in name.split("(")[0])
    return sorted(_skeleton(word) for word in words.split())


def one_apart(one: str, other: str) -> bool:
    """Whether one letter is changed, missing, added, or swapped with its neighbour."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[start:], other[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]
