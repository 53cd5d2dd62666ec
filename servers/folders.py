"""Files below folders that an operator opened to a server, reached so that no link leads out of them.

Every step of a path is opened below the handle of the folder before it and never through a symbolic link, so a path
that is exchanged between check and use opens nothing else.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from pydantic import Field

from servers.errors import NotFoundError, ToolError

FilePath = Annotated[str, Field(min_length=1, max_length=1000)]
"""An absolute path below one of the folders that the server may read."""
Glob = Annotated[str, Field(min_length=1, max_length=100)]
"""Pattern for file names, such as `*.exe`."""

DEEPEST: Final = 40
"""Levels of folders that a walk goes down."""
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LINK_CODES: Final = frozenset({errno.ELOOP, errno.ENOTDIR})


@dataclass(frozen=True, slots=True)
class Place:
    """A name in a folder that is held open."""

    folder: int
    """Handle of the folder."""
    name: str
    path: str
    """Where it is, for the reader."""

    def look(self) -> os.stat_result:
        """What is there, a link not followed. Raises: NotFoundError; ToolError when it cannot be looked at."""
        with _told():
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A handle to read it by. Raises: NotFoundError; ToolError for a link, a device, a pipe or a folder."""
        _check_plain(self.look())
        with _told():
            handle = os.open(self.name, _FILE, dir_fd=self.folder)
        try:
            _check_plain(os.fstat(handle))
            yield handle
        finally:
            os.close(handle)


class Folders:
    """The folders of one server."""

    def __init__(self, roots: Sequence[Path], setting: str) -> None:
        """`setting` is named to whoever asks when there are none."""
        self._roots = tuple(roots)
        self._setting = setting

    @contextmanager
    def place(self, path: str) -> Iterator[Place]:
        """The name a path leads to, below its folder.

        Raises: NotFoundError when there is no such folder; ToolError for a path outside, through a link, or of no form
        at all."""
        root, steps = self._steps(path)
        if not steps:
            raise ToolError("not_a_file", "the path is one of the folders themselves", "give a file below it")
        with _below(root, steps[:-1]) as folder:
            yield Place(folder, steps[-1], path)

    def read(self, path: str, most_bytes: int) -> bytes:
        """A whole file.

        Raises: NotFoundError when it is not there; ToolError for a path that must not be read, or a file that is too
        long."""
        with self.place(path) as place, place.opened() as handle:
            return whole(handle, most_bytes)

    @contextmanager
    def walk(self, path: str, glob: str) -> Iterator[Iterator[Place]]:
        """Every file below a folder whose name fits, in order of names; links and closed folders too, never entered.

        Raises: NotFoundError when there is no such folder; ToolError for a path outside, or through a link."""
        root, steps = self._steps(path)
        with _below(root, steps) as folder:
            yield _walked(folder, PurePosixPath(path), glob, DEEPEST)

    def _steps(self, path: str) -> tuple[Path, tuple[str, ...]]:
        if not self._roots:
            raise ToolError("not_configured", "no folder is opened to this server", f"set {self._setting}")
        wanted = PurePosixPath(path)
        if "\0" in path or ".." in wanted.parts:
            raise ToolError("invalid_argument", "the path is none this server takes", "an absolute path without ..")
        for root in self._roots:
            for name in {root, root.resolve()}:
                if wanted.is_relative_to(name):
                    return root, wanted.relative_to(name).parts
        raise ToolError("outside_folders", "the path lies outside the folders of this server", f"see {self._setting}")


def whole(handle: int, most_bytes: int) -> bytes:
    """Everything an open file holds. Raises: ToolError(too_large)."""
    if os.fstat(handle).st_size > most_bytes:
        raise _too_large(most_bytes)
    with os.fdopen(os.dup(handle), "rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise _too_large(most_bytes)
    return data


def folders_of(text: str) -> tuple[Path, ...]:
    """The folders a setting lists, separated as in PATH. Raises: ValueError for one that is not absolute."""
    found = tuple(Path(part).expanduser() for part in text.split(os.pathsep) if part)
    if any(not path.is_absolute() or ".." in path.parts for path in found):
        raise ValueError("folders are absolute paths without ..")
    return found


@contextmanager
def _below(root: Path, steps: Sequence[str]) -> Iterator[int]:
    """A handle of a folder below a root. The root itself may be a link: the operator named it."""
    with _told():
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in steps:
            with _told():
                deeper = os.open(step, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = deeper
        yield handle
    finally:
        os.close(handle)


def _walked(folder: int, path: PurePosixPath, glob: str, levels: int) -> Iterator[Place]:
    """The places below a folder; a folder that cannot be entered is one of them, so that it is missed by nobody."""
    for name in sorted(os.listdir(folder)):
        place = Place(folder, name, _shown(path / name))
        inner = _entered(place) if levels else None
        if inner is not None:
            try:
                yield from _walked(inner, path / name, glob, levels - 1)
            finally:
                os.close(inner)
        elif fnmatchcase(name, glob) or _is_folder(place):
            yield place


def _shown(path: PurePosixPath) -> str:
    """A path as text: bytes that are none stand as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _entered(place: Place) -> int | None:
    try:
        return os.open(place.name, _FOLDER, dir_fd=place.folder)
    except OSError:
        return None


def _is_folder(place: Place) -> bool:
    try:
        return stat.S_ISDIR(place.look().st_mode)
    except ToolError:
        return False


def _check_plain(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise ToolError("symbolic_link", "the path is a symbolic link", "give the file itself")
    if stat.S_ISDIR(found.st_mode):
        raise ToolError("not_a_file", "the path is a folder", "give a file")
    if not stat.S_ISREG(found.st_mode):
        raise ToolError("special_file", "the path is a device, a pipe or a socket", "only plain files are read")


@contextmanager
def _told() -> Iterator[None]:
    """Faults of the system as answers. Raises: NotFoundError, ToolError."""
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError("there is no such file") from None
    except PermissionError:
        raise ToolError("forbidden", "the system does not let this server read it", "check owner and mode") from None
    except OSError as error:
        if error.errno in _LINK_CODES:
            message = "the path goes through a symbolic link or a file"
            raise ToolError("symbolic_link", message, "give the folder itself") from None
        raise ToolError(
            "unreadable", f"the system answered {errno.errorcode.get(error.errno or 0, 'an error')}"
        ) from None
    except ValueError:
        raise ToolError("invalid_argument", "the path is none the system takes") from None


def _too_large(most_bytes: int) -> ToolError:
    return ToolError("too_large", f"the file has more than {most_bytes} bytes", "nothing of it was looked at")
