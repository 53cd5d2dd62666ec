"""A log that another program appends to, read as it grows: within bounds, across a rotation, no line twice.

A log that grew by more than may be read at once leaves a gap, and so may one that was emptied, written anew or rotated
twice since it was read; what was read before the gap is dropped then, so that `first` always is the time from which on
nothing is missing.
"""

import os
import re
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
_MARK: Final = 512
"""How many bytes before the place we read to tell whether a file is still the one we read."""
_ROTATED: Final = re.compile(r"[.-]\d[\d.-]*(\.(gz|xz|bz2|zst))?")
"""What a rotation puts behind the name of a log. Source: logrotate(8), `dateext`, `compress`."""


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
        """Why the log does not speak for a whole window: it begins later, ends before, or was silent for longer than
        `quiet` at its end or in between."""
        first, last = self.first, self.last
        if first is None or last is None:
            return Problem("not_covered", "the log holds no records", _HINT)
        if start < first:
            return Problem("not_covered", f"the log is known from {iso(first)} on", _HINT)
        if last < start or last + quiet < min(end, now):
            return Problem("not_covered", f"the log is silent since {iso(last)}", _HINT)
        return self._silence(start, end, quiet)

    def _silence(self, start: datetime, end: datetime, quiet: timedelta) -> Problem | None:
        """The first stretch of a window in which a log that never rests for longer than `quiet` has no row.

        Rows come in the order they were written, which is not quite that of their times."""
        latest = self.first
        for time in (row.time for row in self.rows):
            if latest is None or latest >= end:
                return None
            if time - latest > quiet and time > start:
                return Problem("not_covered", f"the log is silent from {iso(latest)} to {iso(time)}", _HINT)
            latest = max(latest, time)
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
        setting: str,
    ) -> None:
        """`setting` is the one that names the file, for errors."""
        self.path, self.most_rows = path, most_rows
        self._setting = setting
        self._parse = parse
        self._rows: deque[R] = deque(maxlen=most_rows)
        self._most = most_bytes
        self._inode: int | None = None
        self._offset = 0
        self._mark = b""
        self._unreadable = 0
        self._lock = threading.Lock()

    def read(self) -> Held[R]:
        """Everything known by now. Raises: ToolError when the log cannot be read."""
        with self._lock:
            try:
                self._catch_up()
            except FileNotFoundError:
                hint = f"see {self._setting}, and whether anything writes there"
                raise ToolError("unreachable", f"the log {self.path.name} is not there", hint) from None
            except OSError:
                hint = f"see {self._setting}, and who may read the file"
                raise ToolError("unreachable", f"the log {self.path.name} cannot be read", hint) from None
            return Held(tuple(self._rows), self._unreadable)

    def _catch_up(self) -> None:
        with self.path.open("rb") as file:
            found = os.fstat(file.fileno())
            if self._inode not in (None, found.st_ino):
                self._finish_old(found.st_ino)
                self._begin_anew()
            elif not self._goes_on(file.fileno()):
                self._begin_anew()
                self._rows.clear()
            self._take(file.fileno(), found.st_size)
            self._inode = found.st_ino

    def _begin_anew(self) -> None:
        self._offset, self._mark = 0, b""

    def _goes_on(self, handle: int) -> bool:
        """Whether a file still holds what was read of it: one that was emptied may have grown past that place again,
        and the number of a file that is gone is given to the next one."""
        return os.pread(handle, len(self._mark), self._offset - len(self._mark)) == self._mark

    def _finish_old(self, new: int) -> None:
        """Read what was appended to the old file before it was renamed; without it, or with another one written
        between it and the `new` one, there is a gap."""
        own = self.path.name
        beside = {each: each.stat() for each in self.path.parent.iterdir() if each.name.startswith(own)}
        old = next((each for each, state in beside.items() if state.st_ino == self._inode), None)
        if old is None or not self._finished(old):
            self._rows.clear()
            return
        later = [each for each, state in beside.items() if state.st_mtime_ns >= beside[old].st_mtime_ns]
        between = [each for each in later if each != old and beside[each].st_ino != new]
        if any(_ROTATED.fullmatch(each.name[len(own) :]) for each in between):
            self._rows.clear()

    def _finished(self, old: Path) -> bool:
        """Whether the rest of a file could be read."""
        with old.open("rb") as file:
            if not self._goes_on(file.fileno()):
                return False
            self._take(file.fileno(), os.fstat(file.fileno()).st_size)
        return True

    def _take(self, handle: int, size: int) -> None:
        skipped = size - self._offset > self._most
        if skipped:
            self._offset, self._mark = size - self._most, b""
            self._rows.clear()
        data = os.pread(handle, max(0, size - self._offset), self._offset)
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) > LONGEST_LINE:
            self._pass(data)
            self._unreadable += 1
            return
        self._pass(data[:end])
        lines = data[:end].splitlines()
        for line in lines[1:] if skipped else lines:
            self._add(line)

    def _pass(self, part: bytes) -> None:
        """Go on behind what was read, and remember how it ends."""
        self._offset += len(part)
        self._mark = (self._mark + part)[-_MARK:]

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
