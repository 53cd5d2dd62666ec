"""A log that another program appends to, read as it grows: within bounds, across a rotation, no line twice.

A log that grew by more than may be read at once leaves a gap, and so may one that was emptied; what was read before
the gap is dropped then, so that `first` always is the time from which on nothing is missing.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from servers.errors import ToolError
from servers.kit import Problem
from servers.kit.envelope import iso

MOST_BYTES: Final = 32 * 1024 * 1024
"""How much of a log is read at once."""
MOST_ROWS: Final = 100_000
"""How many rows are kept."""
LONGEST_LINE: Final = 256 * 1024


class Dated(Protocol):
    """Something that happened at a time."""

    @property
    def time(self) -> datetime:
        """When, aware."""


R = TypeVar("R", bound=Dated)


@dataclass(frozen=True, slots=True)
class Held(Generic[R]):
    """What is known of a log, oldest first."""

    rows: tuple[R, ...]
    unreadable: int
    """Lines that were no records."""

    @property
    def first(self) -> datetime | None:
        """From when on nothing is missing."""
        return self.rows[0].time if self.rows else None

    @property
    def last(self) -> datetime | None:
        """When the newest row was written."""
        return self.rows[-1].time if self.rows else None

    def within(self, start: datetime, end: datetime) -> Sequence[R]:
        """The rows of a window, both ends included."""
        return [row for row in self.rows if start <= row.time <= end]

    def blind_spot(self, start: datetime, end: datetime, now: datetime, quiet: timedelta) -> Problem | None:
        """Why the log does not speak for a whole window: it begins later, or went silent for longer than `quiet`."""
        first, last = self.first, self.last
        if first is None or last is None:
            return Problem("not_covered", "the log holds no records", _HINT)
        if start < first:
            return Problem("not_covered", f"the log is known from {iso(first)} on", _HINT)
        if last + quiet < min(end, now):
            return Problem("not_covered", f"the log is silent since {iso(last)}", _HINT)
        return None


_HINT: Final = "absence proves nothing here"


class GrowingLog(Generic[R]):
    """One log file. `parse` makes a row of a line, None of one that is none; it raises ValueError for a broken one."""

    def __init__(
        self,
        path: Path,
        parse: Callable[[bytes], R | None],
        *,
        most_rows: int = MOST_ROWS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.path = path
        self._parse = parse
        self._rows: deque[R] = deque(maxlen=most_rows)
        self._most = most_bytes
        self._inode: int | None = None
        self._offset = 0
        self._unreadable = 0
        self._lock = threading.Lock()

    def read(self) -> Held[R]:
        """Everything known by now. Raises: ToolError when the log cannot be read."""
        with self._lock:
            try:
                self._catch_up()
            except OSError:
                message = f"the log {self.path.name} cannot be read"
                raise ToolError("unreachable", message, "check the path and who may read it") from None
            return Held(tuple(self._rows), self._unreadable)

    def _catch_up(self) -> None:
        with self.path.open("rb") as file:
            found = os.fstat(file.fileno())
            if self._inode not in (None, found.st_ino):
                self._finish_old()
                self._offset = 0
            elif found.st_size < self._offset:
                self._offset = 0
                self._rows.clear()
            self._take(file.fileno(), found.st_size)
            self._inode = found.st_ino

    def _finish_old(self) -> None:
        """Read what was appended to the old file before it was renamed; without it there is a gap."""
        for sibling in self.path.parent.iterdir():
            if sibling.name.startswith(self.path.name) and sibling.stat().st_ino == self._inode:
                with sibling.open("rb") as file:
                    self._take(file.fileno(), os.fstat(file.fileno()).st_size)
                return
        self._rows.clear()

    def _take(self, handle: int, size: int) -> None:
        skipped = size - self._offset > self._most
        if skipped:
            self._offset = size - self._most
            self._rows.clear()
        data = os.pread(handle, size - self._offset, self._offset)
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) > LONGEST_LINE:
            self._offset += len(data)
            self._unreadable += 1
            return
        self._offset += end
        lines = data[:end].splitlines()
        for line in lines[1:] if skipped else lines:
            self._add(line)

    def _add(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            row = self._row(line)
        except (ValueError, RecursionError):
            self._unreadable += 1
            return
        if row is not None:
            self._rows.append(row)

    def _row(self, line: bytes) -> R | None:
        if len(line) > LONGEST_LINE:
            raise ValueError("a line longer than any record")
        return self._parse(line)
