"""Cases in one sentence each: what it is judged, how urgent it is, what it is about."""

from collections.abc import Mapping
from typing import Final

from agent.conversation.intents.saying import Saying, equals, path
from agent.conversation.models import Entity
from agent.conversation.understanding.rows import rows, text
from agent.models import Evidence, JsonObject

LINES: Final[Mapping[str, str]] = {
    "true_positive": "{id} ({priority}) is a true positive: {title}.",
    "benign_true_positive": "{id} ({priority}) is a benign true positive: {title}.",
    "false_positive": "{id} ({priority}) is a false positive: {title}.",
    "needs_human": "{id} ({priority}) needs a human decision: {title}.",
    "not_evaluable": "{id} ({priority}) could not be evaluated: {title}.",
}
UNDECIDED: Final = "{value} has no verdict yet: {title}."
LATE: Final = "{id} is overdue; it was due at {due}."
CLOSED: Final[Mapping[str, str]] = {
    "true_positive": "A person closed {id} as a true positive.",
    "benign_true_positive": "A person closed {id} as a benign true positive.",
    "false_positive": "A person closed {id} as a false positive.",
    "needs_human": "A person closed {id} as needing a human.",
    "not_evaluable": "A person closed {id} as not evaluable.",
}


def case_line(evidence: Evidence, *at: str | int) -> Saying:
    """The case at a place of an answer."""
    names = {name: path(*at, name) for name in ("id", "priority", "title")}
    for disposition, template in LINES.items():
        if _value(evidence, *at, "disposition") == disposition:
            return equals(evidence, template, path(*at, "disposition"), names)
    return equals(evidence, UNDECIDED, path(*at, "id"), {"title": names["title"]})


def closed_line(evidence: Evidence, *at: str | int) -> Saying:
    """How a person closed the case at a place of an answer, where one did."""
    template = CLOSED.get(_value(evidence, *at, "human_disposition"))
    return equals(evidence, template, path(*at, "human_disposition"), {"id": path(*at, "id")}) if template else None


def case_lines(evidence: Evidence, most: int, name: str = "cases") -> list[Saying]:
    """The first cases of a list."""
    return [case_line(evidence, name, place) for place in range(min(most, len(rows(evidence, name))))]


def case_entities(evidence: Evidence, most: int, name: str = "cases") -> tuple[Entity, ...]:
    """The cases of a list, to be pointed at by their place."""
    return tuple(Entity(type="case", value=case) for row in rows(evidence, name)[:most] if (case := text(row, "id")))


def case_id_of(row: JsonObject) -> str:
    """The id of a case's row."""
    return text(row, "id") or ""


def _value(evidence: Evidence, *at: str | int) -> str:
    place: object = evidence.data
    for part in at:
        if isinstance(place, dict):
            place = place.get(part)
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            return ""
    return place if isinstance(place, str) else ""
