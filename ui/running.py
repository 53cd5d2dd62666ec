"""`mcpsoc ui`: API, worker and page as three processes that share nothing but files and HTTP.

One that dies is started again, a little later each time; all end together. A kill of any of them, or of this one,
loses no accepted alert and no question: both are rows in files before anybody is told that they were taken.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from ui.errors import CheckFailedError, UsageError

BACKOFF_S = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Wait before a process that died is started again, by how often it died in a row."""
STEADY_S = 60.0
"""A process that lived this long did not die in a row."""
GRACE_S = 10.0
"""How long a process may take to end when it is asked to."""
LOG_BYTES = 5_000_000
"""A log file that is longer at start is put aside as `NAME.log.1`."""
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the product."""

    name: str
    arguments: tuple[str, ...]
    """Of `mcpsoc`."""
    ready_at: str | None = None
    """URL that answers 200 once it is ready; None for a process that serves nobody."""


class Crew:
    """Keeps the parts running until it is told to stop."""

    def __init__(self, parts: Sequence[Part], logs: Path, tell: Callable[[str, int], None]) -> None:
        """`tell(name, code)` hears of each process that ended by itself."""
        self._parts = parts
        self._logs = logs
        self._tell = tell
        self._stop = asyncio.Event()
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._dead: dict[str, int] = {}

    async def run(self, on_ready: Callable[[], None], within_s: float = 60.0) -> None:
        """Start everything, call `on_ready` once all that serves answers, and return when `stop` was called.

        Raises: CheckFailedError when a part is not ready in time, or died again and again before it was."""
        self._logs.mkdir(mode=0o700, exist_ok=True)
        keepers = [asyncio.create_task(self._keep(part), name=part.name) for part in self._parts]
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(self._ready(part) for part in self._parts))
            if not self._stop.is_set():
                on_ready()
            await self._stop.wait()
        except TimeoutError:
            raise CheckFailedError(
                "not everything started within {seconds} s; see {folder}", seconds=within_s, folder=self._logs
            ) from None
        finally:
            self._stop.set()
            await self._end()
            await asyncio.gather(*keepers)

    def stop(self) -> None:
        """End everything; called twice, at once and without asking."""
        if self._stop.is_set():
            for process in self._processes.values():
                with suppress(ProcessLookupError):
                    process.kill()
        self._stop.set()

    async def _keep(self, part: Part) -> None:
        """One process, again and again."""
        falls = 0
        while not self._stop.is_set():
            started = time.monotonic()
            process = await self._start(part)
            if self._stop.is_set():
                process.terminate()
            code = await process.wait()
            if self._stop.is_set():
                return
            self._tell(part.name, code)
            falls = 1 if time.monotonic() - started > STEADY_S else falls + 1
            self._dead[part.name] = falls
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), BACKOFF_S[min(falls, len(BACKOFF_S)) - 1])

    async def _start(self, part: Part) -> asyncio.subprocess.Process:
        path = self._logs / f"{part.name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
        with path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ui",
                *part.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "MCPSOC_PARENT": str(os.getpid())},
            )
        self._processes[part.name] = process
        return process

    async def _ready(self, part: Part) -> None:
        if part.ready_at is None:
            return
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
            while not self._stop.is_set():
                if self._dead.get(part.name, 0) > 2:
                    raise CheckFailedError(
                        "{part} does not start; see {path}", part=part.name, path=self._logs / f"{part.name}.log"
                    )
                with suppress(httpx.TransportError):
                    if (await client.get(part.ready_at)).status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(POLL_S)

    async def _end(self) -> None:
        """Ask everything to end, the last that was started first; what does not is killed."""
        for part in reversed(self._parts):
            process = self._processes.get(part.name)
            if process is None or process.returncode is not None:
                continue
            with suppress(ProcessLookupError):
                process.terminate()
        waiting = [asyncio.create_task(process.wait()) for process in self._processes.values()]
        if not waiting:
            return
        _, late = await asyncio.wait(waiting, timeout=GRACE_S)
        if late:
            for process in self._processes.values():
                with suppress(ProcessLookupError):
                    process.kill()
            await asyncio.wait(late)


def free_port(port: int) -> int:
    """`port` if nobody listens there, some free one for 0.

    Raises: UsageError when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError("port {port} is taken; choose another one, or 0 for any", port=port) from error
        chosen: int = probe.getsockname()[1]
        return chosen


def end_with_parent(poll_s: float = 1.0) -> None:
    """Make this process end when the one that started it is gone, however that ended."""
    parent = os.environ.get("MCPSOC_PARENT")
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(poll_s)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
