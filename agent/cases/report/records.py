"""The events of a case, as its evidence has them: flat records with a time, read for the pictures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from agent.evidence.entities import moment_of
from agent.evidence.paths import ANY, Location
from agent.evidence.provenance import Declared, declarations, leaf_class
from agent.models import Evidence, Provenance

TIMES: Final = ("@timestamp", "time", "first")
"""Members that say when a row happened, or began."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event: its fields by ECS name, and who wrote each."""

    evidence: str
    time: datetime | None
    sensor: str
    fields: Mapping[str, str]
    classes: Mapping[str, Provenance]


def records(evidence: tuple[Evidence, ...]) -> Iterator[Record]:
    """Every record of every answer; the alert is the first. The same event in two answers comes once."""
    seen: set[str] = set()
    for item in evidence:
        if item.status not in ("success", "stale"):
            continue
        declared = declarations(item)
        for at, row in _rows(item.data):
            record = _record(item, at, row, declared)
            identity = record.fields.get("event.id")
            if identity is None or identity not in seen:
                seen.update({identity} if identity else ())
                yield record


def _rows(data: JsonValue) -> Iterator[tuple[Location, dict[str, JsonValue]]]:
    """Objects that look like events: the alert's fields, and members of lists one level down."""
    if not isinstance(data, dict):
        return
    if isinstance(alert := data.get("alert"), dict):
        yield ("alert",), alert
    for name, rows in data.items():
        if isinstance(rows, list):
            for row in rows:
                if isinstance(row, dict):
                    yield (name, ANY), row


def _record(item: Evidence, at: Location, row: Mapping[str, JsonValue], declared: Declared) -> Record:
    fields: dict[str, str] = {}
    classes: dict[str, Provenance] = {}
    for name, value in row.items():
        place, first = ((*at, name, ANY), value[0]) if isinstance(value, list) and value else ((*at, name), value)
        if isinstance(first, str | int | float) and not isinstance(first, bool):
            fields[name] = str(first)
            classes[name] = leaf_class(place, first, declared)
    if row.get("internal") is False and (host := _asked_host(item)):
        fields |= {"host.name": host, "destination.ip": fields.get("address", "")}
        classes |= {"host.name": Provenance.UNTRUSTED, "destination.ip": classes.get("address", Provenance.UNTRUSTED)}
    time = next((moment for name in TIMES if (moment := moment_of(row.get(name))) is not None), None)
    return Record(item.id, time, fields.get("event.source") or item.sensor or item.server, fields, classes)


def _asked_host(item: Evidence) -> str | None:
    """The host that a summary of flows was asked about: its rows name only the other side."""
    asked = item.arguments.get("host_or_ip", item.arguments.get("host"))
    return asked if isinstance(asked, str) else None
