"""How often a service was asked today, in a file, so that a restart does not forget it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from servers.errors import RateLimitedError, ToolError

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS spent (service TEXT NOT NULL, day TEXT NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (service, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waits (service TEXT PRIMARY KEY, until TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Calls to one service."""

    path: Path
    service: str
    per_day: int
    now: Callable[[], datetime]

    def spend(self) -> None:
        """Count a call before it is made. Raises: RateLimitedError when none is left or the service said to wait."""
        now = self.now()
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            until = self._until(db)
            if until is not None and now < until:
                raise RateLimitedError("the service told us to wait", (until - now).total_seconds())
            if self._used(db, now) >= self.per_day:
                midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
                raise RateLimitedError("today's calls to the service are used up", (midnight - now).total_seconds())
            sql = """INSERT INTO spent VALUES (?, ?, 1) ON CONFLICT (service, day) DO UPDATE SET calls = calls + 1"""
            db.execute(sql, (self.service, _day(now)))

    def wait(self, seconds: float) -> None:
        """Remember that the service asked for a pause. Raises: ToolError."""
        until = self.now() + timedelta(seconds=seconds)
        with self._open() as db:
            db.execute("INSERT OR REPLACE INTO waits VALUES (?, ?)", (self.service, until.isoformat()))

    def state(self) -> tuple[int, datetime | None]:
        """Calls made today, and until when to wait. Raises: ToolError."""
        now = self.now()
        with self._open() as db:
            until = self._until(db)
            return self._used(db, now), until if until is not None and now < until else None

    def _used(self, db: sqlite3.Connection, now: datetime) -> int:
        sql = "SELECT calls FROM spent WHERE service = ? AND day = ?"
        row = db.execute(sql, (self.service, _day(now))).fetchone()
        return 0 if row is None else int(row[0])

    def _until(self, db: sqlite3.Connection) -> datetime | None:
        row = db.execute("SELECT until FROM waits WHERE service = ?", (self.service,)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            db = sqlite3.connect(self.path, timeout=5.0)
            try:
                db.executescript(_TABLES)
                with db:
                    yield db
            finally:
                db.close()
        except (OSError, sqlite3.Error):
            message = "the count of calls cannot be kept"
            raise ToolError("no_quota", message, "nothing is asked outside without it; see MCPSOC_HOME") from None


def _day(now: datetime) -> str:
    return now.date().isoformat()
