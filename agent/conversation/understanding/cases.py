"""Which case a question is about when it gives no number: the newest, the one that names something, one of a title."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.conversation.models import Entity
from agent.conversation.protocol import Looker
from agent.conversation.understanding.rows import rows, text
from agent.conversation.understanding.words import Words
from agent.models import JsonObject

_CASE: Final = r"(?:cases?|incidents?|alerts?|tickets?|案件|案例|案子|工单|告警|报警|事件单)"
_NEWEST: Final = re.compile(
    rf"\b(?:last|latest|newest|most recent) (?:\w+ )?{_CASE}|(?:最新|最近|最后)(?:的|一个|一起|一条|的一个)*{_CASE}"
)
_BEFORE: Final = re.compile(r"(?<!\w)((?:[a-z][a-z0-9'-]* ){0,2}[a-z][a-z0-9'-]{2,}) (?:case|incident|alert|ticket)\b")
_ABOUT: Final = re.compile(
    r"\b(?:case|incident|alert) (?:about|with|called|named|titled|of) (?:the |an? )?((?:[a-z][a-z0-9'-]+ ?){1,3})"
)
_ABOUT_ZH: Final = re.compile(r"(\w{2,6}?)(?:的)?(?:那个|这个|那起|这起)?(?:案件|案例|案子|事件)")
_MOST: Final = 6
_MOST_TITLES: Final = 3
OPEN: Final = ("new", "investigating", "open", "taken")


@dataclass(frozen=True, slots=True)
class Choice:
    """One case that may be meant."""

    id: str
    title: str


async def case_asked_for(plain: str, words: Words, looker: Looker) -> list[Choice]:
    """The cases that `the newest case`, `the shadow copies case` mean; empty when the question says no such thing."""
    if _NEWEST.search(plain):
        found = await looker.read("mcpsoc__mcpsoc_list_cases", {"limit": 200})
        newest = sorted(rows(found, "cases"), key=lambda row: (text(row, "created_at") or "", _number(row)))
        return _choices(newest[-1:])
    for title in _titles(plain, words.no_title):
        found = await looker.read("mcpsoc__mcpsoc_list_cases", {"text": title, "limit": _MOST})
        if listed := rows(found, "cases"):
            return _choices(listed)
    if (technique := _attack(plain, words)) is not None:
        found = await looker.read("mcpsoc__mcpsoc_list_cases", {"text": technique, "limit": _MOST})
        return _choices(rows(found, "cases"))
    return []


def _titles(plain: str, never: frozenset[str]) -> list[str]:
    """Parts of a title that the question may name, the longest first."""
    found: list[str] = []
    for pattern in (_BEFORE, _ABOUT):
        for match in pattern.finditer(plain):
            named = match[1].split()
            while named and (named[0] in never or (pattern is _ABOUT and named[-1] in never)):
                named = named[1:] if named[0] in never else named[:-1]
            if not any(word in never for word in named):
                found += [" ".join(named[start:]) for start in range(len(named))]
    return list(dict.fromkeys(found))[:_MOST_TITLES]


def _attack(plain: str, words: Words) -> str | None:
    """The technique of the kind of attack whose case is meant: `the phishing case`."""
    said = [*(match[1] for match in _BEFORE.finditer(plain)), *(match[0] for match in _ABOUT_ZH.finditer(plain))]
    named = [name for text in said for name in words.attacks if name in (text.split() if name.isascii() else text)]
    return words.attacks[named[0]] if named else None


async def cases_of(entities: Sequence[Entity], looker: Looker) -> list[Choice]:
    """The cases whose alerts name one of these; with none given, the open ones, most urgent first."""
    if entities:
        calls: list[tuple[str, JsonObject]] = [
            ("mcpsoc__mcpsoc_find_cases", {"entity": entity.value, "limit": _MOST}) for entity in entities[:2]
        ]
        answers = await looker.read_many(calls)
        found = [row for answer in answers for row in rows(answer, "cases")]
        exact = [row for row in found if row.get("exact") is not False]
        return _choices(exact or found)
    answer = await looker.read("mcpsoc__mcpsoc_list_cases", {"status": list(OPEN), "limit": _MOST})
    return _choices(rows(answer, "cases"))


def _choices(found: Sequence[JsonObject]) -> list[Choice]:
    named = [Choice(name, text(row, "title") or "") for row in found if (name := text(row, "id"))]
    return list(dict.fromkeys(named))


def _number(row: JsonObject) -> int:
    digits = re.sub(r"\D", "", text(row, "id") or "")
    return int(digits) if digits else 0
