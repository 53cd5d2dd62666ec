"""Who started what on this machine: what runs now, and with an audit log what ran before."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from servers.endpoint.local.auditlog import AuditLog, Started
from servers.endpoint.local.machine import SENSOR, Here
from servers.endpoint.local.processes import Proc, plain, snapshot
from servers.endpoint.models import Processes
from servers.errors import ToolError
from servers.kit import Problem, Reply, paged
from servers.kit.answer import JsonObject
from servers.kit.ecs import Process
from servers.kit.envelope import iso

_SHA256: Final = re.compile("[0-9a-fA-F]{64}")
_DEEPEST: Final = 64
UNSEEN: Final = Problem(
    "not_covered", "only processes that run now are known", "absence proves nothing here; MCPSOC_ENDPOINT_AUDIT_LOG"
)


@dataclass(frozen=True, slots=True)
class LocalProcesses:
    """Processes of this machine."""

    here: Callable[[], Here]
    now: Callable[[], datetime]
    audit: AuditLog | None

    def tree(
        self, host: str, process_id: str, at: datetime, minutes: int, limit: int, cursor: str | None
    ) -> Reply[Processes]:
        """From what runs and what the audit log holds."""
        here = self.here()
        here.check(host)
        if _SHA256.fullmatch(process_id):
            raise ToolError("not_offered", "processes are not known by hash here", "give the path or the entity id")
        window = (at - timedelta(minutes=minutes), at + timedelta(minutes=minutes))
        live = snapshot()
        family = _Family([*live, *self._ended(live)])
        page = paged(family.tree(process_id, at, window), limit, cursor)
        return page.reply(
            Processes(processes=[Process({**family.event(p, here.name), "depth": d}) for d, p in page.rows]),
            f"{len(page.rows)} of {page.total} processes",
            sensor=SENSOR,
            query=f"tree of one process within {minutes} min of {iso(at)}",
            observed_at=self.now(),
            stale=self._unseen(live, window),
        )

    def _ended(self, live: Sequence[Proc]) -> Iterator[Proc]:
        """Programs of the audit log that are not what their process runs now."""
        running = {process.pid: process for process in live}
        for start in () if self.audit is None else self.audit.started():
            now = running.get(start.pid)
            if now is None or start.time < now.started - timedelta(seconds=1) or start.exe != now.image:
                yield _recorded(start)

    def _unseen(self, live: Sequence[Proc], window: tuple[datetime, datetime]) -> Problem | None:
        if self.audit is None:
            return UNSEEN
        if any(process.hidden for process in live):
            return Problem("not_covered", "this account may not see all processes", "see the server's least privilege")
        return self.audit.blind_spot(*window, self.now())


def _recorded(start: Started) -> Proc:
    return Proc(
        pid=start.pid,
        parent=start.parent,
        started=start.time,
        name=start.name,
        exe=start.exe,
        command_line=start.command_line,
        uid=start.uid,
        user=None if start.uid is None else user_name(start.uid),
        cwd=start.cwd,
    )


def user_name(uid: int) -> str | None:
    """The account of a number."""
    import pwd

    try:
        return plain(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return None


class _Family:
    """Processes with who started whom."""

    def __init__(self, nodes: Iterable[Proc]) -> None:
        self.nodes = sorted(nodes, key=lambda node: node.started)
        self._by_pid: dict[int, list[Proc]] = {}
        for node in self.nodes:
            self._by_pid.setdefault(node.pid, []).append(node)

    def parent(self, child: Proc) -> Proc | None:
        """What ran under the parent's pid when the child started."""
        candidates = self._by_pid.get(child.parent, [])
        place = bisect_right(candidates, child.started, key=lambda node: node.started)
        return next((node for node in reversed(candidates[:place]) if node.entity != child.entity), None)

    def tree(self, process_id: str, at: datetime, window: tuple[datetime, datetime]) -> list[tuple[int, Proc]]:
        """The process nearest to `at` that is meant, with all above it and, of the window, all below it."""
        meant = [node for node in self.nodes if process_id in (node.entity, node.image)]
        if not meant:
            return []
        root = min(meant, key=lambda node: abs(node.started - at))
        found = [(0, root), *self._above(root), *self._below(root, window)]
        return sorted(found, key=lambda each: (each[0], each[1].started))

    def event(self, process: Proc, host: str) -> JsonObject:
        """One process with its parent, in ECS fields."""
        event = process.event(host)
        if (parent := self.parent(process)) is not None:
            event["process.parent.entity_id"] = parent.entity
            told = {"process.parent.executable": parent.image, "process.parent.command_line": parent.command_line}
            event |= {name: value for name, value in told.items() if value}
        return event

    def _above(self, root: Proc) -> Iterator[tuple[int, Proc]]:
        above = self.parent(root)
        for depth in range(1, _DEEPEST):
            if above is None:
                return
            yield -depth, above
            above = self.parent(above)

    def _below(self, root: Proc, window: tuple[datetime, datetime]) -> Iterator[tuple[int, Proc]]:
        children: dict[str, list[Proc]] = {}
        for node in self.nodes:
            if (parent := self.parent(node)) is not None:
                children.setdefault(parent.entity, []).append(node)
        layer, seen = [root], {root.entity}
        for depth in range(1, _DEEPEST):
            layer = [child for node in layer for child in children.get(node.entity, ()) if child.entity not in seen]
            seen |= {child.entity for child in layer}
            yield from ((depth, child) for child in layer if window[0] <= child.started <= window[1])
