"""What models have cost, per tenant and day: one SQLite file that several processes share."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from agent.brain.endpoint.errors import AccountError
from agent.models import Usage
from knowledge.trust.sqlite_files import transaction, use_write_ahead_log

_VERSION: Final = 1
_WAIT_S: Final = 5.0
"""How long another process may keep the file: each writes a row and lets go."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spend (
    day TEXT NOT NULL, tenant TEXT NOT NULL, calls INTEGER NOT NULL, input INTEGER NOT NULL, cached INTEGER NOT NULL,
    output INTEGER NOT NULL, seconds REAL NOT NULL, money REAL NOT NULL, unpriced INTEGER NOT NULL,
    PRIMARY KEY (day, tenant)
) WITHOUT ROWID;
"""
_ADD: Final = """
INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, tenant) DO UPDATE SET
    calls = calls + excluded.calls, input = input + excluded.input, cached = cached + excluded.cached,
    output = output + excluded.output, seconds = seconds + excluded.seconds, money = money + excluded.money,
    unpriced = unpriced + excluded.unpriced
"""
_SUM: Final = (
    "SELECT sum(calls), sum(input), sum(cached), sum(output), sum(seconds), sum(money) FROM spend WHERE day = ?"
)

Row: TypeAlias = tuple[str, str, int, int, int, int, float, float, int]


class Account:
    """The account in the file `path`, made on first use; without a path it lasts as long as the process."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            db, self._db = self._db, None
            if db is not None:
                db.close()

    def add(self, day: str, tenant: str, usage: Usage, *, sign: int = 1) -> None:
        """Book a usage; `sign` -1 takes it back."""
        row: Row = (
            day,
            tenant,
            sign * usage.calls,
            sign * usage.input_tokens,
            sign * usage.cached_tokens,
            sign * usage.output_tokens,
            sign * usage.seconds,
            sign * (usage.money or 0.0),
            sign * (usage.money is None and usage.calls > 0),
        )
        with self.alone() as db:
            db.execute(_ADD, row)

    def of_tenant(self, day: str, tenant: str) -> Usage:
        """What that tenant spent that day; calls without a known price add no money."""
        return self._summed(f"{_SUM} AND tenant = ?", (day, tenant))

    def of_day(self, day: str) -> Usage:
        """What all tenants spent that day."""
        return self._summed(_SUM, (day,))

    def _summed(self, query: str, about: tuple[str, ...]) -> Usage:
        with self._lock, self._usable():
            return _usage(self._opened().execute(query, about).fetchone())

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other process writes beside; may be entered again inside itself.

        Raises: AccountError."""
        with self._lock, self._usable():
            db = self._opened()
            if db.in_transaction:
                yield db
                return
            with transaction(db):
                yield db

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Raises: AccountError where the file is broken, locked for long, or may not be written."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise AccountError(f"the account of what models cost, {self.path}, cannot be used: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            db = sqlite3.connect(
                self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=_WAIT_S
            )
            if self.path is not None:
                use_write_ahead_log(db.execute)
                db.execute("PRAGMA synchronous=NORMAL")
            db.executescript(_SCHEMA)
            db.execute(f"PRAGMA user_version={_VERSION}")
            self._db = db
        return self._db


def _usage(row: tuple[int | None, int | None, int | None, int | None, float | None, float | None]) -> Usage:
    calls, given, cached, made, seconds, money = row
    return Usage(
        calls=calls or 0,
        input_tokens=given or 0,
        cached_tokens=cached or 0,
        output_tokens=made or 0,
        seconds=round(seconds or 0.0, 3),
        money=round(money or 0.0, 6),
    )
