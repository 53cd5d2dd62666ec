"""Opening the file of the inbox."""

import sqlite3
from pathlib import Path
from typing import Final, Literal

from agent.intake.errors import InboxError
from agent.intake.inbox_rows import SCHEMA
from knowledge.trust.sqlite_files import transaction, use_write_ahead_log

BUSY_S: Final = 30.0


def open_inbox_database(path: Path, synchronous: Literal["NORMAL", "FULL"]) -> sqlite3.Connection:
    """A connection that threads may share one at a time. With `FULL`, what was committed outlives a power cut.

    Raises: InboxError when the file is not a usable database."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            path.touch(mode=0o600)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
        db.row_factory = sqlite3.Row
        use_write_ahead_log(db.execute)
        db.execute(f"PRAGMA synchronous={synchronous}")
        with transaction(db):
            for statement in SCHEMA:
                db.execute(statement)
    except (OSError, sqlite3.Error) as error:
        raise InboxError(f"cannot open the inbox {path}: {error}") from error
    return db
