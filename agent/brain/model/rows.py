"""The values of one answer that a model is shown: row by row with the place of each, as many as there is room for.

What the alert says already and what only a database cares about is left out; all of it stays in the ledger, and a
model may ask for a part of it (expanding.py).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from agent.brain.model.writing import Pen
from agent.conversation.model.facts import Row, rows_of
from agent.models import Alert, Evidence
from knowledge.trust.masking import mask_value

ROOM: Final = 320
"""Characters of values of one answer of which no claim tells."""
TOLD_ROOM: Final = 80
"""Characters of values of one answer that claims tell of."""
DOCUMENT_ROOM: Final = 180
"""Characters of what our own documents say."""
LEAST: Final = 110
_SHORT: Final = 3
"""Texts shorter than this are shown always: they are everywhere by chance."""
MESSAGE_ROOM: Final = 700
"""Characters of values of all such answers that one message brings."""
_DULL: Final = frozenset(
    {"event.id", "event.source", "event.category", "event.outcome", "host.id", "host.ip", "user.id", "id", "sid", "mac"}
    | {"created", "password_changed", "score", "email", "site", "asn", "retrieved_at", "value", "indicator", "type"}
    | {"os", "covered", "last_event", "event.type"}
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
    "event.action",
    "@timestamp",
)
"""Members that say most about what happened; the others follow in their own order."""
_RANK: Final = {name: rank for rank, name in enumerate(_FIRST)}
_NAMING: Final = "sensor"
"""Says whose row it is."""
_USUAL: Final = (
    ("host_seen_elsewhere", False),
    ("internet_facing", False),
    ("enabled", True),
    ("state", "covered"),
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

    def _says(self, told: str) -> bool:
        return re.search(rf"(?<![\w.-]){re.escape(told)}(?![\w-]|\.\w)", self.text) is not None


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines of values, and how many rows were left out of them."""

    lines: tuple[str, ...]
    left: int = 0


def known_of(alert: Alert) -> Known:
    """What the alert's own line tells."""
    fields = (field.value if isinstance(field.value, tuple) else (field.value,) for field in alert.fields)
    return Known(frozenset(str(value) for several in fields for value in several))


def room_for(answers: int) -> int:
    """Characters of values that each of so many answers gets in one message, where no claim tells of them."""
    return max(LEAST, min(ROOM, MESSAGE_ROOM // max(1, answers)))


def few(evidence: Evidence, known: Known, pen: Pen, room: int) -> Shown:
    """The first values that say something new; `known`: what the alert and the claims on this answer say already."""
    if evidence.status == "no_data":
        return Shown(())
    rows = (_new(row, known) for row in _merged(masked_rows(evidence)))
    return fitting([row for row in rows if row.values], pen, room)


def masked_rows(evidence: Evidence) -> list[Row]:
    """Every row of the answer, secrets masked by name and by look."""
    return rows_of(evidence.model_copy(update={"data": mask_value(evidence.data)}))


def fitting(rows: Iterable[Row], pen: Pen, room: int) -> Shown:
    """As many rows as there is room for; of the first one at least some values."""
    lines: list[str] = []
    left = 0
    for row in rows:
        line = _line(row, pen, room) if room > 0 else ""
        if not line or (lines and len(line) > room):
            left, room = left + 1, 0
            continue
        lines.append(line)
        room -= len(line)
    return Shown(tuple(lines), left)


def _line(row: Row, pen: Pen, room: int) -> str:
    """`  place name=value; name=value`, cut where the room ends."""
    line = f"  {row.at}"
    for index, (name, value) in enumerate(row.values.items()):
        shown = pen.value(value, trusted=name not in row.untrusted)
        part = f" {pen.text(name)}={shown}" if name else f" {shown}"
        if index and len(line) + len(part) > room:
            return f"{line}; …"
        line += f";{part}" if index else part
    return line


def _new(row: Row, known: Known) -> Row:
    kept = {name: value for name, value in _telling(row) if name == _NAMING or not known.has(value)}
    if set(kept) == {_NAMING}:
        kept = {}
    names = sorted(kept, key=lambda name: _RANK.get(name, len(_RANK)))
    return Row(row.at, {name: kept[name] for name in names}, row.untrusted)


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
