"""How many alerts a second the API accepts durably, and how long senders wait: `python -m evals.benchmarks.intake`.

64 clients post alerts of their own as fast as they are answered, each over one connection; then at a fixed rate, with
and without a worker beside them. Every accepted alert is looked for in the inbox afterwards. Times are those of the
clients, who share the machine with the API: what is measured is the machine, not the network.
"""

import argparse
import asyncio
import json
import math
import os
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from agent.intake.inbox import Inbox
from agent.models import JsonObject
from evals.errors import EvalError

CLIENTS: Final = 64
SECONDS: Final = 10.0
PACED_PER_S: Final = 500.0
START_S: Final = 60.0
END_S: Final = 60.0
LATE_S: Final = 5.0
"""A run at a fixed rate ends this long after its time, however much of it is still due."""
KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Load:
    """What a run asks of the API."""

    name: str
    clients: int
    seconds: float
    per_s: float | None
    """All clients together; None is as fast as they are answered."""
    worker: bool


@dataclass(frozen=True, slots=True)
class Target:
    """The API under test."""

    port: int
    token: str
    process: int


async def measure(load: Load) -> JsonObject:
    """One run over a home of its own. Raises: EvalError when the API does not start, or an accepted alert is lost."""
    with tempfile.TemporaryDirectory(prefix="mcpsoc-bench-") as folder:
        home, port = Path(folder), _free_port()
        processes = [await _start(home, "api", "--port", str(port))]
        try:
            await _ready(port, processes[0])
            if load.worker:
                processes.append(await _start(home, "worker"))
            target = Target(port, (home / "api.token").read_text(encoding="ascii").strip(), processes[0].pid)
            idle_mib, idle_cpu_s = _rss_mib(target.process), _cpu_s(target.process)
            posted, seconds = await _drive(load, target)
            busy_mib, cpu_s = _rss_mib(target.process), _cpu_s(target.process) - idle_cpu_s
        finally:
            for process in processes:
                await _end(process)
        kept = _kept(home)
    waits = sorted(wait for status, wait in posted if status == httpx.codes.ACCEPTED)
    if kept < len(waits):
        raise EvalError(f"{len(waits)} alerts were accepted and {kept} are in the inbox")
    return {
        "name": load.name,
        "clients": load.clients,
        "worker": load.worker,
        "offered_per_s": load.per_s,
        "seconds": round(seconds, 2),
        "accepted": len(waits),
        "refused": len(posted) - len(waits),
        "lost": 0,
        "per_s": round(len(waits) / seconds, 1),
        "p50_ms": _quantile_ms(waits, 0.50),
        "p99_ms": _quantile_ms(waits, 0.99),
        "max_ms": _quantile_ms(waits, 1.0),
        "api_cpu_ms_per_alert": round(1000 * cpu_s / max(1, len(posted)), 3),
        "api_rss_idle_mib": idle_mib,
        "api_rss_mib": busy_mib,
    }


async def _drive(load: Load, target: Target) -> tuple[list[tuple[int, float]], float]:
    """(status, seconds) of every post, and how long it all took."""
    started = time.perf_counter()
    every_s = None if load.per_s is None else load.clients / load.per_s
    clients = (_client(number, target, started + load.seconds, every_s) for number in range(load.clients))
    answers = await asyncio.gather(*clients)
    return [answer for part in answers for answer in part], time.perf_counter() - started


async def _client(number: int, target: Target, until: float, every_s: float | None) -> list[tuple[int, float]]:
    """Posts alerts one after the other; at a fixed rate, the wait counts from when a post was due."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    answers: list[tuple[int, float]] = []
    due = time.perf_counter() + (every_s or 0.0) * number / CLIENTS
    while due < until and time.perf_counter() < until + LATE_S:
        if every_s is not None:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        begun = due if every_s is not None else time.perf_counter()
        writer.write(_request(target, _alert(number, len(answers))))
        status = await _status(reader)
        ended = time.perf_counter()
        answers.append((status, ended - begun))
        due = due + every_s if every_s is not None else ended
    writer.close()
    await writer.wait_closed()
    return answers


def _request(target: Target, body: bytes) -> bytes:
    head = (
        f"POST /alerts HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: Bearer {target.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


async def _status(reader: asyncio.StreamReader) -> int:
    """Reads one answer with a Content-Length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(int(length.partition(":")[2]))
    return int(head.split(" ", 2)[1])


def _alert(client: int, number: int) -> bytes:
    """A Wazuh alert about 900 bytes long that nobody sent before."""
    address = f"10.{client}.{number // 250 % 250}.{number % 250}"
    return json.dumps(
        {
            "timestamp": f"2026-11-18T07:{number // 60 % 60:02d}:{number % 60:02d}.005+0000",
            "rule": {
                "level": 5,
                "description": "sshd: authentication failed.",
                "id": "5760",
                "mitre": {"id": ["T1110.001"], "tactic": ["Credential Access"], "technique": ["Password Guessing"]},
                "firedtimes": number,
                "groups": ["syslog", "sshd", "authentication_failed"],
            },
            "agent": {"id": f"{client:03d}", "name": f"host-{client}", "ip": f"10.200.0.{client}"},
            "manager": {"name": "wazuh-manager"},
            "id": f"1795075111.{client}.{number}",
            "full_log": f"Nov 18 07:00:00 host-{client} sshd[{number}]: Failed password for root from {address}",
            "predecoder": {"program_name": "sshd", "hostname": f"host-{client}"},
            "decoder": {"parent": "sshd", "name": "sshd"},
            "data": {"srcip": address, "srcport": "4711", "dstuser": "root"},
            "location": "/var/log/auth.log",
        }
    ).encode()


async def _start(home: Path, *command: str) -> Process:
    rates = {"MCPSOC_API_RATE_PER_S": "100000", "MCPSOC_API_BURST": "100000", "MCPSOC_INBOX_MAX_WAITING": "10000000"}
    environment = {**os.environ, "MCPSOC_HOME": str(home), **rates}
    with (home / f"{command[0]}.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(sys.executable, "-m", "ui", *command, env=environment, stderr=log)


async def _end(process: Process) -> None:
    """Ask it to end, and wait until it has."""
    if process.returncode is None:
        process.terminate()
    async with asyncio.timeout(END_S):
        await process.wait()


async def _ready(port: int, process: Process) -> None:
    until = time.monotonic() + START_S
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        while time.monotonic() < until:
            if process.returncode is not None:
                raise EvalError(f"the API ended with {process.returncode} before it served anybody")
            try:
                if (await client.get("/health")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    raise EvalError(f"the API did not start within {START_S:.0f} s")


def _kept(home: Path) -> int:
    inbox = Inbox(home / "work.db")
    counts = inbox.counts("site")
    inbox.close()
    return counts.queued + counts.working + counts.done + counts.failed


def _rss_mib(process: int) -> float:
    """Resident memory, as Linux tells it."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / KIB, 1)


def _cpu_s(process: int) -> float:
    """Processor time used so far, as Linux tells it: says more than the rate on a machine that others use as well."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _quantile_ms(waits: Sequence[float], part: float) -> float:
    """Of sorted waits; the nearest rank."""
    if not waits:
        return math.nan
    return round(1000 * waits[max(0, math.ceil(part * len(waits)) - 1)], 1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description="Durable alerts a second over HTTP.")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    loads = [
        Load(f"{name}{', worker running' if worker else ''}", given.clients, given.seconds, per_s, worker)
        for worker in (False, True)
        for name, per_s in (("as fast as possible", None), (f"{PACED_PER_S:.0f} a second", PACED_PER_S))
    ]
    runs: list[JsonObject] = [asyncio.run(measure(load)) for load in loads]
    json.dump(
        {"benchmark": "intake", "cores": os.cpu_count(), "runs": [dict(run) for run in runs]}, sys.stdout, indent=2
    )
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
