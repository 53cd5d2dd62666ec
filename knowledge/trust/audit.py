"""The audit log: one append-only hash chain per tenant, with signed checkpoints kept outside the database.

Each entry's hash covers its bytes and the hash before it, so an edited, deleted, inserted or moved entry breaks the
chain. The newest size and head are signed into a checkpoint file beside the database at every append, so cutting off
the tail, or writing the whole chain anew, is seen too. A checkpoint is only ever carried forward from one that still
fits the database: what was once tampered with stays visible. (Whoever holds the signing key, or sets the database and
the checkpoint back together, is beyond this; copy the checkpoints off the machine against that.)
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from knowledge.trust.canonical import canonical
from knowledge.trust.checkpoints import Checkpoint, CheckpointFolder, genesis
from knowledge.trust.errors import AuditError
from knowledge.trust.keys import SigningKey
from knowledge.trust.masking import mask_object
from knowledge.trust.sqlite_files import transaction, use_write_ahead_log

JsonObject = dict[str, JsonValue]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    tenant TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (tenant, seq)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_hold BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""
_PAGE = 5000


@dataclass(frozen=True, slots=True)
class Record:
    """Something that happened, not yet in the chain."""

    actor: str
    event: str
    data: JsonObject
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of a tenant's chain."""

    tenant: str
    seq: int
    """Counts from 1 without gaps."""
    at: datetime
    actor: str
    event: str
    data: JsonObject
    hash: str


class TenantReport(BaseModel):
    """What verification found in one tenant's chain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str
    entries: int
    head: str
    """Hex hash of the last entry that fits the chain."""
    checkpoint: int | None
    """Entries the newest good checkpoint vouches for; None when there is no good one."""
    problems: tuple[str, ...]


class AuditReport(BaseModel):
    """What verification found. `ok` only when no tenant has a problem."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: bool
    tenants: tuple[TenantReport, ...]


class AuditLog:
    """The log at `path`; several processes may append and verify at once.

    Raises: AuditError when the file is not a usable database, KeyFileError when the signing key is not usable."""

    def __init__(self, path: Path, key: SigningKey | None = None) -> None:
        """`key` signs the checkpoints; by default `keys/audit.key` beside the database, made on first use."""
        self.path = path
        self._key = key or SigningKey.load_or_create(path.parent / "keys" / "audit.key")
        self._checkpoints = CheckpointFolder(path.with_suffix(".checkpoints"), self._key)
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            use_write_ahead_log(self._db.execute)
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise AuditError(f"cannot open the audit log {path}: {error}") from error

    def append(self, tenant: str, actor: str, event: str, data: JsonObject, at: datetime) -> Entry:
        """Add one entry to the tenant's chain. Secrets in `data` are masked first.

        Raises: AuditError when it cannot be written; ValueError when `at` has no time zone."""
        return self.append_all(tenant, [Record(actor, event, data, at)])[0]

    def append_all(self, tenant: str, records: Iterable[Record]) -> tuple[Entry, ...]:
        """Add several entries in one transaction: all or none, in the order given."""
        with self._lock:
            with self._transaction():
                size, head = self._tip(tenant)
                if size == 0:
                    self._checkpoints.found(tenant)
                links = list(_links(tenant, size, head, records))
                rows = [(tenant, entry.seq, body, bytes.fromhex(entry.hash)) for entry, body in links]
                self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
            entries = tuple(entry for entry, _ in links)
            if entries:
                self._checkpoints.advance(Checkpoint(tenant, entries[-1].seq, entries[-1].hash), self._hash_at)
            return entries

    def head(self, tenant: str) -> str:
        """Hex hash of the tenant's newest entry, unverified; of a tenant without entries, its genesis hash."""
        with self._lock:
            return self._tip(tenant)[1]

    def entries(self, tenant: str, after: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        """Up to `limit` entries with a seq above `after`, oldest first. They are not verified by being read.

        Raises: AuditError when an entry cannot be read back."""
        query = "SELECT seq, body, hash FROM entries WHERE tenant = ? AND seq > ? ORDER BY seq LIMIT ?"
        with self._lock:
            rows = self._db.execute(query, (tenant, after, limit)).fetchall()
        try:
            return tuple(_read(tenant, seq, body, digest) for seq, body, digest in rows)
        except (ValueError, KeyError, TypeError) as error:
            raise AuditError(f"an entry of {tenant!r} in {self.path} is not readable: {error}") from error

    def verify(self, tenant: str | None = None) -> AuditReport:
        """Walk every chain (or one tenant's) from its first entry and hold it against its checkpoint."""
        with self._lock:
            names = [tenant] if tenant is not None else self._tenants()
            reports = tuple(self._verify_one(name) for name in names)
        return AuditReport(ok=not any(report.problems for report in reports), tenants=reports)

    def close(self) -> None:
        """Close the database, once what is under way in it is done."""
        with self._lock:
            self._db.close()

    def _verify_one(self, tenant: str) -> TenantReport:
        """The checkpoint is read before the chain: what others append in between can then only lengthen the chain."""
        sealed, problem = self._checkpoints.read(tenant)
        problems = [] if problem is None else [problem]
        watched = sealed.size if sealed else 0
        count, head, at_watch, broken = _walk(tenant, self._rows(tenant), watched)
        problems += broken
        if sealed is not None and not broken:
            problems += _against(sealed, count, at_watch)
        return TenantReport(
            tenant=tenant,
            entries=count,
            head=head,
            checkpoint=sealed.size if sealed else None,
            problems=tuple(problems),
        )

    def _rows(self, tenant: str) -> Iterator[tuple[int, bytes, bytes]]:
        cursor = self._db.execute("SELECT seq, body, hash FROM entries WHERE tenant = ? ORDER BY seq", (tenant,))
        while page := cursor.fetchmany(_PAGE):
            yield from page

    def _tenants(self) -> list[str]:
        stored = {str(row[0]) for row in self._db.execute("SELECT DISTINCT tenant FROM entries")}
        return sorted(stored | self._checkpoints.tenants())

    def _tip(self, tenant: str) -> tuple[int, str]:
        row = self._db.execute(
            "SELECT seq, hash FROM entries WHERE tenant = ? ORDER BY seq DESC LIMIT 1", (tenant,)
        ).fetchone()
        return (int(row[0]), bytes(row[1]).hex()) if row else (0, genesis(tenant))

    def _hash_at(self, tenant: str, seq: int) -> str | None:
        if seq == 0:
            return genesis(tenant)
        row = self._db.execute("SELECT hash FROM entries WHERE tenant = ? AND seq = ?", (tenant, seq)).fetchone()
        return bytes(row[0]).hex() if row else None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with transaction(self._db):
                yield
        except sqlite3.Error as error:
            raise AuditError(f"cannot write the audit log {self.path}: {error}") from error


def _links(tenant: str, size: int, head: str, records: Iterable[Record]) -> Iterator[tuple[Entry, bytes]]:
    for seq, record in enumerate(records, start=size + 1):
        if record.at.tzinfo is None:
            raise ValueError(f"an audit entry needs a time with a zone, not {record.at!r}")
        at, data = record.at.astimezone(UTC), mask_object(record.data)
        body = canonical({"seq": seq, "at": at.isoformat(), "actor": record.actor, "event": record.event, "data": data})
        head = hashlib.sha256(bytes.fromhex(head) + body).hexdigest()
        yield Entry(tenant, seq, at, record.actor, record.event, data, head), body


def _read(tenant: str, seq: int, body: bytes, digest: bytes) -> Entry:
    value = json.loads(body)
    at = datetime.fromisoformat(value["at"])
    return Entry(tenant, seq, at, str(value["actor"]), str(value["event"]), dict(value["data"]), digest.hex())


def _walk(
    tenant: str, rows: Iterable[tuple[int, bytes, bytes]], watched: int
) -> tuple[int, str, str | None, Sequence[str]]:
    """(entries that fit, head, hash at entry `watched`, problems); stops at the first entry that does not fit."""
    head = bytes.fromhex(genesis(tenant))
    at_watch = head.hex() if watched == 0 else None
    count = 0
    for seq, body, digest in rows:
        if seq != count + 1:
            return count, head.hex(), at_watch, [f"entry {count + 1} is missing"]
        if not isinstance(body, bytes) or hashlib.sha256(head + body).digest() != digest:
            return (
                count,
                head.hex(),
                at_watch,
                [f"entry {seq} does not follow: it was edited, moved or added"],
            )
        count, head = seq, digest
        if seq == watched:
            at_watch = head.hex()
    return count, head.hex(), at_watch, []


def _against(sealed: Checkpoint, count: int, at_watch: str | None) -> list[str]:
    if count < sealed.size:
        return [f"entries {count + 1} to {sealed.size} are missing: cut off after they were signed for"]
    if at_watch != sealed.head:
        return [f"the first {sealed.size} entries are not the ones that were signed for: the chain was written anew"]
    return []
