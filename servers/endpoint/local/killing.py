"""Ending one process: exactly the one that started then, through a handle that no other process can take over.

Source: pidfd_open(2), pidfd_send_signal(2), signal(7).
"""

import os
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from servers.endpoint.local.machine import Here
from servers.endpoint.local.processes import Proc, is_kernel_thread, kin, one, snapshot, unit_of
from servers.endpoint.models import Killed
from servers.errors import NotFoundError, RefusedError, ToolError
from servers.kit import Hit, Plan, Reply
from servers.kit.envelope import iso

_WAIT_MS: Final = 5_000
_GONE: Final = NotFoundError(
    "no such process runs: it ended, or another one has its pid now", "pid and started as endpoint_process_tree says"
)


@dataclass(frozen=True, slots=True)
class LocalKilling:
    """Processes of this machine."""

    here: Callable[[], Here]
    protected: Sequence[str]
    """Programs and units, as shell patterns, that are never ended."""

    def plan(self, host: str, pid: int, started: datetime) -> Plan:
        """The process, how many it leaves behind, and what forbids it."""
        self.here().check(host)
        process = _found(pid, started)
        running = snapshot()
        below = sum(each.parent == pid for each in running)
        who = "no known account" if process.uid is None else f"uid {process.uid}"
        return Plan(
            target=f"{self.here().name} {process.entity}",
            blast_radius=f"1 process of {who} with {below} children ends at once; irreversible, unsaved data is lost",
            hits=tuple(self._hits(process, running)),
        )

    def kill(self, host: str, pid: int, started: datetime) -> Reply[Killed]:
        """SIGKILL, and a short wait for the end. Raises: NotFoundError, ToolError, RefusedError."""
        self.here().check(host)
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            raise _GONE from None
        try:
            process = _found(pid, started)
            for hit in self._hits(process, snapshot()):
                raise RefusedError(f"{hit.guard}: {hit.why}", "no grant opens it", "protected_target")
            ended = _ended(handle)
        finally:
            os.close(handle)
        data = Killed(pid=pid, started=iso(process.started), change="killed" if ended else "still ending")
        return Reply(data, f"1 process {data.change}")

    def gone(self, host: str, pid: int, started: datetime) -> bool:
        """Asked of the system afresh."""
        self.here().check(host)
        return one(pid, started) is None

    def _hits(self, process: Proc, running: list[Proc]) -> Iterator[Hit]:
        if process.pid == 1:
            yield Hit("first_process", "the machine ends with it")
        elif process.pid in kin(running, os.getpid()):
            yield Hit("own_process", "this server, what started it, or what it started")
        if is_kernel_thread(process.pid):
            yield Hit("kernel_thread", "it is part of the kernel")
        if self._named(process):
            yield Hit("protected_process", "MCPSOC_ENDPOINT_PROTECTED_PROCESSES names it")

    def _named(self, process: Proc) -> bool:
        """By the file of its program and by its unit; what a process calls itself proves nothing, so that alone never
        protects it, unless its program is hidden from us."""
        names = {PurePosixPath(process.image).name, process.image, unit_of(process.pid)} - {""}
        if not process.image:
            names.add(process.name)
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.protected)


def _found(pid: int, started: datetime) -> Proc:
    if (process := one(pid, started)) is None:
        raise _GONE
    return process


def _ended(handle: int) -> bool:
    """Whether it ended in time. Raises: NotFoundError, ToolError."""
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        raise _GONE from None
    except PermissionError:
        raise ToolError("forbidden", "this account may not end it", "the server needs CAP_KILL") from None
    watch = select.poll()
    watch.register(handle, select.POLLIN)
    return bool(watch.poll(_WAIT_MS))
