"""Starting bundled servers: how long until their tools are listed, how much memory that takes, what is listed.

`python -m evals.benchmarks.starting` makes all of them in one process, says so, and waits for the end of its input.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from agent.models import JsonObject, Model
from evals.errors import EvalError

PROTOCOL: Final = "2025-11-25"
START_S: Final = 60.0
END_S: Final = 30.0
MOST_BYTES: Final = 1 << 24
"""What one answer may hold."""
MIB: Final = 1024
"""KiB of one."""


class Started(Model):
    """One process."""

    name: str
    start_s: float
    """From its start until its tools are listed."""
    memory_mib: float | None
    """The most it had resident until then; None where the system does not tell."""


async def start_alone(name: str, home: Path, environment: Mapping[str, str]) -> tuple[Started, list[JsonObject]]:
    """`mcpsoc server NAME` over stdio, and the tools it lists.

    Raises: EvalError when it does not answer."""
    begun = perf_counter()
    async with _process(["-m", "ui", "server", name], home, environment) as process:
        hello: JsonObject = {"protocolVersion": PROTOCOL, "capabilities": {}}
        await _ask(process, 1, "initialize", {**hello, "clientInfo": {"name": "bench", "version": "1"}})
        _send(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        listed = (await _ask(process, 2, "tools/list", {})).get("tools")
        started = Started(name=name, start_s=round(perf_counter() - begun, 3), memory_mib=memory_mib(process.pid))
    if not isinstance(listed, list):
        raise EvalError(f"{name} lists no tools")
    return started, [tool for tool in listed if isinstance(tool, dict)]


async def start_together(home: Path, environment: Mapping[str, str]) -> Started:
    """All bundled servers in one process.

    Raises: EvalError when it ends before it has made them."""
    begun = perf_counter()
    async with _process(["-m", "evals.benchmarks.starting"], home, environment) as process:
        await _line(process)
        taken = round(perf_counter() - begun, 3)
        return Started(name="together", start_s=taken, memory_mib=memory_mib(process.pid))


def memory_mib(process: int) -> float | None:
    """The most memory a process had resident so far.

    Source: proc_pid_status(5), VmHWM."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "")
    return round(int(line.split()[1]) / MIB, 1) if line else None


@asynccontextmanager
async def _process(arguments: Sequence[str], home: Path, environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """A process that lives until its input ends."""
    variables = {**os.environ, **environment, "MCPSOC_HOME": str(home)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=PIPE, stdout=PIPE, env=variables, limit=MOST_BYTES
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.wait_for(process.wait(), END_S)


def _send(process: Process, message: JsonObject) -> None:
    if process.stdin is not None:
        process.stdin.write(json.dumps(message).encode() + b"\n")


async def _ask(process: Process, number: int, method: str, params: JsonObject) -> JsonObject:
    _send(process, {"jsonrpc": "2.0", "id": number, "method": method, "params": params})
    result = json.loads(await _line(process)).get("result")
    if not isinstance(result, dict):
        raise EvalError(f"{method} was refused")
    return result


async def _line(process: Process) -> bytes:
    line = b"" if process.stdout is None else await asyncio.wait_for(process.stdout.readline(), START_S)
    if not line:
        raise EvalError("a server ended before it answered")
    return line


def main() -> None:
    """Make every bundled server as a process of ours holds them."""
    from servers.bundle import bundled
    from servers.settings import Settings

    settings = Settings()
    servers = bundled(None, settings.root, settings)
    listed = sum(len(server.published) for server in servers.values() if server.wire is not None)
    sys.stdout.write(f"{listed}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
