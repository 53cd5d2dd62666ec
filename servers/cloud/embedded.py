"""The cloud of the simulated enterprise: the calls its audit trail holds, by account names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from servers.cloud.backend import Asked, CloudBackend, Counted, Facet, Found, Seen
from servers.cloud.models import CloudEvent
from servers.embedded import LabDoor, blind_spot
from servers.kit import Problem
from servers.lab.queries import events
from servers.lab.records import JsonObject

SENSOR: Final = "cloud-audit"
_FIELDS: Final[Mapping[Facet, str]] = {
    "principal": "user.name",
    "api": "cloud.api",
    "source": "source.ip",
    "access_key": "cloud.access_key",
    "region": "cloud.region",
    "error": "cloud.error_code",
    "user_agent": "user_agent",
}
_BEGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ALL: Final = 100_000


@dataclass(frozen=True, slots=True)
class LabTrail:
    """The events of the lab. The name of an account is its principal."""

    door: LabDoor

    def find(self, asked: Asked, offset: int, limit: int) -> Found:
        """Events."""
        rows = self._rows(asked)
        return Found([CloudEvent(row) for row in rows[offset : offset + limit]], len(rows))

    def count(self, asked: Asked, by: Sequence[Facet]) -> Sequence[Counted]:
        """Groups of events."""
        groups: dict[tuple[str | None, ...], list[JsonObject]] = {}
        for row in self._rows(asked):
            groups.setdefault(tuple(_text(row, each) for each in by), []).append(row)
        made = [_counted(values, rows) for values, rows in groups.items()]
        return sorted(made, key=lambda each: (-each.events, tuple(value or "" for value in each.values)))

    def seen(self, asked: Asked) -> Seen:
        """How often."""
        rows = self._rows(asked)
        times = [_time(row) for row in rows]
        days = len({moment.date() for moment in times})
        return Seen(len(rows), sum(map(_failed, rows)), days, min(times, default=None), max(times, default=None))

    def blind(self, asked: Asked) -> Problem | None:
        """When the trail was off."""
        start, end = asked.start, asked.end or self.door.now()
        return None if start is None else blind_spot(self.door.db, [SENSOR], None, start, end)

    def _rows(self, asked: Asked) -> list[JsonObject]:
        filters = {
            _FIELDS["principal"]: asked.principal,
            _FIELDS["source"]: asked.source,
            _FIELDS["access_key"]: asked.access_key,
        }
        page = events.search_events(
            self.door.db,
            start=asked.start or _BEGIN,
            end=asked.end or self.door.now(),
            source=SENSOR,
            limit=_ALL,
        )
        rows = (row for row in page.events if _fits(row, filters) and _is_api(row, asked.api))
        return [row for row in rows if asked.failed is None or _failed(row) is asked.failed]


def embedded(door: LabDoor) -> CloudBackend:
    """The audit trail of this lab."""
    return CloudBackend("embedded", SENSOR, door.probe, door.now, LabTrail(door))


def _fits(row: JsonObject, filters: Mapping[str, str | None]) -> bool:
    return all(value is None or row.get(name) == value for name, value in filters.items())


def _is_api(row: JsonObject, api: str | None) -> bool:
    return api is None or str(row.get("cloud.api")).lower() == api.lower()


def _failed(row: JsonObject) -> bool:
    return row.get("event.outcome") == "failure"


def _text(row: JsonObject, facet: Facet) -> str | None:
    value = row.get(_FIELDS[facet])
    return None if value is None else str(value)


def _time(row: JsonObject) -> datetime:
    return datetime.fromisoformat(str(row["@timestamp"]))


def _counted(values: tuple[str | None, ...], rows: Sequence[JsonObject]) -> Counted:
    times = [_time(row) for row in rows]
    return Counted(
        values=values,
        events=len(rows),
        failed=sum(map(_failed, rows)),
        principals=_distinct(rows, "principal"),
        sources=_distinct(rows, "source"),
        first=min(times),
        last=max(times),
    )


def _distinct(rows: Sequence[JsonObject], facet: Facet) -> int:
    return len({_text(row, facet) for row in rows} - {None})
