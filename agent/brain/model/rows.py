"""The values of one answer that a model is shown: row by row with the place of each, as many as there is room for.

What the alert says already and what only a database cares about is left out; all of it stays in the ledger, and a
model may ask for a part of it (expanding.py).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pydantic import JsonValue

from agent.brain.model.layout import Layout, Shown, list_of
from agent.brain.model.writing import Pen
from agent.conversation.model.facts import Row, rows_of
from agent.models import Alert, Evidence
from knowledge.trust.masking import mask_value

ROOM: Final = 480
"""Characters of values of one answer of which no claim tells."""
TOLD_ROOM: Final = 240
"""Characters of values of one answer that claims tell of."""
DOCUMENT_ROOM: Final = 300
"""Characters of what our own documents say."""
LEAST: Final = 160
OWN_ROOM: Final = 480
"""Characters of values of an answer that a model asked for by a read of its own."""
WHOLE_CLIP: Final = 300
"""Characters of one value of what a model asked for."""
_SHORT: Final = 3
"""Texts shorter than this are shown always: they are everywhere by chance."""
MESSAGE_ROOM: Final = 1_600
"""Characters of values of all such answers that one message brings."""
_DULL: Final = frozenset(
    {"event.id", "event.source", "event.category", "event.outcome", "host.id", "host.ip", "user.id", "id", "sid", "mac"}
    | {"created", "password_changed", "score", "email", "site", "asn", "retrieved_at", "value", "indicator", "type"}
    | {
        "os",
        "covered",
        "last_event",
        "event.type",
        "session.id",
        "process.entity_id",
        "process.parent.entity_id",
        "process.pid",
    }
    | {"logon.id", "user_agent"}
)
"""Members that tell nothing about what happened, or repeat what was asked."""
_FIRST: Final = (
    "process.command_line",
    "process.executable",
    "url.full",
    "dns.question.name",
    "file.path",
    "cloud.api",
    "destination.domain",
    "destination.ip",
    "user.name",
    "source.ip",
    "host.name",
    "source.country",
    "device.managed",
    "event.action",
    "@timestamp",
)
"""Members that say most about what happened; the others follow in their own order."""
_RANK: Final = {name: rank for rank, name in enumerate(_FIRST)}
_KEY: Final = "key."
"""How the keys of a count's groups are called."""
_TEXT: Final = "text"
_TITLES: Final = ("title", "section")
_NAMING: Final = "sensor"
"""Says whose row it is."""
_USUAL: Final = (
    ("host_seen_elsewhere", False),
    ("internet_facing", False),
    ("enabled", True),
    ("state", "covered"),
    ("blocked", 0),
)
"""Values that are worth a word only when they are others."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a reader knows before it sees an answer."""

    values: frozenset[str]
    """Values that the alert tells."""
    text: str = ""
    """What is said about the answer beside its values."""

    def has(self, value: JsonValue) -> bool:
        """Whether the value would say nothing new."""
        told = str(value)
        if isinstance(value, bool) or len(told) < _SHORT:
            return isinstance(value, int | float) and not isinstance(value, bool) and self._says(told)
        return told in self.values or self._says(told)

    def in_alert(self, value: JsonValue) -> bool:
        """Whether the alert tells the value."""
        return str(value) in self.values

    def _says(self, told: str) -> bool:
        return re.search(rf"(?<![\w.-]){re.escape(told)}(?![\w-]|\.\w)", self.text) is not None


def known_of(alert: Alert) -> Known:
    """What the alert's own line tells."""
    fields = (field.value if isinstance(field.value, tuple) else (field.value,) for field in alert.fields)
    return Known(frozenset(str(value) for several in fields for value in several))


def room_for(answers: int) -> int:
    """Characters of values that each of so many answers gets in one message, where no claim tells of them."""
    return max(LEAST, min(ROOM, MESSAGE_ROOM // max(1, answers)))


def few(evidence: Evidence, known: Known, pen: Pen, room: int) -> Shown:
    """The values that say something new; `known`: what the alert and the claims on this answer say already."""
    if evidence.status == "no_data":
        return Shown(())
    lists = groupby(_merged(masked_rows(evidence)), list_of)
    rows = (row for _, several in lists for row in _new(list(several), known))
    return Layout(pen).shown([row for row in rows if row.values], room)


def all_of(rows: Iterable[Row], known: Known, pen: Pen, room: int, first: str = "") -> Shown:
    """Every value, what says something new before what the alert says and what only a database cares about.

    `first`: name of a member that was asked for."""
    ordered = [_ordered(row, known, first) for row in _merged(rows)]
    return Layout(pen, WHOLE_CLIP).shown([row for row in ordered if row.values], room)


def said_in(evidence: Evidence, pen: Pen, room: int) -> Shown:
    """What the best section of our own documents says, by its text; nothing where there is none."""
    for row in masked_rows(evidence):
        text = row.values.get(_TEXT)
        if isinstance(text, str) and text:
            about = [pen.value(row.values[name], trusted=True) for name in _TITLES if name in row.values]
            return Shown((f"  {row.at} {', '.join(about)}: {pen.quoted(' '.join(text.split()), room)}",))
    return Shown(())


def masked_rows(evidence: Evidence) -> list[Row]:
    """Every row of the answer, secrets masked by name and by look."""
    return rows_of(evidence.model_copy(update={"data": mask_value(evidence.data)}))


def _new(rows: Sequence[Row], known: Known) -> Iterator[Row]:
    """Rows of one list with what at least one of them has to tell: a field stays in all of them or in none."""
    told = [dict(_telling(row)) for row in rows]
    every = list(dict.fromkeys(name for values in told for name in values))
    bucket = any(name.startswith(_KEY) for name in every)
    fresh = {name for values in told for name, value in values.items() if bucket or not known.has(value)}
    names = sorted(every, key=lambda name: _RANK.get(name, len(_RANK)))
    for row, values in zip(rows, told, strict=True):
        own = {name for name in values if name in fresh and name != _NAMING}
        kept = {name: values[name] for name in names if name in values and own and (name in fresh or name == _NAMING)}
        yield Row(row.at, kept, row.untrusted)


def _ordered(row: Row, known: Known, first: str) -> Row:
    def rank(name: str) -> tuple[bool, bool, int]:
        return name != first, name in _DULL or known.in_alert(row.values[name]), _RANK.get(name, len(_RANK))

    names = sorted((name for name in row.values if row.values[name] not in (None, "", [])), key=rank)
    return Row(row.at, {name: row.values[name] for name in names}, row.untrusted)


def _telling(row: Row) -> Iterator[tuple[str, JsonValue]]:
    for name, value in row.values.items():
        if name not in _DULL and value not in (None, "", []) and (name, value) not in _USUAL:
            yield name, value


def _merged(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows with the plain values of their own objects in one line: `count` beside `key.host.name`."""
    last: Row | None = None
    for row in rows:
        inner = row.at.removeprefix(f"{last.at}.") if last is not None and row.at.startswith(f"{last.at}.") else ""
        if last is None or not inner.isidentifier():
            if last is not None:
                yield last
            last = row
            continue
        values = {f"{inner}.{name}": value for name, value in row.values.items()}
        last = Row(last.at, {**last.values, **values}, [*last.untrusted, *(f"{inner}.{n}" for n in row.untrusted)])
    if last is not None:
        yield last
