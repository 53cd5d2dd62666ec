"""Labs and homes that are made once in a run: whoever needs the same copies it.

Making a lab takes two seconds, since seven days of everybody's work are written each time."""

import fcntl
import gc
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

from servers.lab.world import Lab

RUN = "TESTS_LABS"
"""Variable that names the folder of the run: all workers inherit it."""


def lab_at(path: Path, seed: int, stories: Iterable[tuple[str, str]] | None = None) -> Path:
    """What `Lab.create` leaves at this path; the path itself. Raises: FileExistsError."""
    if path.exists():
        raise FileExistsError(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_made(seed, None if stories is None else tuple(stories)), path)
    return path


def home_at(path: Path, name: str, make: Callable[[Path], None]) -> Path:
    """A copy, at this path, of the folder that `make` fills; what has this name is made once. The path itself.

    Nobody ever opens a file of what is copied: whoever made it may still hold the databases it made."""
    made, building, filled = _of_run(name), _of_run(f"{name}.building"), _of_run(f"{name}.filled")
    with _alone(name):
        if not made.exists():
            for left in (building, filled):
                shutil.rmtree(left, ignore_errors=True)
            building.mkdir(mode=0o700)
            make(building)
            gc.collect()
            Path(shutil.copytree(building, filled)).rename(made)
    return Path(shutil.copytree(made, path, dirs_exist_ok=True))


@cache
def _made(seed: int, stories: tuple[tuple[str, str], ...] | None) -> Path:
    """The lab's file in the folder of this run."""
    name = sha256(json.dumps([seed, stories]).encode()).hexdigest()[:16]
    made = _of_run(f"{name}.db")
    with _alone(name):
        if not made.exists():
            building = _of_run(f"{name}.building.db")
            building.unlink(missing_ok=True)
            with closing(Lab.create(building, seed, stories)) as lab:
                lab.now()
            building.rename(made)
    return made


def _of_run(name: str) -> Path:
    folder = Path(os.environ[RUN])
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / name


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Nobody else of this run makes what has this name meanwhile."""
    with _of_run(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def name_run() -> None:
    """Name the folder of this run, unless who started this worker has named it."""
    if RUN not in os.environ:
        os.environ[RUN] = tempfile.mkdtemp(prefix="mcpsoc-labs-")


def remove_labs() -> None:
    """Take away what the run made."""
    if folder := os.environ.pop(RUN, ""):
        shutil.rmtree(folder, ignore_errors=True)
