"""Processes for the endpoint server to see: kin of ours, and a stranger."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psutil


@contextmanager
def child(*words: str, stdout: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of ours, ended at the end."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=stdout, start_new_session=True) as process:
        yield process
        process.kill()


@contextmanager
def stranger(*words: str) -> Iterator[psutil.Process]:
    """A process that is no kin of ours: its parent ended. It is ended when it still runs."""
    script = '"$@" >/dev/null 2>&1 & echo $!'
    started = subprocess.run(
        ["setsid", "sh", "-c", script, "sh", *words], capture_output=True, text=True, check=True, timeout=10
    )
    process = psutil.Process(int(started.stdout))
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def since(process: psutil.Process) -> str:
    """When a process started, as answers write it."""
    return datetime.fromtimestamp(process.create_time(), UTC).isoformat()
