"""Labs that are made once in a run: whoever needs the same seed and stories copies the file.

Making one takes two seconds, since seven days of everybody's work are written each time."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import closing
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


@cache
def _made(seed: int, stories: tuple[tuple[str, str], ...] | None) -> Path:
    """The lab's file in the folder of this run."""
    name = sha256(json.dumps([seed, stories]).encode()).hexdigest()[:16]
    folder = Path(os.environ[RUN])
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder / f"{name}.db"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            building = folder / f"{name}.building.db"
            building.unlink(missing_ok=True)
            with closing(Lab.create(building, seed, stories)) as lab:
                lab.now()
            building.rename(made)
    return made


def name_run() -> None:
    """Name the folder of this run, unless who started this worker has named it."""
    if RUN not in os.environ:
        os.environ[RUN] = tempfile.mkdtemp(prefix="mcpsoc-labs-")


def remove_labs() -> None:
    """Take away what the run made."""
    if folder := os.environ.pop(RUN, ""):
        shutil.rmtree(folder, ignore_errors=True)
