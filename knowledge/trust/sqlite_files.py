"""What every SQLite file of a home is opened with, and how it is written to."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

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


def sqlite_engine(url: "URL", pragmas: Sequence[str]) -> "Engine":
    """An engine whose transactions begin where we say so, not where the driver guesses. Its folder is made.

    A connection with the execution option `reading` sees one state throughout; any other waits at its first statement
    instead of failing at its last. `pragmas`: set on every connection, such as `synchronous=FULL`."""
    from sqlalchemy import create_engine, event

    def configure(connection: "DBAPIConnection", _: "ConnectionPoolEntry") -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        use_write_ahead_log(cursor.execute)
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30})
    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: "Connection") -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
