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
_BEFORE: Final = re.compile(r"(?<!\w)([a-z][a-z0-9'-]{3,})\s+(?:case|incident|alert|ticket)\b")
_ABOUT: Final = re.compile(
    r"\b(?:case|incident|alert) (?:about|with|on|called|named|titled) (?:the |an? )?([a-z][a-z0-9'-]{3,})"
)
_MOST: Final = 6
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
    for pattern in (_BEFORE, _ABOUT):
        for match in pattern.finditer(plain):
            if match[1] not in words.common:
                found = await looker.read("mcpsoc__mcpsoc_list_cases", {"text": match[1], "limit": _MOST})
                if listed := rows(found, "cases"):
                    return _choices(listed)
    return []


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
