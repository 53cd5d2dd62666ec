"""Small files of the owner's own, changed by one process at a time and never half written."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One change of this file at a time, over all processes: of two that add something, both are kept.

    Raises: OSError when the folder cannot be made or written to."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with turn(path.with_name(f".{path.name}.lock"), wait=True):
        yield


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file readable by its owner alone, at once: a reader sees the old content or the new, also after a crash.

    Raises: OSError; nothing is left beside the file then."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def turn(lock: Path, *, wait: bool) -> Iterator[bool]:
    """Whether it is this process's turn at what the lock file stands for; the others wait, or go on without.

    Raises: OSError."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
