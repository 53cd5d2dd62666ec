"""Following a growing alert file: over rotation, truncation and a killed reader, no line is lost and none comes twice.

A position is the file's device and inode, a hash of its first bytes, and how far it was read. The inode tells a file
that was renamed from a new one, the hash tells a file that was emptied and written again, so both together say where
the rest of what was not read yet is.
"""

import gzip
import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

from knowledge.trust.sqlite_files import use_write_ahead_log

HEAD_BYTES = 1024
"""How much of a file's beginning identifies its content."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (
    path TEXT PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT NULL,
    head_length INTEGER NOT NULL, head_sha256 TEXT NOT NULL, offset INTEGER NOT NULL, line INTEGER NOT NULL,
    seen_ns INTEGER NOT NULL, started TEXT
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Position:
    """How far one file was read."""

    device: int
    inode: int
    head_length: int
    head_sha256: str
    offset: int
    """Bytes up to the end of the last line that was handled."""
    line: int
    """Number of that line in its file, from 1; 0 before the first."""
    seen_ns: int
    """When the file was last written, as far as the reader knows (nanoseconds since 1970)."""
    started: str | None = None
    """sha256 of the line after it, if its handling had begun when this was written."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One complete line."""

    number: int
    data: bytes
    after: Position
    """The position once this line has been handled."""
    started_before: bool
    """Whether an earlier reader had begun with this very line and did not live to say that it was done."""


class Positions:
    """Durable positions, one per followed path. Several readers of different paths may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(self._connect()) as connection:
            connection.execute(SCHEMA)

    def get(self, path: Path) -> Position | None:
        """Where `path` was left off, or None."""
        with closing(self._connect()) as connection:
            row = connection.execute(
                "SELECT device, inode, head_length, head_sha256, offset, line, seen_ns, started"
                " FROM positions WHERE path = ?",
                (str(path),),
            ).fetchone()
        return Position(*row) if row else None

    def paths(self) -> list[Path]:
        """Every path that was ever followed."""
        with closing(self._connect()) as connection:
            return [Path(path) for (path,) in connection.execute("SELECT path FROM positions ORDER BY path")]

    def set(self, path: Path, position: Position) -> None:
        """Durably move `path` to `position`."""
        p = position
        with closing(self._connect()) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (str(path), p.device, p.inode, p.head_length, p.head_sha256, p.offset, p.line, p.seen_ns, p.started),
            )

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        use_write_ahead_log(connection.execute)
        connection.execute("PRAGMA synchronous=FULL")
        return connection


class Follower:
    """Reads one path as it grows. Call `poll` again and again; call `begin` and `done` around each line's handling."""

    def __init__(self, path: Path, positions: Positions) -> None:
        self.path = path.absolute()
        self._positions = positions
        self._held: BufferedReader | None = None

    def begin(self, line: Followed) -> None:
        """Durably note that `line` is being handled."""
        start = replace(line.after, offset=line.after.offset - len(line.data), line=line.number - 1)
        self._positions.set(self.path, replace(start, started=_sha256(line.data)))

    def done(self, line: Followed) -> None:
        """Durably note that `line` was handled: it will not come again."""
        self._positions.set(self.path, line.after)

    def close(self) -> None:
        """Let go of the file that is held open."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def poll(self) -> Iterator[Followed]:
        """Every complete line that is there and has not been handled, in order; ends when there is none for now."""
        position = self._positions.get(self.path)
        if position is not None and not _holds(self.path, position):
            yield from self._left_behind(position)
            position = None
        if self.path.is_file():
            yield from self._current(position)

    def _current(self, position: Position | None) -> Iterator[Followed]:
        """New lines of the path itself. The file stays open, so that it can be read to its end after it is renamed."""
        self.close()
        try:
            self._held = self.path.open("rb")
        except FileNotFoundError:
            return
        if position is None and self._positions.get(self.path) is None:
            self._positions.set(self.path, _beginning(self._held))
        yield from _lines(self._held, position, finished=False)

    def _left_behind(self, position: Position) -> Iterator[Followed]:
        """What was not read yet of the file that was rotated away, and of those rotated away since then."""
        finished = self.path.is_file() and self.path.stat().st_size > 0
        older = self._find(position)
        if older is not None:
            with _open(older) as stream:
                yield from _lines(stream, position, finished=finished)
        elif self._held is not None and _is_file(self._held, position):
            yield from _lines(self._held, position, finished=finished)
        since = older.stat().st_mtime_ns if older is not None else position.seen_ns
        for path in self._rotated():
            if path != older and path.stat().st_mtime_ns > since:
                with _open(path) as stream:
                    yield from _lines(stream, None, finished=True)

    def _find(self, position: Position) -> Path | None:
        """The rotated file that `position` is about: by inode, else (copied, compressed) by its beginning."""
        dated = self.path.parent.glob("[0-9][0-9][0-9][0-9]/*/*.json*")
        others = [*self._rotated(), *(path for path in dated if path.is_file())]
        same_file = [path for path in others if _same_inode(path, position) and _holds(path, position)]
        return next(iter([*same_file, *(path for path in others if position.offset and _holds(path, position))]), None)

    def _rotated(self) -> list[Path]:
        """Files beside the path whose names are the path's own plus a number or a date; the longest unwritten first."""
        name, stem, suffix = (re.escape(part) for part in (self.path.name, self.path.stem, self.path.suffix))
        pattern = re.compile(rf"({name}[.-][\d.T:-]+|{stem}[.-][\d.T:-]+{suffix})(\.gz)?")
        found = [path for path in self.path.parent.iterdir() if pattern.fullmatch(path.name) and path.is_file()]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def _lines(stream: BufferedReader | gzip.GzipFile, position: Position | None, *, finished: bool) -> Iterator[Followed]:
    """Lines of one file after `position`. A last line without its end counts only once the file is `finished`."""
    start = _beginning(stream)
    offset, number = (position.offset, position.line) if position else (0, 0)
    started = position.started if position else None
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    stream.seek(offset)
    while data := stream.readline():
        if not data.endswith(b"\n") and not finished:
            return
        offset, number = offset + len(data), number + 1
        read = head[:offset]
        after = replace(start, head_length=len(read), head_sha256=_sha256(read), offset=offset, line=number)
        yield Followed(number, data, after, started == _sha256(data))
        started = None


def _beginning(stream: BufferedReader | gzip.GzipFile) -> Position:
    """The position before the first line of an open file."""
    status = os.fstat(stream.fileno())
    return Position(status.st_dev, status.st_ino, 0, _sha256(b""), 0, 0, status.st_mtime_ns)


def _is_file(stream: BufferedReader, position: Position) -> bool:
    """Whether an open file is the one of `position`, not emptied since, even if it has no name any more."""
    status = os.fstat(stream.fileno())
    same = (status.st_dev, status.st_ino) == (position.device, position.inode) and status.st_size >= position.offset
    return same and _sha256(os.pread(stream.fileno(), position.head_length, 0)) == position.head_sha256


def _same_inode(path: Path, position: Position) -> bool:
    status = path.stat()
    return (status.st_dev, status.st_ino) == (position.device, position.inode)


def _holds(path: Path, position: Position) -> bool:
    """Whether `path` has the content that `position` is about, as far as it was read."""
    try:
        if path.suffix != ".gz" and path.stat().st_size < position.offset:
            return False
        if position.head_length == 0:
            return _same_inode(path, position)
        with _open(path) as stream:
            return _sha256(stream.read(position.head_length)) == position.head_sha256
    except (OSError, EOFError):
        return False


def _open(path: Path) -> BufferedReader | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
