"""What a case is said to be, attribute by attribute: its severity, its priority, who has it, by when it is due."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from agent.conversation.intents.case_lines import LATE
from agent.conversation.intents.saying import Saying, counted, equals, line, nothing, path
from agent.conversation.intents.the_case import case_of
from agent.conversation.understanding.rows import objects, text
from agent.models import Evidence

STATUS: Final[Mapping[str, str]] = {
    "new": "{id} is new; it has not been investigated yet.",
    "investigating": "{id} is still being investigated.",
    "open": "{id} is open: it was investigated, and nobody has taken it.",
    "taken": "{id} is being worked on by {owner}.",
    "closed": "{id} is closed.",
}
DUE: Final = "It has to be taken by {value}."
ONE: Final[Mapping[str, tuple[str, str]]] = {
    "severity": ("The severity of {id} is {value}.", "severity"),
    "priority": ("The priority of {id} is {value}.", "priority"),
    "outcome": ("The outcome of {id} is {value}.", "outcome"),
    "likelihood": ("The likelihood of malice in {id} is {value}.", "likelihood"),
    "title": ("The title of {id} is: {value}.", "title"),
    "created": ("{id} was opened at {value}.", "created_at"),
    "authorisation": ("{id} is covered by the register entry {value}.", "authorisation"),
}
"""Attributes that are one value: how they are told, and where they stand."""
OF_CASE: Final = "ATT&CK techniques of {id}: {names}."
NONE_OF_CASE: Final = "The case has no technique."
ALERT: Final = "{id} began with the alert '{value}' of {time}."
NOTE: Final = "A note says: {value}"
NO_NOTE: Final = "Nobody has written a note on it."
_WHOLE: Final = re.compile(
    r"what happened|\bwhy\b|summar|explain|overview|walk me|tell me about|rundown|story"
    r"|发生了|怎么回事|为什么|总结|概括|概述|讲讲|介绍|说说"
)
"""Words that ask for the whole of it, whatever else is asked."""


def attributes(opened: Evidence, asked: Sequence[str]) -> list[Saying]:
    """The attributes that are asked for, one sentence each."""
    return [sentence for name in asked for sentence in _attribute(opened, name)]


def only_attributes(asked: Sequence[str], plain: str) -> bool:
    """Whether nothing but attributes is asked for."""
    return bool(asked) and _WHOLE.search(plain) is None


def _attribute(opened: Evidence, name: str) -> list[Saying]:
    one = {"id": path("case", "id")}
    if name in ONE:
        template, member = ONE[name]
        return [equals(opened, template, path("case", member), one)]
    match name:
        case "status" | "owner":
            return [status_line(opened)]
        case "due":
            return [late(opened) or due_line(opened) or status_line(opened)]
        case "techniques":
            at = "$.case.techniques[*]"
            return [counted(opened, OF_CASE, at, {**one, "names": at}), nothing(opened, NONE_OF_CASE, at)]
        case "alerts":
            first = ("case", "alerts", 0)
            return [equals(opened, ALERT, path(*first, "title"), {**one, "time": path(*first, "time")})]
        case "notes":
            places = range(len(objects(case_of(opened).get("notes"))))
            notes = [line(opened, NOTE, "A note says:", path("case", "notes", place, "text")) for place in places]
            return [*notes, nothing(opened, NO_NOTE, "$.case.notes[*]")]
    return []


def status_line(opened: Evidence) -> Saying:
    """Where the case stands, and who works on it."""
    template = STATUS.get(text(case_of(opened), "status") or "")
    slots = {"id": path("case", "id"), "owner": path("case", "owner")}
    kept = {name: at for name, at in slots.items() if template and f"{{{name}}}" in template}
    return equals(opened, template, path("case", "status"), kept) if template else None


def due_line(opened: Evidence) -> Saying:
    """By when it has to be taken, while nobody has."""
    waiting = text(case_of(opened), "status") in ("new", "open")
    return equals(opened, DUE, path("case", "due_at")) if waiting else None


def late(opened: Evidence) -> Saying:
    """That the case is overdue, when it is."""
    if case_of(opened).get("overdue") is not True:
        return None
    return equals(opened, LATE, path("case", "overdue"), {"id": path("case", "id"), "due": path("case", "due_at")})
