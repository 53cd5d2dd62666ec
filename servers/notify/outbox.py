"""What was sent, and what became of it: written before anything leaves, so that a crash leaves a trace."""

import os
import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

from servers.notify.wording import Wording

State: TypeAlias = Literal["intent", "sent", "refused", "unknown"]
"""`intent`: it was about to be sent, and nothing was heard of it since."""
_TABLE = """CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY, digest TEXT NOT NULL, channel TEXT NOT NULL, template TEXT NOT NULL, subject TEXT NOT NULL,
  body TEXT NOT NULL, state TEXT NOT NULL, receipt TEXT NOT NULL, at REAL NOT NULL)"""
_LATEST = """SELECT id, channel, template, subject, body, state, receipt, at FROM messages
  WHERE digest = ? AND at >= ? ORDER BY id DESC LIMIT 1"""
_NEWEST = """SELECT id, channel, template, subject, body, state, receipt, at FROM messages
  ORDER BY id DESC LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of the outbox."""

    id: int
    channel: str
    template: str
    subject: str
    body: str
    state: State
    receipt: str
    """What the receiver acknowledged it with; empty when it did not."""
    at: datetime


class Outbox:
    """The messages of one home. Opened on first need."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def begin(self, digest: str, channel: str, template: str, wording: Wording, at: datetime) -> int:
        """Note a message that is about to be sent; its number."""
        sql = "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, 'intent', '', ?)"
        row = (digest, channel, template, wording.subject, wording.body, at.timestamp())
        with self._lock:
            return int(self._db.execute(sql, row).lastrowid or 0)

    def settle(self, number: int, state: State, receipt: str = "") -> None:
        """Note what became of it."""
        with self._lock:
            self._db.execute("UPDATE messages SET state = ?, receipt = ? WHERE id = ?", (state, receipt, number))

    def latest(self, digest: str, since: datetime) -> Sent | None:
        """The last message of this digest since then."""
        with self._lock:
            row = self._db.execute(_LATEST, (digest, since.timestamp())).fetchone()
        return None if row is None else _sent(row)

    def newest(self, most: int) -> tuple[Sent, ...]:
        """The last messages, newest first."""
        with self._lock:
            rows = self._db.execute(_NEWEST, (most,)).fetchall()
        return tuple(_sent(row) for row in rows)

    @cached_property
    def _db(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(_TABLE)
        return db


def _sent(row: tuple[int, str, str, str, str, State, str, float]) -> Sent:
    return Sent(*row[:7], at=datetime.fromtimestamp(row[7], UTC))
