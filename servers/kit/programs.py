"""Programs the servers call: as a list of words, with a time limit, a size limit, and nothing of our environment."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.errors import ToolError

_CHUNK: Final = 65_536
_KEPT: Final = ("PATH", "HOME", "TMPDIR", "TZ", "SYSTEMROOT")
"""What a program gets of our environment: no credential is among it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program said."""

    code: int
    """Exit code; negative: the signal that ended it."""
    stdout: bytes
    stderr: bytes


def run(
    command: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout_s: float,
    most_bytes: int,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Ran:
    """Run a program to its end in a process group of its own, which is killed at a limit with all it started.

    `most_bytes` bounds stdout and stderr together; `environment` is added to the little it gets; `folder` is where it
    runs.

    Raises: ToolError(not_installed | not_allowed | timeout | too_large). What it printed is in none of them."""
    name = Path(command[0]).name
    kept = {each: os.environ[each] for each in _KEPT if each in os.environ}
    try:
        process = subprocess.Popen(  # a list of words: no shell reads it
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**kept, "LC_ALL": "C.UTF-8", **(environment or {})},
            cwd=folder,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise ToolError("not_installed", f"the program {name} is not there", f"install {name}") from None
    except (PermissionError, OSError, ValueError):
        raise ToolError("not_allowed", f"the program {name} cannot be started", "look at its rights") from None
    with process:
        try:
            return _followed(process, name, stdin, time.monotonic() + timeout_s, most_bytes)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _followed(process: "subprocess.Popen[bytes]", name: str, stdin: bytes, until: float, most_bytes: int) -> Ran:
    """Feed and read the program until it has closed its output and ended."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ToolError("not_allowed", f"the program {name} has no pipes", "")
    said: dict[int, bytearray] = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    rest = memoryview(stdin)
    os.set_blocking(process.stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        for pipe in (process.stdout, process.stderr):
            ready.register(pipe, selectors.EVENT_READ)
        ready.register(process.stdin, selectors.EVENT_WRITE)
        while ready.get_map():
            for key, _ in ready.select(_left(until, name)):
                if key.fileobj is process.stdin:
                    rest = _fed(key.fd, rest)
                    if not rest:
                        ready.unregister(process.stdin)
                        process.stdin.close()
                elif chunk := os.read(key.fd, _CHUNK):
                    said[key.fd] += chunk
                    if sum(map(len, said.values())) > most_bytes:
                        raise ToolError("too_large", f"{name} printed more than {most_bytes} bytes", "ask for less")
                else:
                    ready.unregister(key.fileobj)
    try:
        code = process.wait(_left(until, name))
    except subprocess.TimeoutExpired:
        raise _late(name) from None
    return Ran(code, bytes(said[process.stdout.fileno()]), bytes(said[process.stderr.fileno()]))


def _fed(pipe: int, rest: memoryview) -> memoryview:
    """What is left to write after one write; nothing when the program does not want more."""
    try:
        return rest[os.write(pipe, rest[:_CHUNK]) :] if rest else rest
    except BrokenPipeError:
        return rest[:0]


def _left(until: float, name: str) -> float:
    if (left := until - time.monotonic()) <= 0:
        raise _late(name)
    return left


def _late(name: str) -> ToolError:
    return ToolError("timeout", f"the program {name} took too long", "ask for less at once")
