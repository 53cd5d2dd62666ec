"""A lab's file as the suite `chat` reads it: straight from its tables, so that no server and no chat is believed.

Source: the schema in servers/lab/schema.py; times there are milliseconds since 1970, by the lab's clock.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

Row: TypeAlias = sqlite3.Row
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Blind:
    """A sensor that could not see a host, or anything, for part of a window."""

    sensor: str
    state: str
    """`down`, `silent` or `not_deployed`."""
    since: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """One story with its alert and what is true of it."""

    family: str
    kind: str
    alert_id: str
    alert: Mapping[str, str]
    """The alert's flat fields as text."""
    indicators: tuple[tuple[str, str], ...]
    """What containing it would take: kind of measure and target. Of an attack only."""


@dataclass(frozen=True, slots=True)
class Window:
    """Both ends included."""

    start: datetime
    end: datetime


class LabFile:
    """One lab, opened for reading only."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._db.row_factory = sqlite3.Row

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def rows(self, sql: str, *values: str | int) -> list[Row]:
        """What a SELECT finds."""
        return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: str | int) -> Row | None:
        """The first row of a SELECT."""
        found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    def names(self, sql: str, *values: str | int) -> tuple[str, ...]:
        """The first column of a SELECT."""
        return tuple(str(row[0]) for row in self.rows(sql, *values))

    def now(self) -> datetime:
        """The lab's clock."""
        row = self.one("SELECT value FROM meta WHERE key = 'now'")
        return from_ms(int(row[0]) if row is not None else 0)

    def stories(self) -> tuple[Story, ...]:
        """Every story that raised an alert, in the order of the alerts."""
        sql = """SELECT s.family, s.kind, s.truth, a.id, a.fields FROM stories s JOIN alerts a ON a.story = s.id
                 ORDER BY a.time, a.id"""
        return tuple(_story(row) for row in self.rows(sql))

    def times(self, where: Mapping[str, str], window: Window) -> tuple[datetime, ...]:
        """The times of the events that match, in order."""
        return tuple(from_ms(time) for time, _ in sorted(self._matching(where, window)))

    def distinct(self, field: str, where: Mapping[str, str], window: Window) -> tuple[str, ...]:
        """The values that a field has in the events that match, sorted."""
        wanted = {seq for _, seq in self._matching(where, window)}
        found = self.rows(_VALUES, to_ms(window.start), to_ms(window.end), field, "*")
        return tuple(sorted({str(row["value"]) for row in found if row["seq"] in wanted}))

    def _matching(self, where: Mapping[str, str], window: Window) -> set[tuple[int, int]]:
        """Time and number of each event in which every field has its value; `*` stands for any characters."""
        span = (to_ms(window.start), to_ms(window.end))
        found = [{(row["time"], row["seq"]) for row in self.rows(_VALUES, *span, *pair)} for pair in where.items()]
        return set.intersection(*found)

    def blind(self, sensor: str, host: str | None, window: Window) -> Blind | None:
        """The last gap of a sensor over a window, for one host when given; None when it saw all of it.

        An endpoint agent that is not installed has never seen its host."""
        sql = """SELECT start, state FROM coverage WHERE sensor = ?1 AND host IN ('*', ?2) AND state <> 'up'
                 AND +start <= ?4 AND ("end" IS NULL OR "end" > ?3) ORDER BY start DESC"""
        row = self.one(sql, sensor, host or "*", to_ms(window.start), to_ms(window.end))
        if row is not None:
            return Blind(sensor, row["state"], from_ms(row["start"]))
        if sensor == "edr" and host is not None and self._without_agent(host):
            return Blind(sensor, "not_deployed", EPOCH)
        return None

    def _without_agent(self, host: str) -> bool:
        return self.one("SELECT 1 FROM hosts WHERE name = ? AND agent_installed = 0", host) is not None

    def holds(self, token: str) -> bool:
        """Whether the text stands anywhere in the lab: in a register, an alert or an event."""
        return any(self.one(sql, token) is not None for sql in _ANYWHERE)


def from_ms(ms: int) -> datetime:
    """A time stamp of the lab as a time."""
    return EPOCH + timedelta(milliseconds=ms)


def to_ms(moment: datetime) -> int:
    """A time as the lab stamps it."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _story(row: Row) -> Story:
    truth = json.loads(row["truth"])
    fields = {name: str(value) for name, value in json.loads(row["fields"]).items()}
    indicators = tuple((str(kind), str(target)) for kind, target in truth["indicators"])
    return Story(row["family"], row["kind"], row["id"], fields, indicators)


_VALUES = """
SELECT seq, time, value FROM (
  SELECT seq, time, CASE ?3
    WHEN 'event.source' THEN source WHEN 'event.category' THEN category WHEN 'event.action' THEN action
    WHEN 'event.outcome' THEN outcome WHEN 'host.name' THEN host WHEN 'user.name' THEN user
    WHEN 'source.ip' THEN src_ip WHEN 'destination.ip' THEN dst_ip
    ELSE json_extract(fields, '$."' || ?3 || '"') END AS value
  FROM events WHERE time BETWEEN ?1 AND ?2)
WHERE CAST(value AS TEXT) GLOB ?4
"""
_ANYWHERE = (
    "SELECT 1 FROM hosts WHERE ?1 IN (name, id, ip, mac)",
    "SELECT 1 FROM addresses WHERE ip = ?1",
    "SELECT 1 FROM accounts WHERE ?1 IN (name, sid)",
    "SELECT 1 FROM people WHERE ?1 IN (id, email)",
    "SELECT 1 FROM work WHERE id = ?1 OR instr(source_addresses, ?1) OR instr(techniques, ?1)",
    "SELECT 1 FROM known_files WHERE sha256 = ?1",
    "SELECT 1 FROM known_domains WHERE domain = ?1",
    "SELECT 1 FROM intel WHERE indicator = ?1",
    "SELECT 1 FROM vulnerabilities WHERE cve = ?1",
    "SELECT 1 FROM zones WHERE instr(cidr, ?1)",
    "SELECT 1 FROM alerts WHERE id = ?1 OR instr(fields, ?1)",
    "SELECT 1 FROM events WHERE src_ip = ?1 LIMIT 1",
    "SELECT 1 FROM events WHERE dst_ip = ?1 LIMIT 1",
    "SELECT 1 FROM events WHERE id = ?1",
    "SELECT 1 FROM events WHERE instr(fields, ?1) LIMIT 1",
)
"""Cheapest first: the last one reads every event."""
