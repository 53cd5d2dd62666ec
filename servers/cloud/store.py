"""The SQLite file with the events of a trail, and which of its files were read how far."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from servers.cloud.backend import Asked, Counted, Facet, Found, Seen
from servers.cloud.models import CloudEvent
from servers.cloud.record import Call
from servers.kit import ToolError
from servers.lab.records import encode, from_ms, to_ms

Row: TypeAlias = tuple[Any, ...]
"""A row in the order of the columns asked for."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, inode INTEGER NOT NULL, taken INTEGER NOT NULL,
  lines INTEGER NOT NULL, problem TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  id TEXT PRIMARY KEY, time INTEGER NOT NULL, principal TEXT, role TEXT, user TEXT, api TEXT NOT NULL COLLATE NOCASE,
  source TEXT, access_key TEXT, region TEXT, error TEXT, failed INTEGER NOT NULL, user_agent TEXT,
  fields TEXT NOT NULL, account TEXT);
CREATE INDEX IF NOT EXISTS events_time ON events (time, id);
CREATE INDEX IF NOT EXISTS events_principal ON events (principal, time);
CREATE INDEX IF NOT EXISTS events_role ON events (role, time);
CREATE INDEX IF NOT EXISTS events_user ON events (user, time);
CREATE INDEX IF NOT EXISTS events_api ON events (api, time);
CREATE INDEX IF NOT EXISTS events_source ON events (source, time);
CREATE INDEX IF NOT EXISTS events_key ON events (access_key, time);
CREATE INDEX IF NOT EXISTS events_account ON events (account, time);
CREATE INDEX IF NOT EXISTS events_region ON events (account, region, time);
"""
_VERSION: Final = 2
_ACCOUNTS: Final = """ALTER TABLE events ADD COLUMN account TEXT;
UPDATE events SET account = json_extract(fields, '$."cloud.recipient_account"');
"""
"""What a store of version 1 lacks."""
_MOST_GROUPS: Final = 5_000
_GROUP: Final = """, count(*) AS n, sum(failed), count(DISTINCT principal), count(DISTINCT source), min(time), max(time)
FROM events WHERE"""
_SEEN: Final = """SELECT count(*), coalesce(sum(failed), 0), count(DISTINCT time / 86400000), min(time), max(time)
FROM events WHERE"""
_ENDS: Final = "SELECT (SELECT min(time) FROM events WHERE {part}), (SELECT max(time) FROM events WHERE {part})"
_SILENCE: Final = """WITH near AS (SELECT time, lag(time) OVER (ORDER BY time) AS before FROM events
WHERE {part} AND time >= coalesce((SELECT max(time) FROM events WHERE {part} AND time < :start), :start)
AND time <= coalesce((SELECT min(time) FROM events WHERE {part} AND time > :end), :end))
SELECT before, time FROM near WHERE time - before > :quiet AND before < :end AND time > :start ORDER BY time LIMIT 1"""
_STOPS: Final = """SELECT time, account, (SELECT time FROM events AS later
WHERE later.account IS events.account AND later.region IS events.region AND later.time > events.time
AND (later.time > events.time + :late OR (later.api IN ('StartLogging', 'CreateTrail') AND NOT later.failed))
ORDER BY later.time LIMIT 1) AS resumed
FROM events WHERE api IN ('StopLogging', 'DeleteTrail') AND NOT failed AND time <= :end
AND (resumed IS NULL OR resumed > :start) ORDER BY time"""
_LATE_MS: Final = 15 * 60_000
"""For how long after a trail was stopped calls may still be written down."""
_INSERT: Final = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """How far one file was read, and what is wrong with it."""

    path: str
    size: int
    mtime: int
    inode: int
    taken: int
    lines: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The trail of one account, or of one of its regions; without an account, all of it."""

    account: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody stopped or deleted a trail."""

    at: datetime
    account: str | None


class Store:
    """The events of one folder; those of another are forgotten."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._folder = path, str(folder)

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The file. Raises: ToolError when it cannot be used."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as db:
                if db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                    _make(db)
                yield db
        except (sqlite3.DatabaseError, OSError):
            hint = "move cloud.db in the home away; it is made anew from the trail's files"
            raise ToolError("unusable_store", "the file with the events cannot be used", hint) from None

    def files(self) -> dict[str, KnownFile]:
        """The files read so far; none when the folder is another one than before."""
        with self.opened() as db:
            self._claim(db)
            sql = "SELECT path, size, mtime, inode, taken, lines, problem FROM files"
            return {
                row[0]: KnownFile(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6])
                for row in db.execute(sql)
            }

    def add(self, file: KnownFile, calls: Sequence[Call]) -> None:
        """Keep the events of a file together with how far it was read."""
        rows = [
            (call.id, to_ms(call.time), call.principal, call.role, call.user, call.api, call.source, call.access_key,
             call.region, call.error, call.failed, call.user_agent, encode(call.event.root), call.account)
            for call in calls
        ]  # fmt: skip
        with self.opened() as db, _transaction(db):
            db.executemany(_INSERT, rows)
            known = (file.path, file.size, file.mtime, file.inode, file.taken, file.lines, file.problem)
            db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", known)

    def forget(self, paths: Sequence[str]) -> None:
        """Files that are gone: their events stay, their problems do not."""
        with self.opened() as db, _transaction(db):
            db.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])

    def shrink(self, most: int) -> None:
        """Keep the newest events alone; nothing is missing from the oldest of them on."""
        with self.opened() as db, _transaction(db):
            row = db.execute("SELECT time FROM events ORDER BY time DESC LIMIT 1 OFFSET ?", (most,)).fetchone()
            if row is not None:
                db.execute("DELETE FROM events WHERE time <= ?", row)

    def ends(self, part: Part) -> tuple[datetime, datetime] | None:
        """From when to when there are events."""
        where, values = _within(part)
        with self.opened() as db:
            first, last = db.execute(_ENDS.format(part=where), values).fetchone()
        return None if first is None else (from_ms(first), from_ms(last))

    def silence(self, part: Part, start: datetime, end: datetime, quiet: timedelta) -> tuple[datetime, datetime] | None:
        """The first stretch without events, longer than `quiet`, that lies in a window or reaches into it."""
        where, values = _within(part)
        window = {"start": to_ms(start), "end": to_ms(end), "quiet": to_ms(start + quiet) - to_ms(start)}
        with self.opened() as db:
            row = db.execute(_SILENCE.format(part=where), {**values, **window}).fetchone()
        return None if row is None else (from_ms(row[0]), from_ms(row[1]))

    def parts(self, asked: Asked) -> Sequence[Part]:
        """The accounts and regions in which these events happened."""
        where, values = _where(asked)
        sql = " ".join(("SELECT DISTINCT account, region FROM events WHERE account IS NOT NULL AND", where))
        with self.opened() as db:
            return [Part(account, region) for account, region in db.execute(sql, values)]

    def stops(self, start: datetime, end: datetime) -> Sequence[Stop]:
        """When somebody stopped or deleted a trail and nothing was written down in that account and region again
        before a window, the earliest first."""
        values = {"start": to_ms(start), "end": to_ms(end), "late": _LATE_MS}
        with self.opened() as db:
            return [Stop(from_ms(row[0]), row[1]) for row in db.execute(_STOPS, values)]

    def find(self, asked: Asked, offset: int, limit: int) -> Found:
        """A page of events."""
        where, values = _where(asked)
        with self.opened() as db:
            total = db.execute(" ".join(("SELECT count(*) FROM events WHERE", where)), values).fetchone()[0]
            sql = " ".join(("SELECT fields FROM events WHERE", where, "ORDER BY time, id LIMIT ? OFFSET ?"))
            rows = db.execute(sql, [*values, limit, offset]).fetchall()
        return Found([CloudEvent(json.loads(row[0])) for row in rows], total)

    def count(self, asked: Asked, by: Sequence[Facet]) -> Sequence[Counted]:
        """Groups of events."""
        where, values = _where(asked)
        keys = ", ".join(by)
        sql = " ".join(("SELECT", keys, _GROUP, where, "GROUP BY", keys, "ORDER BY n DESC,", keys, "LIMIT ?"))
        with self.opened() as db:
            rows = db.execute(sql, [*values, _MOST_GROUPS]).fetchall()
        return [_counted(row, len(by)) for row in rows]

    def seen(self, asked: Asked) -> Seen:
        """How often."""
        where, values = _where(asked)
        with self.opened() as db:
            row = db.execute(" ".join((_SEEN, where)), values).fetchone()
        times = [None if each is None else from_ms(each) for each in row[3:]]
        return Seen(row[0], row[1], row[2], times[0], times[1])

    def _claim(self, db: sqlite3.Connection) -> None:
        row = db.execute("SELECT value FROM meta WHERE key = 'folder'").fetchone()
        if row is not None and row[0] == self._folder:
            return
        with _transaction(db):
            db.execute("DELETE FROM events")
            db.execute("DELETE FROM files")
            db.execute("DELETE FROM meta")
            db.execute("INSERT INTO meta VALUES ('folder', ?)", (self._folder,))


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _make(db: sqlite3.Connection) -> None:
    """The tables, as this version has them."""
    db.execute("PRAGMA journal_mode = WAL")
    with _transaction(db):
        if db.execute("PRAGMA user_version").fetchone()[0] == 1:
            _run(db, _ACCOUNTS)
        _run(db, _TABLES)
        db.execute(f"PRAGMA user_version = {_VERSION}")


def _run(db: sqlite3.Connection, script: str) -> None:
    """Statement after statement, within the transaction; `executescript` would commit it."""
    for statement in script.split(";\n"):
        db.execute(statement)


def _within(part: Part) -> tuple[str, dict[str, str | int]]:
    """Conditions made of fixed texts; every value is a parameter."""
    given = {"account": part.account, "region": part.region}
    values: dict[str, str | int] = {name: value for name, value in given.items() if value is not None}
    return " AND ".join(("1", *(f"{name} = :{name}" for name in values))), values


def _where(asked: Asked) -> tuple[str, list[str | int]]:
    """Conditions made of fixed texts; every value is a parameter."""
    parts: list[tuple[str, list[str | int]]] = [("1", [])]
    if asked.start is not None:
        parts.append(("time >= ?", [to_ms(asked.start)]))
    if asked.end is not None:
        parts.append(("time <= ?", [to_ms(asked.end)]))
    if asked.principal is not None:
        parts.append(("(principal = ? OR role = ? OR user = ?)", [asked.principal] * 3))
    for column, value in (("api", asked.api), ("source", asked.source), ("access_key", asked.access_key)):
        if value is not None:
            parts.append((f"{column} = ?", [value]))
    if asked.failed is not None:
        parts.append(("failed = ?", [int(asked.failed)]))
    return " AND ".join(text for text, _ in parts), [value for _, values in parts for value in values]


def _counted(row: Row, keys: int) -> Counted:
    events, failed, principals, sources, first, last = row[keys:]
    return Counted(row[:keys], events, failed, principals, sources, from_ms(first), from_ms(last))
