"""Opening the file of the inbox."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from agent.intake.errors import InboxError
from agent.intake.inbox_rows import SCHEMA

BUSY_S: Final = 30.0
_WAL_ATTEMPTS: Final = 200
_WAL_PAUSE_S: Final = 0.05


def open_inbox_database(path: Path, synchronous: Literal["NORMAL", "FULL"]) -> sqlite3.Connection:
    """A connection that threads may share one at a time. With `FULL`, what was committed outlives a power cut.

    Raises: InboxError when the file is not a usable database."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            path.touch(mode=0o600)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
        db.row_factory = sqlite3.Row
        _use_wal(db)
        db.execute(f"PRAGMA synchronous={synchronous}")
        with transaction(db):
            for statement in SCHEMA:
                db.execute(statement)
    except (OSError, sqlite3.Error) as error:
        raise InboxError(f"cannot open the inbox {path}: {error}") from error
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. A writer waits here for its turn, not at its last statement."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. SQLite does not wait for others at this one step, so we do."""
    for attempt in range(1, _WAL_ATTEMPTS + 1):
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == _WAL_ATTEMPTS:
                raise
            time.sleep(_WAL_PAUSE_S)
        else:
            return
