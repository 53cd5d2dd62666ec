"""Words that say more than one value can: `only`, `all`, `none`, `first`, `last`, `most`, `because`. Code tries them.

What a sentence cites is widened to the whole list that it stands in (`$.events[3].host` to `$.events[*].host`), and the
word has to hold of that list, in an answer that is complete:

only            the list has one value, which the sentence says, or as many as the word is followed by
all             every row of the list has a value that the sentence says
none, never     the cited value is 0, false or empty, or so is every one of the list
first, last     a time or number that the sentence says is the least or the greatest of the list; so `most`
because         the cited field is a reason

Each is also taken from where it stands: in the name of a cited field (`last_event`), or in a cited text that no
outsider wrote. What is tried is the list that the server gave, in the time it was asked about: not the whole world.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from agent.conversation.errors import UnborneError
from agent.conversation.model.bearing import leaves, number_of, outside_quotes, words_of
from agent.evidence.entities import moment_of
from agent.evidence.paths import compile_path, select
from agent.models import Evidence, Ref

_INDEX: Final = re.compile(r"\[\s*-?\d+\s*\]")
_COMPOUND: Final = re.compile(r"\w+(?:[-./@]\w+)+")
_ONE: Final = re.compile(r"\b(?:1|once)\b|1 ?[个次台条]|一次", re.IGNORECASE)
_PARTS: Final = re.compile(r"\d[\d,]*|[A-Za-z]+|[零一二三四五六七八九十百千万两]+")
_NEAR: Final = 20
_CLOCK: Final = re.compile(r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
_IN_ORDER: Final = ("siem_search_events", "siem_timeline", "siem_related_events")
"""Answers whose rows come earliest first, so that the first row is the first also of a list that is cut."""

_ONLY: Final = re.compile(
    r"(?<!-)(?<!\bnot )\bonly\b|\bsole(?:ly)?\b|\bexclusively\b|\b(?:no|nobody|no one|nothing|none) (?:other|else)\b"
    r"|只有|仅(?!供)|唯一|没有(?:其他|别的)|别无",
    re.IGNORECASE,
)
_OTHER: Final = re.compile(r"\b(?:no|nobody|no one|nothing|none) (?:other|else)\b|没有(?:其他|别的)", re.IGNORECASE)
_NONE: Final = re.compile(
    r"\b(?:none|never|nobody|no one|nothing)\b(?! (?:other|else))|从未|从没|从来没|没有任何|无一", re.IGNORECASE
)
_ALL: Final = re.compile(
    r"(?<!\bat )(?<!\bin )(?<!\bnot )\ball\b(?![- ](?:day|night|hosts? together|that time|of the time))"
    r"|\bevery\b(?! [\d.]+)|\beach\b|\balways\b"
    r"|(?<!不是)(?<!并非)(?:全部|所有)|均(?=[为是由在来有未已被无属])|(?<![成首])都(?=[为是由在来有没未已被无属])|每[个次台条]|一律|始终",
    re.IGNORECASE,
)
_SPAN: Final = (
    r"(?! (?:\d+|few|two|three|seven|24|couple of)? ?(?:second|minute|hour|day|night|week|month|year|h|min)s?\b)"
)
_LEAST: Final = re.compile(
    r"(?<!\bat )\bfirst\b(?! (?:reason|point|finding|question|step)s?\b)"
    r"|\bearliest\b|\boldest\b|\b(?:lowest|smallest|fewest)\b|(?<!\bat )\bleast\b"
    r"|最早|首次|首个|首先|第一[次个条]|最低|最小|最少",
    re.IGNORECASE,
)
_GREATEST: Final = re.compile(
    rf"(?<!\bat )\blast\b{_SPAN}|\blatest\b|\bnewest\b|\bmost recent(?:ly)?\b|(?<!\bat )\bmost\b"
    r"|\b(?:highest|largest|biggest|greatest|leading|topmost|main)\b|最后|最晚|最新|最近一[次个条]|最高|最大|最多|最主要|首要|领先",
    re.IGNORECASE,
)
_BECAUSE: Final = re.compile(
    r"\bbecause\b|\btherefore\b|\bhence\b|\bthus\b|\bconsequently\b|\bas a result\b|\bwhich is why\b|\bdue to\b"
    r"|因此|因为|因而|所以|由于|导致|从而",
    re.IGNORECASE,
)
_REASONS: Final = frozenset({"reason", "reasons", "why", "because", "cause", "basis", "error", "hint", "decisive_for"})
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "least": frozenset({"first", "earliest", "oldest", "min"}),
    "greatest": frozenset({"last", "latest", "newest", "max", "most"}),
}
"""Parts of field names that say such a word themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """One citation and the answer it leads to."""

    ref: Ref
    answer: Evidence
    own: bool
    """Whether no outsider wrote what stands there: it is trusted, or a claim of ours."""

    def values(self) -> list[JsonValue]:
        """What it selects."""
        return select(self.ref.path, self.answer.data)

    def whole(self) -> list[JsonValue]:
        """What stands in the whole list; nothing where the citation leads into no list."""
        wide = _INDEX.sub("[*]", self.ref.path)
        return select(wide, self.answer.data) if "[*]" in wide or "?" in wide else []

    @property
    def complete(self) -> bool:
        """Whether the answer has all the rows there are."""
        paged = bool(self.answer.arguments.get("cursor"))
        return self.answer.status == "success" and not self.answer.truncated and not paged

    @property
    def narrowed(self) -> bool:
        """Whether its own filter chose the rows, so that what they have in common says nothing."""
        return "?" in self.ref.path


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence: its words, and what it names."""

    own: str
    tokens: Sequence[str]
    places: Sequence[Place]

    def says(self, value: JsonValue) -> bool:
        """Whether the sentence says one of the plain values below it, as a token or as an ordinary word."""
        return any(self._says(leaf) for leaf in leaves(value) if leaf)

    def _says(self, leaf: str) -> bool:
        plain = leaf.replace("_", " ").casefold()
        own = self.own.replace("_", " ").casefold()
        return any(_alike(token, leaf) for token in self.tokens) or (
            len(plain) > 2 and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", own) is not None
        )


def check_wholes(text: str, tokens: Sequence[str], places: Sequence[Place]) -> None:
    """Raises: UnborneError for a word that what is cited does not show, with a way to say it."""
    said = _Said(outside_quotes(text), tokens, places)
    plain = _without_names(said.own, places)
    problems = [
        f"it says {found[0].strip()!r}: {advice}"
        for pattern, holds, advice in _WORDS
        if (found := pattern.search(plain)) and not holds(said) and not _stands(pattern, places)
    ]
    if problems:
        raise UnborneError("; ".join(problems))


def check_no_wholes(text: str) -> None:
    """For a sentence that shows no value. Raises: UnborneError for `only` and for what is first, last or most.

    That there is no other one is what such a sentence is for."""
    own = _OTHER.sub(" ", outside_quotes(text))
    if found := next((found for pattern in (_ONLY, _LEAST, _GREATEST) if (found := pattern.search(own))), None):
        raise UnborneError(f"it says {found[0].strip()!r}, and shows nothing that could prove it; leave that word out")


def _without_names(own: str, places: Iterable[Place]) -> str:
    """The sentence without cited values that have such a word in their name: `all-staff`."""
    for place in places:
        for leaf in leaves(place.values()):
            if _COMPOUND.fullmatch(leaf):
                own = re.sub(rf"(?<![\w-]){re.escape(leaf)}(?![\w-])", "#", own, flags=re.IGNORECASE)
    return own


def _stands(pattern: re.Pattern[str], places: Iterable[Place]) -> bool:
    """Whether a cited text that no outsider wrote says such a word itself."""
    texts = (leaf for place in places if place.own for leaf in leaves(place.values()))
    return any(pattern.search(leaf) for leaf in texts if " " in leaf or not leaf.isascii())


def _only(said: _Said) -> bool:
    """One thing, or as many as the sentence counts; of values that are all alike, the one it says."""
    ones = (value for place in said.places if place.own for value in place.values())
    if _ONE.search(said.own) and any(value == 1 and not isinstance(value, bool) for value in ones):
        return True
    return any(_has_only(said, place) for place in said.places if place.complete)


def _has_only(said: _Said, place: Place) -> bool:
    whole = place.whole()
    if whole and len(whole) in _counts_after(_ONLY, said.own):
        return True
    return not place.narrowed and (len(whole) == 1 or _are_alike(said, whole))


def _counts_after(pattern: re.Pattern[str], own: str) -> set[float]:
    """The number that follows the word: `only 3 events`."""
    after = (own[found.end() : found.end() + _NEAR] for found in pattern.finditer(own))
    words = (word for text in after for word in _PARTS.findall(text)[:2])
    return {number for word in words if (number := number_of(word)) is not None}


def _are_alike(said: _Said, whole: Sequence[JsonValue]) -> bool:
    """Whether all are one value, and the sentence says it."""
    return bool(whole) and all(value == whole[0] for value in whole) and said.says(whole[0])


def _all(said: _Said) -> bool:
    """Every row has something that the sentence says of all of them: a value, not merely their number."""
    return any(_has_all(said, place) for place in said.places if place.complete and not place.narrowed)


def _has_all(said: _Said, place: Place) -> bool:
    whole = place.whole()
    if not whole:
        whole = [item for value in place.values() if isinstance(value, list) for item in value]
    shared = set.intersection(*(set(leaves(value)) - _keys(value) for value in whole)) if whole else set()
    listed = bool(whole) and all(said.says(value) for value in whole) and not isinstance(whole[0], dict)
    return listed or any(said.says(leaf) for leaf in shared)


def _keys(value: JsonValue) -> set[str]:
    return set(value) if isinstance(value, dict) else set()


def _none(said: _Said) -> bool:
    """The cited value is nothing, or nothing else stands in the whole list."""
    for place in said.places:
        if any(_is_nothing(value) for value in place.values()):
            return True
        whole = place.whole()
        if place.complete and not place.narrowed and whole and all(_is_nothing(value) for value in whole):
            return True
    return False


def _is_nothing(value: JsonValue) -> bool:
    return value is None or value is False or value == [] or (isinstance(value, int | float) and value == 0)


def _extreme(end: str) -> Callable[[_Said], bool]:
    def holds(said: _Said) -> bool:
        return any(_is_named(place, end) or _is_at(said, place, end) for place in said.places)

    return holds


def _is_named(place: Place, end: str) -> bool:
    """Whether the name of the cited field says it: `last_event`."""
    words = {part for word in words_of(place.ref.path) for part in word.lower().split("_")}
    return bool(words & _NAMES[end])


def _is_at(said: _Said, place: Place, end: str) -> bool:
    """Whether the sentence says the time or the number at that end of the whole list."""
    ordered = end == "least" and place.answer.tool in _IN_ORDER and not place.answer.arguments.get("cursor")
    if not (place.complete or (ordered and place.answer.status == "success")):
        return False
    if place.narrowed and not _filter_is_said(said, place):
        return False
    whole = [value for value in place.whole() if _rank(value) is not None]
    if not whole:
        return False
    pick = min if end == "least" else max
    return said.says(pick(whole, key=lambda value: _rank(value) or 0.0))


def _filter_is_said(said: _Said, place: Place) -> bool:
    """Whether the sentence says what its citation picks rows by: `the last one from 10.0.0.5`."""
    wanted = [read.equals for read in compile_path(place.ref.path).reads]
    return all(value is not None and said.says(value) for value in wanted)


def _rank(value: JsonValue) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    moment = moment_of(value) if isinstance(value, str) else None
    return None if moment is None else moment.timestamp()


def _because(said: _Said) -> bool:
    """A cited field is a reason."""
    return any(_REASONS & set(words_of(place.ref.path)) for place in said.places)


def _alike(token: str, leaf: str) -> bool:
    if token.casefold() == leaf.casefold():
        return True
    first, second = number_of(token), number_of(leaf)
    if first is not None or second is not None:
        return first == second
    if _CLOCK.fullmatch(token):
        return f"T{token}" in leaf
    asked, there = moment_of(token), moment_of(leaf)
    return asked is not None and there is not None and asked.replace(microsecond=0) == there.replace(microsecond=0)


_END: Final = "cite the field in a complete list ([*]) and say its {end} value, or leave the word out"
_WORDS: Final[Sequence[tuple[re.Pattern[str], Callable[[_Said], bool], str]]] = (
    (_ONLY, _only, "cite a complete list ([*]) that shows it, with its number behind the word, or leave the word out"),
    (_NONE, _none, "cite the value that is 0, false or empty, use nothing_found, or leave the word out"),
    (_ALL, _all, "cite a complete list ([*]) whose every row has what you say, or give the number instead"),
    (_LEAST, _extreme("least"), _END.format(end="least")),
    (_GREATEST, _extreme("greatest"), _END.format(end="greatest")),
    (_BECAUSE, _because, "cite the `reason` that says so, or put the two facts side by side"),
)
