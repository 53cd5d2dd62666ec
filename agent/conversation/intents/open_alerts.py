"""The queue: which cases are open, most urgent first."""

import re
from typing import Final

from pydantic import JsonValue

from agent.conversation.intents.case_lines import LATE, case_entities, case_lines
from agent.conversation.intents.saying import Saying, about, asks, counted, equals, nothing, path, told, unanswered
from agent.conversation.models import Referents, moment_text
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import rows
from agent.conversation.understanding.words import load_words
from agent.models import Evidence, JsonObject

KEPT: Final = "cases."
"""What the names of filters begin with that narrow the queue, in what later questions may go on from."""
_CLOSED: Final = re.compile(
    r"(?<!not )(?<!not yet )(?<!not been )(?<!un)\b(?:closed|resolved|finished)\b"
    r"|(?<!未)(?<!没有)(?<!没)(?<!尚未)(?:已经?被?关闭|已经?关|关闭了的|关闭过?的|关掉的|已结案|结案的|结了案)"
)
OPEN: Final = ["new", "investigating", "open", "taken"]
_MOST: Final = 8
_DISPOSITIONS: Final = (
    ("benign_true_positive", r"benign true positives?|良性"),
    ("true_positive", r"(?<!benign )true positives?|真实攻击|真阳"),
    ("false_positive", r"false positives?|false alarms?|误报"),
    ("needs_human", r"needs? (?:a )?human|undecided|需要人工|待人工"),
    ("not_evaluable", r"not evaluable|unevaluable|无法评估"),
)
TOTAL: Final = "Open cases: {value}."
TOTAL_FIT: Final = "Cases that fit: {value}."
COUNTS: Final = "Open cases by priority: P1 {value}, P2 {p2}, P3 {p3}, P4 {p4}."
FOUND: Final = "By priority, the cases that fit: P1 {value}, P2 {p2}, P3 {p3}, P4 {p4}."
NONE_OPEN: Final = "No case is open."
NONE_FITS: Final = "No case fits that."
MORE: Final = "These are the most urgent ones; ask for a priority, a status or a verdict to see others."
UNAVAILABLE: Final = "I could not read the cases: {reason}."


class OpenAlerts:
    """Open cases by priority, narrowed by what the question says."""

    name = "open_alerts"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """Counts first, then one sentence a case."""
        wanted = _wanted(question)
        cases = await looker.read("mcpsoc__mcpsoc_list_cases", {**wanted, "limit": _MOST})
        if failed := unanswered(cases, UNAVAILABLE):
            return Draft(said=(failed,))
        plain = wanted == {"status": OPEN}
        late = [_late(cases, place) for place in range(len(rows(cases, "cases")))]
        said = told(
            nothing(cases, NONE_OPEN if plain else NONE_FITS, "$.cases[*]"),
            None if cases.truncated else counted(cases, TOTAL if plain else TOTAL_FIT, "$.cases[*]"),
            _counts(cases, COUNTS if plain else FOUND) if rows(cases, "cases") else None,
            case_lines(cases, _MOST),
            late,
            Speech(MORE) if cases.truncated else None,
        )
        listed = case_entities(cases, _MOST)
        suggestions = tuple(
            asks(question.language, "What happened in {it}, and why?", it=item.value) for item in listed[:2]
        )
        return Draft(
            said=said,
            suggestions=(*suggestions, asks(question.language, "What changed since my last visit?")),
            referents=about(
                question, referents, self.name, entities=listed[:1] if len(listed) == 1 else (), listed=listed
            ).model_copy(update={"filters": {f"{KEPT}{name}": value for name, value in wanted.items()}}),
        )


def _wanted(question: Understood) -> JsonObject:
    plain = question.plain
    kept = {name.removeprefix(KEPT): value for name, value in question.filters.items() if name.startswith(KEPT)}
    wanted: JsonObject = {"status": [*OPEN], **kept}
    if (status := _status(plain)) is not None:
        wanted["status"] = status
    priorities: list[JsonValue] = [f"P{digit}" for digit in "1234" if re.search(rf"(?<![a-z0-9])p{digit}(?!\d)", plain)]
    if priorities:
        wanted["priority"] = priorities
    disposition: list[JsonValue] = [name for name, words in _DISPOSITIONS if re.search(words, plain)]
    if disposition:
        wanted["disposition"] = disposition
    if re.search(r"overdue|past due|\blate\b|逾期|超时|过期", plain):
        wanted["overdue"] = True
    if technique := next((item for item in question.entities if item.type == "technique" and item.said), None):
        wanted["text"] = technique.value
    elif technique_of := next((number for word, number in load_words().attacks.items() if _says(word, plain)), None):
        wanted["text"] = technique_of
    if question.window is not None:
        wanted["since"] = moment_text(question.window.start)
    return wanted


def _says(word: str, plain: str) -> bool:
    return re.search(rf"\b{word}\b", plain) is not None if word.isascii() else word in plain


def _status(plain: str) -> list[JsonValue] | None:
    """The states that the question names; None when it names none."""
    plain = re.sub(r"有没有|有无|是否", " ", plain)
    if re.search(r"unassigned|untaken|unacknowledged|nobody|no owner|not taken|未分配|没人|无人|未认领", plain):
        return ["new", "investigating", "open"]
    if re.search(r"\btaken\b|in progress|being worked|已认领|已接手|处理中", plain):
        return ["taken"]
    if _CLOSED.search(plain) and not re.search(r"\bopen\b", plain):
        return ["closed"]
    if re.search(r"\bopen\b|未关闭|未结|没关|没有关|未处理|待处理|开着", plain):
        return [*OPEN]
    return None


def _counts(cases: Evidence, template: str) -> Saying:
    slots = {f"p{digit}": path("by_priority", f"P{digit}") for digit in "234"}
    return equals(cases, template, path("by_priority", "P1"), slots)


def _late(cases: Evidence, place: int) -> Saying:
    row = rows(cases, "cases")[place]
    if row.get("overdue") is not True:
        return None
    slots = {"id": path("cases", place, "id"), "due": path("cases", place, "due_at")}
    return equals(cases, LATE, path("cases", place, "overdue"), slots)
