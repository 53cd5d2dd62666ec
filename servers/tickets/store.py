"""An own ticket store in one file of the home. Tickets are never deleted and notes only added."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from knowledge.trust.sqlite_files import use_write_ahead_log
from servers.errors import NotFoundError, ToolError
from servers.kit.envelope import iso
from servers.tickets.backend import Draft, Note, Part, Seen, Status, Ticket, Wanted

Row: TypeAlias = tuple[int, str, Status, str | None, str, str, str]
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS tickets (
  number INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, case_id TEXT, reference TEXT NOT NULL,
  status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS one_in_work ON tickets (reference)
  WHERE status NOT IN ('resolved', 'closed', 'withdrawn');
CREATE TABLE IF NOT EXISTS notes (
  id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (ticket, body));
CREATE TRIGGER IF NOT EXISTS tickets_stay BEFORE DELETE ON tickets BEGIN SELECT RAISE(ABORT, 'never deleted'); END;
CREATE TRIGGER IF NOT EXISTS notes_stay BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS notes_same BEFORE UPDATE ON notes BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""
_PAGE: Final = """SELECT number, title, status, case_id, reference, created_at, updated_at FROM tickets
  WHERE (:text IS NULL OR instr(lower(title || ' ' || body), lower(:text)) > 0)
  AND (:status IS NULL OR status = :status) AND (:case IS NULL OR case_id = :case)
  ORDER BY number DESC LIMIT :limit OFFSET :offset"""
_COUNTS: Final = """SELECT status, count(*) FROM tickets
  WHERE (:text IS NULL OR instr(lower(title || ' ' || body), lower(:text)) > 0)
  AND (:status IS NULL OR status = :status) AND (:case IS NULL OR case_id = :case) GROUP BY status"""
_ONE: Final = """SELECT number, title, status, case_id, reference, created_at, updated_at, body FROM tickets
  WHERE number = ?"""
_REFERRING: Final = """SELECT number, title, status, case_id, reference, created_at, updated_at FROM tickets
  WHERE reference = ? AND status NOT IN ('resolved', 'closed', 'withdrawn')"""
_CREATE: Final = "INSERT INTO tickets VALUES (NULL, ?, ?, ?, ?, 'open', ?, ?)"
_LAST_NOTES: Final = "SELECT at, body FROM notes WHERE ticket = ? ORDER BY id DESC LIMIT 50"


class TicketStore:
    """Tickets of one home; every process over the home shares them."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock

    def search(self, wanted: Wanted, limit: int, offset: int) -> Part:
        """Tickets that fit, newest first."""
        with self._opened() as db:
            rows = db.execute(_PAGE, {**_asked(wanted), "limit": limit, "offset": offset}).fetchall()
            total = sum(count for _, count in db.execute(_COUNTS, _asked(wanted)))
        return Part([_ticket(row) for row in rows], total)

    def counts(self, wanted: Wanted) -> Mapping[Seen, int]:
        """How many fit, by status."""
        with self._opened() as db:
            return dict(db.execute(_COUNTS, _asked(wanted)).fetchall())

    def get(self, ticket_id: str) -> Ticket:
        """One ticket with its notes. Raises: NotFoundError."""
        with self._opened() as db:
            row = db.execute(_ONE, (_number(ticket_id),)).fetchone()
            if row is None:
                raise NotFoundError("there is no ticket of this id", "tickets_search gives the ids, such as T-1")
            notes = db.execute(_LAST_NOTES, (row[0],)).fetchall()
        return _ticket(row[:7], row[7], tuple(Note(at, body) for at, body in reversed(notes)))

    def referring(self, reference: str) -> Sequence[Ticket]:
        """Tickets made under this reference that are not over: one at most."""
        with self._opened() as db:
            return [_ticket(row) for row in db.execute(_REFERRING, (reference,))]

    def create(self, draft: Draft) -> str:
        """Make a ticket; its id. Raises: ToolError when one like it is in work."""
        now = iso(self._clock())
        with self._opened() as db:
            done = db.execute(_CREATE, (draft.title, draft.text, draft.case_id, draft.reference, now, now))
            return f"T-{done.lastrowid}"

    def add_note(self, ticket_id: str, text: str) -> None:
        """Put a note below a ticket; the same words are there once."""
        with self._opened() as db:
            row = (_number(ticket_id), iso(self._clock()), text)
            db.execute("INSERT OR IGNORE INTO notes VALUES (NULL, ?, ?, ?)", row)

    def noted(self, ticket_id: str, text: str) -> bool:
        """Whether the ticket has this note."""
        with self._opened() as db:
            asked = (_number(ticket_id), text)
            return db.execute("SELECT 1 FROM notes WHERE ticket = ? AND body = ?", asked).fetchone() is not None

    def set_status(self, ticket_id: str, status: Status) -> None:
        """Move a ticket. Raises: ToolError when that would bring back a second one of the same words."""
        with self._opened() as db:
            row = (status, iso(self._clock()), _number(ticket_id))
            db.execute("UPDATE tickets SET status = ?, updated_at = ? WHERE number = ?", row)

    def takes(self, status: Seen) -> bool:
        """Every status of ours."""
        return status != "other"

    def probe(self) -> str:
        """How many tickets there are."""
        return f"{sum(self.counts(Wanted()).values())} tickets in the own store"

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The file, made when it is missing. Raises: ToolError for whatever SQLite says, or when there is no clock."""
        self._clock()
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=10)) as db:
                if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    use_write_ahead_log(db.execute)
                    db.executescript(f"{_TABLES} PRAGMA user_version = 1;")
                db.execute("PRAGMA synchronous = FULL")
                yield db
        except sqlite3.IntegrityError:
            raise ToolError("exists", "a ticket of the same words is in work already", "look at it first") from None
        except (sqlite3.Error, OSError) as error:
            why = f"the ticket store cannot be used ({type(error).__name__})"
            raise ToolError("unreachable", why, "look at its file in MCPSOC_HOME") from None


def _asked(wanted: Wanted) -> dict[str, str | None]:
    return {"text": wanted.text, "status": wanted.status, "case": wanted.case_id}


def _number(ticket_id: str) -> int:
    """The number in an id such as T-12; one that no ticket has for anything else."""
    digits = ticket_id.removeprefix("T-")
    return (
        int(digits) if ticket_id.startswith("T-") and digits.isascii() and digits.isdigit() and len(digits) < 10 else -1
    )


def _ticket(row: Row, text: str | None = None, notes: tuple[Note, ...] = ()) -> Ticket:
    number, title, status, case_id, reference, created_at, updated_at = row
    return Ticket(
        ticket_id=f"T-{number}",
        title=title,
        status=status,
        status_word=status,
        case_id=case_id,
        reference=reference,
        created_at=created_at,
        updated_at=updated_at,
        text=text,
        notes=notes,
    )
