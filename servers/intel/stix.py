"""The STIX store: objects by feed and id in one file, and the values their patterns match.

No feed can overwrite or revoke what another one says. Of an object the newest version stays, and a revocation is final.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from pydantic import JsonValue, ValidationError

from knowledge.trust.sqlite_files import transaction, use_write_ahead_log
from servers.errors import ToolError
from servers.intel.objects import StixObject, is_current
from servers.intel.patterns import NotMatchedError, values
from servers.observables import Observable, address

LOCAL: Final = "local"
"""The feed of what was added here."""
MOST: Final = 2_000
"""Objects that any search looks at."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS feeds (
  name TEXT PRIMARY KEY, source TEXT NOT NULL, fetched_at TEXT, added_after TEXT, refused INTEGER NOT NULL DEFAULT 0,
  problem TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
  feed TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, modified TEXT NOT NULL, source_ref TEXT, target_ref TEXT,
  matched INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY (feed, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS objects_source ON objects (source_ref);
CREATE INDEX IF NOT EXISTS objects_target ON objects (target_ref);
CREATE TABLE IF NOT EXISTS names (
  name TEXT NOT NULL, feed TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (name, feed, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS observables (
  kind TEXT NOT NULL, value TEXT NOT NULL, feed TEXT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (kind, value, feed, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_object ON names (feed, id);
CREATE INDEX IF NOT EXISTS observables_object ON observables (feed, id);
"""


@dataclass(frozen=True, slots=True)
class Held:
    """An object and the feed it came with."""

    feed: str
    object: StixObject


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of a feed."""

    name: str
    source: str
    fetched_at: datetime | None
    added_after: str | None
    refused: int
    problem: str | None
    objects: int = 0
    indicators: int = 0
    not_matched: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of objects that were put in."""

    kept: int
    refused: int


class StixStore:
    """The store in one file; it is opened for each question, so that a fetch beside it is seen as soon as it is whole,
    and holds up nobody who asks meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, feed: str, objects: Iterable[JsonValue]) -> Taken:
        """Keep what is STIX 2.1 and newer than what there is. Raises: ToolError."""
        kept = refused = 0
        with self._open(write=True) as db:
            for given in objects:
                found = _object(given)
                kept += found is not None and _put(db, feed, found)
                refused += found is None
        return Taken(kept, refused)

    def note(self, state: FeedState) -> None:
        """Remember how a fetch went. Raises: ToolError."""
        at = None if state.fetched_at is None else state.fetched_at.isoformat()
        row = (state.name, state.source, at, state.added_after, state.refused, state.problem)
        with self._open(write=True) as db:
            db.execute("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?)", row)

    def feeds(self) -> Sequence[FeedState]:
        """Every feed with its counts. Raises: ToolError."""
        sql = """SELECT f.name, f.source, f.fetched_at, f.added_after, f.refused, f.problem, count(o.id),
                 coalesce(sum(o.type = 'indicator'), 0), coalesce(sum(o.type = 'indicator' AND NOT o.matched), 0)
                 FROM feeds f LEFT JOIN objects o ON o.feed = f.name GROUP BY f.name ORDER BY f.name"""
        with self._open() as db:
            return [_state(row) for row in db.execute(sql)]

    def indicators(self, wanted: Observable) -> Sequence[Held]:
        """Indicators that match, those too that hold no longer. Raises: ToolError, also for more than are looked at."""
        networks = json.dumps(_around(wanted.value) if wanted.kind == "address" else ())
        sql = """SELECT o.feed, o.document FROM observables v JOIN objects o ON o.feed = v.feed AND o.id = v.id
                  WHERE (v.kind = ? AND v.value = ?) OR (
                    v.kind = 'network' AND v.value IN (SELECT value FROM json_each(?)))
                  ORDER BY o.feed, o.id LIMIT ?"""
        with self._open() as db:
            found = _held(db.execute(sql, (wanted.kind, wanted.value, networks, MOST + 1)))
        if len(found) > MOST:
            hint = "which of them hold is not known; fewer feeds may do"
            raise ToolError("too_many", f"the feeds hold more than {MOST} indicators of this value", hint)
        return found

    def get(self, feed: str, ids: Iterable[str]) -> Mapping[str, StixObject]:
        """Objects of a feed by id, as far as there are any. Raises: ToolError."""
        sql = "SELECT feed, document FROM objects WHERE feed = ? AND id = ?"
        with self._open() as db:
            rows = [row for each in set(ids) for row in db.execute(sql, (feed, each))]
        return {held.object.id: held.object for held in _held(rows)}

    def named(self, name: str) -> Sequence[Held]:
        """Objects that go by a name, an alias or an id. Raises: ToolError."""
        sql = """SELECT o.feed, o.document FROM objects o WHERE o.id = ? UNION
                  SELECT o.feed, o.document FROM names n JOIN objects o ON o.feed = n.feed AND o.id = n.id
                  WHERE n.name = ? LIMIT ?"""
        with self._open() as db:
            return _held(db.execute(sql, (name, " ".join(name.lower().split()), MOST)))

    def around(self, object_id: str, feed: str | None = None) -> Sequence[Held]:
        """Relationships and sightings of an object, `MOST` of them at most. Raises: ToolError."""
        sql = """SELECT feed, document FROM objects WHERE (source_ref = ? OR target_ref = ?)
                  AND feed = coalesce(?, feed) ORDER BY feed, type, id LIMIT ?"""
        with self._open() as db:
            return _held(db.execute(sql, (object_id, object_id, feed, MOST)))

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The tables. Raises: ToolError when there is no store yet to read, or it cannot be used."""
        if not write and not self.path.exists():
            remedy = "run: python -m servers.intel.fetch"
            raise ToolError("no_store", "no feed was ever fetched into the STIX store", remedy)
        try:
            if write:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            db = sqlite3.connect(self.path, timeout=30.0 if write else 5.0, isolation_level=None)
            try:
                if not write:
                    db.execute("PRAGMA query_only = ON")
                    yield db
                    return
                use_write_ahead_log(db.execute)
                db.executescript(_TABLES)
                with transaction(db):
                    yield db
            finally:
                db.close()
        except (OSError, sqlite3.Error):
            raise ToolError("store_unusable", "the STIX store cannot be used", "see the file in MCPSOC_HOME") from None


def _object(given: JsonValue) -> StixObject | None:
    if not isinstance(given, dict) or not is_current(given):
        return None
    try:
        found = StixObject.model_validate(given)
    except ValidationError:
        return None
    return found if found.id.startswith(f"{found.type}--") else None


def _put(db: sqlite3.Connection, feed: str, new: StixObject) -> bool:
    """Whether it was newer than what there was."""
    version = _version(new)
    row = db.execute("SELECT document, modified FROM objects WHERE feed = ? AND id = ?", (feed, new.id)).fetchone()
    if row is not None and (row[1] >= version or StixObject.model_validate_json(row[0]).revoked):
        return False
    matched = _matched(new)
    ends = (new.source_ref, new.target_ref) if new.type == "relationship" else (new.sighting_of_ref, None)
    document = new.model_dump_json(exclude_none=True)
    db.execute(
        "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (feed, new.id, new.type, version, *ends, bool(matched), document),
    )
    db.execute("DELETE FROM observables WHERE feed = ? AND id = ?", (feed, new.id))
    db.executemany("INSERT OR IGNORE INTO observables VALUES (?, ?, ?, ?)", [(*v, feed, new.id) for v in matched])
    db.execute("DELETE FROM names WHERE feed = ? AND id = ?", (feed, new.id))
    names = {" ".join(each.lower().split()) for each in (new.name or "", *new.aliases)} - {""}
    db.executemany("INSERT INTO names VALUES (?, ?, ?)", [(name, feed, new.id) for name in sorted(names)])
    return True


def _version(found: StixObject) -> str:
    moment = found.modified or found.created or datetime.min.replace(tzinfo=UTC)
    return moment.isoformat(timespec="microseconds")


def _matched(new: StixObject) -> list[tuple[str, str]]:
    if new.type != "indicator" or new.pattern is None or new.pattern_type != "stix":
        return []
    try:
        return [("network", v) if isinstance(v, str) else (v.kind, v.value) for v in values(new.pattern)]
    except NotMatchedError:
        return []


def _around(value: str) -> tuple[str, ...]:
    """Every network an address lies in."""
    target = address(value)
    return tuple(str(ip_network((target, length), strict=False)) for length in range(target.max_prefixlen))


def _held(rows: Iterable[tuple[str, str]]) -> Sequence[Held]:
    return [Held(feed, StixObject.model_validate_json(document)) for feed, document in rows]


def _state(row: tuple[str, str, str | None, str | None, int, str | None, int, int, int]) -> FeedState:
    at = None if row[2] is None else datetime.fromisoformat(row[2])
    return FeedState(row[0], row[1], at, *row[3:])
