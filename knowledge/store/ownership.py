"""Who may write to the projection of a home: one process, by a lock that the system takes back when it dies."""

import fcntl
import io
import os
import threading
import weakref
from pathlib import Path


class Ownership:
    """The lock file of a home. Safe to use from several threads."""

    def __init__(self, home: Path) -> None:
        self._path = home / "chroma.lock"
        self._guard = threading.Lock()
        self._file: io.TextIOWrapper | None = None
        self._process = 0

    def taken(self) -> bool:
        """Whether this process owns it; asking takes it when it is free. A forked child does not inherit it."""
        with self._guard:
            if self._file is not None:
                return self._process == os.getpid()
            file = self._path.open("a+")
            if not _locked(file):
                file.close()
                return False
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            self._file, self._process = file, os.getpid()
            weakref.finalize(self, file.close)
            return True

    def owner(self) -> int | None:
        """The process that owns it; None when none does."""
        with self._guard:
            if self._file is not None:
                return self._process
            try:
                file = self._path.open("r+")
            except FileNotFoundError:
                return None
            with file:
                held = not _locked(file)
                return int(file.read().strip() or 0) or None if held else None

    def release(self) -> None:
        """Give it to whoever asks next."""
        with self._guard:
            if self._file is not None:
                self._file.close()
            self._file = None


def _locked(file: io.TextIOWrapper) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
