"""The inbox: every accepted alert is a row on disk before its sender is told so, and stays one until it is dealt with.

Writing is grouped: one thread commits what all senders brought meanwhile in one transaction. Working is leased: a
worker holds a row for a few seconds and says again and again that it lives; a row whose worker fell silent goes to the
next one. One alert of a world is worked on at a time, so that each sees the case of the one before it.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

from agent.intake.errors import InboxError
from agent.intake.inbox_database import open_inbox_database
from agent.intake.inbox_rows import InboxCounts, InboxRow, Incoming, Posted, RowStatus, WorkerSeen
from agent.intake.inbox_writer import Writer
from agent.models import World
from knowledge.trust.sqlite_files import transaction

LEASE_S: Final = 8.0
"""How long a worker may be silent before its row goes to another one."""
RETRY_AFTER_S: Final = 2.0
"""Wait before the second attempt; four times as long before the third."""
PUT_OFF_S: Final = 10.0
"""Wait before an attempt that could not be made is made."""
LONGEST_WAIT_S: Final = 3600.0
"""A row that is due later than this was put off before the clock was set back, and is due now."""
CLOCK_SLACK_S: Final = 1.0
FORGET_WORKER_S: Final = 24 * 3600.0
MOST_ERROR: Final = 2000
WORLDS: Final[tuple[World, ...]] = get_args(World)

_SELECT: Final = """
SELECT id, world, format, raw, sender, received_at, status, due_at, begun, attempts, lease_owner, lease_until,
    ended_at, alert_id, case_id, error FROM inbox
"""
_WRITE: Final = """
UPDATE inbox SET status = :status, due_at = :due_at, begun = :begun, attempts = :attempts,
    lease_owner = :lease_owner, lease_until = :lease_until, ended_at = :ended_at, alert_id = :alert_id,
    case_id = :case_id, error = :error
WHERE id = :id
"""
_NEXT: Final = f"""{_SELECT}
WHERE world = :world AND status = 'queued' AND (due_at <= :now OR due_at > :latest) ORDER BY id LIMIT 1
"""
_OLDEST: Final = """
SELECT min(received_at) AS received_at FROM inbox WHERE id IN (
    SELECT min(id) FROM inbox WHERE world = :world AND status = 'queued'
    UNION ALL SELECT min(id) FROM inbox WHERE world = :world AND status = 'working'
)
"""
_UNENDED: Final = """
SELECT 1 FROM inbox WHERE world = :world AND status = 'queued'
UNION ALL SELECT 1 FROM inbox WHERE world = :world AND status = 'working' LIMIT 1
"""
_NEVER_ENDED: Final = "begun several times, and the worker died each time"


class Inbox:
    """The durable queue at `path`; any number of processes may share it, on one machine.

    Raises: InboxError when the file is not a usable database."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._db = open_inbox_database(path, "NORMAL")
        self._writer = Writer(path, clock)

    def close(self) -> None:
        """Commit what is on its way and close the file."""
        self._writer.close()
        with self._lock:
            self._db.close()

    async def post(self, incoming: Sequence[Incoming]) -> list[Posted]:
        """Accept alerts; returns once all of them are on disk, in the order given.

        Raises: InboxError when they could not be written: then some may be on disk and none counts as accepted;
        sending them again does no harm."""
        return await self._writer.write(incoming)

    def has_work(self, world: World) -> bool:
        """Whether anything of that world is not dealt with; asks without keeping anybody from writing."""
        with self._reading() as db:
            return db.execute(_UNENDED, {"world": world}).fetchone() is not None

    def lease(self, owner: str, world: World) -> InboxRow | None:
        """The oldest row of the world that is due, now `owner`'s for `LEASE_S`; None when there is nothing to do, or
        somebody is at work in that world.

        A row that was begun three times and never ended is put aside as failed. Raises: InboxError."""
        if not self.has_work(world):
            return None
        now = self._clock()
        with self._changing() as db:
            working = [
                _row(found) for found in db.execute(f"{_SELECT} WHERE world = ? AND status = 'working'", (world,))
            ]
            if any(_is_live(row, now) for row in working):
                return None
            for row in working:
                spent = row.is_last_attempt
                change = row.released("failed", ended_at=_moment(now), error=_NEVER_ENDED)
                _write(db, change if spent else row.released("queued"))
            found = db.execute(_NEXT, {"world": world, "now": now, "latest": now + LONGEST_WAIT_S}).fetchone()
            if found is None:
                return None
            return _write(db, _row(found).leased(owner, now + LEASE_S))

    def heartbeat(self, row: int, owner: str) -> bool:
        """Hold the row for another `LEASE_S`; False when it is no longer `owner`'s. Raises: InboxError."""
        until = self._clock() + LEASE_S
        return self._change(row, owner, lambda held: held.model_copy(update={"lease_until": until}))

    def done(self, row: int, owner: str, *, alert_id: str, case_id: str) -> bool:
        """The alert is in a case; False when the row is no longer `owner`'s. Raises: InboxError."""
        ended = _moment(self._clock())
        return self._change(
            row,
            owner,
            lambda held: held.released("done", ended_at=ended, alert_id=alert_id, case_id=case_id, error=None),
        )

    def failed(self, row: int, owner: str, error: str, *, final: bool = False) -> bool:
        """This attempt did not succeed: tried again after a while, or put aside when it was the last or is `final`.

        False when the row is no longer `owner`'s. Raises: InboxError."""
        now, reason = self._clock(), error[:MOST_ERROR]

        def change(held: InboxRow) -> InboxRow:
            if final or held.is_last_attempt:
                return held.released("failed", ended_at=_moment(now), error=reason)
            return held.released("queued", due_at=now + RETRY_AFTER_S * 4 ** (held.attempts - 1), error=reason)

        return self._change(row, owner, change)

    def put_off(self, row: int, owner: str, reason: str) -> bool:
        """This attempt could not be made, for reasons that are not the alert's: it is made later and not counted.

        False when the row is no longer `owner`'s. Raises: InboxError."""
        due, why = self._clock() + PUT_OFF_S, reason[:MOST_ERROR]
        return self._change(
            row, owner, lambda held: held.released("queued", attempts=held.attempts - 1, due_at=due, error=why)
        )

    def retry(self, row: int) -> InboxRow | None:
        """Queue a failed row anew; one in any other state stays as it is. None when there is none of that id."""
        with self._changing() as db:
            known = _find(db, row)
            if known is None or known.status != "failed":
                return known
            return _write(db, known.released("queued", attempts=0, due_at=0, ended_at=None))

    def get(self, row: int) -> InboxRow | None:
        """One row. Raises: InboxError."""
        with self._reading() as db:
            return _find(db, row)

    def listed(self, status: RowStatus, world: World, limit: int = 50) -> tuple[InboxRow, ...]:
        """Rows of one status, the newest first. Raises: InboxError."""
        query = f"{_SELECT} WHERE world = ? AND status = ? ORDER BY id DESC LIMIT ?"
        with self._reading() as db:
            return tuple(_row(found) for found in db.execute(query, (world, status, limit)))

    def counts(self, world: World) -> InboxCounts:
        """How many rows of each status there are. Raises: InboxError."""
        with self._reading() as db:
            query = "SELECT status, count(*) AS n FROM inbox WHERE world = ? GROUP BY status"
            n = {str(found["status"]): int(found["n"]) for found in db.execute(query, (world,))}
            oldest = db.execute(_OLDEST, {"world": world}).fetchone()["received_at"]
        waited = 0.0 if oldest is None else max(0.0, self._clock() - float(oldest))
        return InboxCounts(
            queued=n.get("queued", 0),
            working=n.get("working", 0),
            done=n.get("done", 0),
            failed=n.get("failed", 0),
            oldest_waiting_s=waited,
        )

    def waiting(self) -> int:
        """Alerts of all worlds that wait for triage. Raises: InboxError."""
        with self._reading() as db:
            query = "SELECT count(*) FROM inbox WHERE world = ? AND status = 'queued'"
            return sum(int(db.execute(query, (world,)).fetchone()[0]) for world in WORLDS)

    def seen(self, name: str, pid: int) -> None:
        """A worker's sign of life. Raises: InboxError."""
        values = {"name": name, "pid": pid, "now": self._clock(), "long_ago": self._clock() - FORGET_WORKER_S}
        with self._changing() as db:
            db.execute("DELETE FROM workers WHERE seen_at < :long_ago", values)
            db.execute(
                "INSERT INTO workers VALUES (:name, :pid, :now, :now) "
                "ON CONFLICT (name) DO UPDATE SET seen_at = :now, pid = :pid",
                values,
            )

    def workers(self) -> tuple[WorkerSeen, ...]:
        """Workers of the last day, the one seen last first. Raises: InboxError."""
        with self._reading() as db:
            rows = db.execute("SELECT name, pid, started_at, seen_at FROM workers ORDER BY seen_at DESC").fetchall()
        return tuple(
            WorkerSeen(
                name=row["name"], pid=row["pid"], started_at=_moment(row["started_at"]), seen_at=_moment(row["seen_at"])
            )
            for row in rows
        )

    def prune(self, before: datetime, limit: int = 1000) -> int:
        """Forget at most `limit` done rows that ended before; returns how many. Raises: InboxError."""
        query = (
            "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE world = ? AND status = 'done' AND ended_at < ?"
            " LIMIT ?)"
        )
        with self._changing() as db:
            return sum(db.execute(query, (world, before.timestamp(), limit)).rowcount for world in WORLDS)

    def _change(self, row: int, owner: str, change: Callable[[InboxRow], InboxRow]) -> bool:
        with self._changing() as db:
            known = _find(db, row)
            if known is None or not known.is_held(owner):
                return False
            _write(db, change(known))
            return True

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._db
        except sqlite3.Error as error:
            raise InboxError(f"cannot use the inbox {self.path}: {error}") from error

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db, transaction(db):
            yield db


def _is_live(row: InboxRow, now: float) -> bool:
    """Whether the lease counts. One that ends too late was given before the clock was set back."""
    return row.lease_until is not None and now < row.lease_until <= now + LEASE_S + CLOCK_SLACK_S


def _find(db: sqlite3.Connection, row: int) -> InboxRow | None:
    found = db.execute(f"{_SELECT} WHERE id = ?", (row,)).fetchone()
    return None if found is None else _row(found)


def _write(db: sqlite3.Connection, row: InboxRow) -> InboxRow:
    """Keep what may change of a row."""
    ended = None if row.ended_at is None else row.ended_at.timestamp()
    db.execute(_WRITE, {**row.model_dump(exclude={"raw", "received_at"}), "ended_at": ended})
    return row


def _row(found: sqlite3.Row) -> InboxRow:
    values = dict(found)
    for name in ("received_at", "ended_at"):
        values[name] = None if values[name] is None else _moment(values[name])
    return InboxRow.model_validate(values)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
