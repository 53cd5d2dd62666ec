"""AWS CloudTrail, by the files it delivers: a folder is read as it grows, each file once. One that cannot be read hides
no other: it is named, and every answer that may lack its events is `stale`."""

import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from servers.cloud.backend import Asked, CloudBackend, Counted, Facet, Found, Seen
from servers.cloud.coverage import uncovered
from servers.cloud.documents import MOST_BYTES, BrokenFileError, Read, calls_in
from servers.cloud.record import SENSOR, Call
from servers.cloud.settings import CloudSettings
from servers.cloud.store import KnownFile, Part, Store
from servers.folders import Folders, Place
from servers.kit import NotFoundError, Problem, ToolError
from servers.kit.envelope import iso

ENDINGS: Final = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
MOST_FILES: Final = 500_000
_NOT_EVENTS: Final = ("CloudTrail-Digest", "CloudTrail-Insight")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,120}")
_NAMED: Final = 3


@dataclass
class TrailFolder:
    """The folder, and the store that it is read into."""

    folder: Path
    store: Store
    settings: CloudSettings
    now: Callable[[], datetime]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked: float = float("-inf")
    _left: int = 0

    def find(self, asked: Asked, offset: int, limit: int) -> Found:
        """Events."""
        self.catch_up()
        return self.store.find(asked, offset, limit)

    def count(self, asked: Asked, by: Sequence[Facet]) -> Sequence[Counted]:
        """Groups of events."""
        self.catch_up()
        return self.store.count(asked, by)

    def seen(self, asked: Asked) -> Seen:
        """How often."""
        self.catch_up()
        return self.store.seen(asked)

    def blind(self, asked: Asked) -> Problem | None:
        """Files that cannot be read, files not read yet, and where the trail of whom is asked for begins and ends."""
        files = self.store.files().values()
        broken = sorted(file.path for file in files if file.problem is not None)
        if broken:
            problems = {file.path: file.problem for file in files}
            named = ", ".join(f"{_named(path)} ({problems[path]})" for path in broken[:_NAMED])
            more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
            message = f"{len(broken)} of {len(files)} files cannot be read whole: {named}{more}"
            return Problem("broken_files", message, "fetch them again; until then their events are missing")
        if self._left:
            return Problem("still_reading", f"{self._left} files are not read yet", "ask again")
        return uncovered(self.store, asked, self.now(), timedelta(minutes=self.settings.quiet_minutes))

    def catch_up(self) -> None:
        """Read what is new, for as long as one call may. Raises: ToolError when the folder cannot be read."""
        with self._lock:
            if self._left == 0 and time.monotonic() - self._looked < self.settings.look_s:
                return
            until = time.monotonic() + self.settings.read_s
            known = self.store.files()
            there: set[str] = set()
            fresh = 0
            self._left = 0
            for place, found in self._files():
                there.add(place.path)
                if _same(known.get(place.path), found):
                    continue
                if time.monotonic() > until:
                    self._left += 1
                    continue
                self._read(place, found, known.get(place.path))
                fresh += 1
            self.store.forget([path for path in known if path not in there])
            if fresh:
                self.store.shrink(self.settings.most_events)
            self._looked = time.monotonic()

    def probe(self) -> str:
        """What is there. Raises: ToolError when the folder cannot be read."""
        self.catch_up()
        files, ends = self.store.files().values(), self.store.ends(Part())
        broken = sum(file.problem is not None for file in files)
        known = "no events" if ends is None else f"events from {iso(ends[0])} to {iso(ends[1])}"
        return f"CloudTrail files: {len(files)} read, {broken} broken; {known}"

    def _files(self) -> Iterator[tuple[Place, os.stat_result]]:
        if not self.folder.is_dir():
            raise ToolError("unreachable", "the folder of the trail is not there", "see MCPSOC_CLOUD_TRAIL_DIR")
        with Folders([self.folder], "MCPSOC_CLOUD_TRAIL_DIR").walk(str(self.folder), "*") as places:
            for number, place in enumerate(places):
                if number >= MOST_FILES:
                    raise ToolError("too_many", f"the folder holds more than {MOST_FILES} files", "keep fewer there")
                if any(word in place.path for word in _NOT_EVENTS):
                    continue
                try:
                    found = place.look()
                except NotFoundError:
                    continue
                if place.name.lower().endswith(ENDINGS) or stat.S_ISDIR(found.st_mode):
                    yield place, found

    def _read(self, place: Place, found: os.stat_result, before: KnownFile | None) -> None:
        """One file: all of it, or what was added to it."""
        goes_on = before is not None and before.lines and before.inode == found.st_ino and found.st_size >= before.taken
        taken = before.taken if before is not None and goes_on else 0
        broken = 0
        calls: list[Call] = []
        problem, lines = None, goes_on
        try:
            while True:
                read, size = _chunk(place, taken, tail=taken > 0)
                calls += read.calls
                broken += read.broken
                taken, lines = (taken + read.taken, True) if read.lines else (size, False)
                if not read.lines or taken >= size or size - taken < MOST_BYTES:
                    break
            problem = _fault(broken, unfinished=lines and taken < found.st_size)
        except BrokenFileError as error:
            problem = str(error)
        except ToolError as error:
            problem = error.message
        known = KnownFile(place.path, found.st_size, found.st_mtime_ns, found.st_ino, taken, lines, problem)
        self.store.add(known, calls)


def cloudtrail(settings: CloudSettings, home: Path, now: Callable[[], datetime]) -> CloudBackend:
    """The trail in this folder."""
    trail = TrailFolder(settings.trail_dir, Store(home / "cloud.db", settings.trail_dir), settings, now)
    return CloudBackend("CloudTrail files", SENSOR, trail.probe, now, trail)


def _chunk(place: Place, start: int, *, tail: bool) -> tuple[Read, int]:
    """What follows in a file, as much as is read at once, and how long the file is. Raises: BrokenFileError."""
    with place.opened() as handle:
        size = os.fstat(handle).st_size
        data = os.pread(handle, MOST_BYTES, start)
    try:
        return calls_in(data, tail=tail), size
    except BrokenFileError:
        if size > MOST_BYTES:
            raise BrokenFileError(f"it holds more than {MOST_BYTES} bytes") from None
        raise


def _fault(broken: int, *, unfinished: bool) -> str | None:
    if broken:
        return f"{broken} records are none"
    return "its last line is cut off" if unfinished else None


def _same(known: KnownFile | None, found: os.stat_result) -> bool:
    now = (found.st_size, found.st_mtime_ns, found.st_ino)
    return known is not None and (known.size, known.mtime, known.inode) == now


def _named(path: str) -> str:
    """The file's name where it is one of the trail's kind; a stranger's words are not repeated."""
    name = path.rpartition("/")[2]
    return name if _NAME.fullmatch(name) else "a file with an unusual name"
