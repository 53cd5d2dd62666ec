"""What every SQLite file of the analyst is opened with, and how it is written to."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_ATTEMPTS: Final = 200
_PAUSE_S: Final = 0.05


def use_write_ahead_log(execute: Callable[[str], object]) -> None:
    """Switch to write-ahead logging. SQLite does not wait for others at this one step, so we do.

    Raises: sqlite3.OperationalError when the file stays locked, and at once for any other reason."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


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
