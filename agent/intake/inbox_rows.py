"""What stands in the inbox: one row per accepted alert, and the table that holds it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from agent.models import AlertFormat, Model, UtcTime, World

RowStatus: TypeAlias = Literal["queued", "working", "done", "failed"]
"""`failed`: given up after several attempts, or no alert after all; kept, shown, and retried when a person says so."""

ATTEMPTS: Final = 3
"""How often a row is begun before it is put aside as failed."""

SCHEMA: Final = (
    """
CREATE TABLE IF NOT EXISTS inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    world TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    key TEXT,
    format TEXT,
    raw BLOB NOT NULL,
    sender TEXT NOT NULL,
    received_at REAL NOT NULL,
    status TEXT NOT NULL,
    due_at REAL NOT NULL,
    lease_owner TEXT,
    lease_until REAL,
    begun INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    ended_at REAL,
    alert_id TEXT,
    case_id TEXT,
    error TEXT,
    UNIQUE (world, sha256),
    UNIQUE (world, key)
)
""",
    "CREATE INDEX IF NOT EXISTS inbox_by_status ON inbox (world, status, id)",
    """
CREATE TABLE IF NOT EXISTS workers (
    name TEXT PRIMARY KEY, pid INTEGER NOT NULL, started_at REAL NOT NULL, seen_at REAL NOT NULL
)
""",
)
"""Times are seconds since 1970. `key` is a hash of the sender's Idempotency-Key, when there was one."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An alert on its way in."""

    world: World
    raw: bytes
    """Canonical JSON of one object: equal alerts are equal bytes."""
    sender: str
    format: AlertFormat | None = None
    """None: the worker recognises it."""
    key: str | None = None
    """The sender's own name for it; with the sender's name, it stands for one row for ever."""

    @property
    def sha256(self) -> str:
        """What makes it the same alert as another one."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def key_sha256(self) -> str | None:
        """What makes it the same by the sender's word; two senders may use one key without meeting."""
        return None if self.key is None else hashlib.sha256(f"{self.sender}\0{self.key}".encode()).hexdigest()


class Posted(Model):
    """What an incoming alert became, once it is on disk."""

    id: int
    status: RowStatus
    duplicate: bool
    """Whether the row was there before."""


class InboxRow(Model):
    """One accepted alert and what became of it. Every field but the first six may change."""

    id: int
    world: World
    format: AlertFormat | None
    raw: bytes
    sender: str
    received_at: UtcTime
    status: RowStatus
    due_at: float
    """Not begun before; seconds since 1970."""
    begun: int
    """How often it was given to a worker: more than once, and it may be in a case already."""
    attempts: int
    """How often since it was queued, not counting what was put off; after the third the row is put aside."""
    lease_owner: str | None
    lease_until: float | None
    """Seconds since 1970."""
    ended_at: UtcTime | None
    alert_id: str | None
    case_id: str | None
    error: str | None

    @property
    def is_last_attempt(self) -> bool:
        """Whether the row is put aside when this attempt does not succeed."""
        return self.attempts >= ATTEMPTS

    def is_held(self, owner: str) -> bool:
        """Whether `owner` is at work on it."""
        return self.status == "working" and self.lease_owner == owner

    def leased(self, owner: str, until: float) -> "InboxRow":
        """The row in somebody's hands, begun once more."""
        counts = {"begun": self.begun + 1, "attempts": self.attempts + 1}
        return self.model_copy(update={"status": "working", "lease_owner": owner, "lease_until": until, **counts})

    def released(self, status: RowStatus, **change: int | float | str | datetime | None) -> "InboxRow":
        """The row in nobody's hands."""
        return self.model_copy(update={"status": status, "lease_owner": None, "lease_until": None, **change})


class InboxCounts(Model):
    """How much there is, in all worlds or one."""

    queued: int
    working: int
    done: int
    failed: int
    oldest_waiting_s: float
    """Age of the oldest alert that nobody has dealt with; 0 when there is none."""


class WorkerSeen(Model):
    """A worker that gave a sign of life."""

    name: str
    pid: int
    started_at: UtcTime
    seen_at: UtcTime
