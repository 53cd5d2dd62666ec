"""Write-ahead logging, which every SQLite file of the analyst uses."""

import sqlite3
import time
from collections.abc import Callable
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
