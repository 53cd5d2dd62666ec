"""Which process runs what: a process holds a locked file for as long as it lives, however it ends.

A run that was begun by a process whose file nobody locks any more was interrupted, and may be taken up again.
"""

import fcntl
import os
import secrets
from pathlib import Path


class Holder:
    """This process as the holder of runs, by one file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.id = secrets.token_hex(8)
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{self.id}.lock"
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """Hold nothing any more."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def is_gone(folder: Path, holder: str) -> bool:
    """Whether the process that was this holder has ended; its file is removed then."""
    path = folder / f"{holder}.lock"
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
