"""The one place from which documents are read with the help of another program."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that has ended."""

    code: int
    """0: it did what it was asked; less than 0: a signal ended it."""
    out: bytes
    told: str
    """What it wrote for people."""


def run(
    arguments: Sequence[str],
    *,
    timeout_s: float,
    environment: Mapping[str, str],
    given: bytes = b"",
    folder: Path | None = None,
) -> Finished:
    """Run it to its end, without a shell and without a terminal to ask at; it and what it started end at the time-out.

    Raises: TimeoutError; OSError when it cannot be started."""
    program = subprocess.Popen(
        list(arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        out, told = program.communicate(given, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{arguments[0]} took longer than {timeout_s:.0f} s") from error
    finally:
        if program.returncode is None:
            os.killpg(program.pid, signal.SIGKILL)
            program.communicate()
    return Finished(program.returncode, out, told.decode("utf-8", "replace"))
