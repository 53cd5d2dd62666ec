"""The host: connects every server side by side, hands out read doors, shows and accepts tool definitions.

async with Host(connections, settings=settings, pins=PinStore(settings.pins_path)) as host:
    door = host.read_door(world="lab", ledger=ledger, clock=lab.now)
    evidence = await door.read("siem__siem_list_alerts", {})
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from types import TracebackType
from typing import Self

from agent.errors import HostError, NameRefusedError
from agent.host.connections import AnyConnection
from agent.host.link import Link, LinkState, Patience
from agent.host.pins import PERSON, PinChange, PinStore
from agent.host.read import Budget, EvidenceLedger, ReadDoor
from agent.host.registry import Kind, Registry, bundled_registry
from agent.host.switchboard import Entry, Standing, Switchboard
from agent.host.tools import check_server_name
from agent.models import Backend, JsonObject, World, utc_now
from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class ToolStatus:
    """One tool as an operator or a brain may see it; description and schema are the accepted ones, or none."""

    name: str
    """Full name."""
    kind: Kind | None
    standing: Standing
    problem: str
    description: str
    input_schema: JsonObject


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server as an operator sees it."""

    name: str
    state: LinkState
    ready: bool
    """Whether it is connected and what is behind it answered when its health was last asked."""
    problem: str | None
    backend: Backend | None
    trusted: bool
    bundled: bool
    tools: tuple[ToolStatus, ...]


class Host:
    """All connected servers. A server that is missing, dead or hanging costs its own answers and nothing else."""

    def __init__(
        self,
        connections: Sequence[AnyConnection],
        *,
        settings: Settings,
        pins: PinStore,
        clock: Callable[[], datetime] = utc_now,
        registry: Registry | None = None,
        close_within_s: float = 5.0,
    ) -> None:
        """`clock` dates the evidence of doors that bring none of their own; `registry` is the shipped one by default.
        A session that is not closed after `close_within_s` seconds is cut off.

        Raises: NameRefusedError for a name that is taken or breaks the rules."""
        names = [check_server_name(connection.name) for connection in connections]
        if twice := {name for name in names if names.count(name) > 1}:
            raise NameRefusedError(f"two servers are called {', '.join(sorted(twice))}")
        self.settings = settings
        self._clock = clock
        self._close_within_s = close_within_s
        table = bundled_registry() if registry is None else registry
        product = f"mcpsoc {version('mcpsoc')}"
        self._switchboard = Switchboard(table, pins, product, settings.max_answer_chars)
        self._connections = tuple(connections)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start every server; returns when each has listed its tools or failed to."""
        settings = self.settings
        patience = Patience(
            start_s=settings.start_timeout_s,
            call_s=settings.read_timeout_s,
            reconnect_first_s=settings.reconnect_first_s,
            reconnect_most_s=settings.reconnect_most_s,
        )
        for connection in self._connections:
            link = Link(connection, patience, self._switchboard.publish)
            self._switchboard.links[connection.name] = link
            self._tasks.append(asyncio.create_task(link.run(), name=f"server {connection.name}"))
        await asyncio.gather(*(link.settled() for link in self._switchboard.links.values()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every session, each in its own task."""
        for link in self._switchboard.links.values():
            link.stop()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._close_within_s)
        for task in late:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        bugs = [result for result in results if isinstance(result, Exception)]
        self._tasks.clear()
        if bugs and error is None:
            raise bugs[0]

    def read_door(
        self,
        *,
        world: World,
        ledger: EvidenceLedger,
        clock: Callable[[], datetime] | None = None,
        budget: Budget | None = None,
    ) -> ReadDoor:
        """The reads of one case.

        `clock` is the case's clock: lab time for the lab, wall time for a site; the host's own by default. `budget` is
        that of one investigation by the settings; pass another for work that is none, such as draining a queue."""
        settings = self.settings
        return ReadDoor(
            self._switchboard,
            world=world,
            ledger=ledger,
            clock=clock or self._clock,
            budget=budget or Budget(settings.max_calls, settings.max_seconds),
            concurrency=settings.concurrency,
            timeout_s=settings.read_timeout_s,
        )

    def servers(self) -> tuple[ServerStatus, ...]:
        """Every server with its tools, in the order they were given."""
        tools: dict[str, list[ToolStatus]] = {}
        for entry in self._switchboard.entries():
            tools.setdefault(entry.tool.server, []).append(_tool_status(entry))
        unready = self._switchboard.unready
        return tuple(
            ServerStatus(
                name=name,
                state=link.state,
                ready=link.state == "ready" and name not in unready,
                problem=link.problem if link.state != "ready" else unready.get(name),
                backend=self._switchboard.backend(link),
                trusted=link.connection.trusted,
                bundled=link.connection.bundled,
                tools=tuple(tools.get(name, ())),
            )
            for name, link in self._switchboard.links.items()
        )

    async def look_again(self) -> None:
        """Ask the health of every connected server: a product may have gone since."""
        await self._switchboard.ask_health_again()

    def reads(self, world: World) -> tuple[ToolStatus, ...]:
        """The tools that a read door of that world can reach."""
        return tuple(
            _tool_status(entry)
            for entry in self._switchboard.entries()
            if entry.kind == "read" and entry.standing == "usable" and self._of_world(entry, world)
        )

    def diff(self) -> list[PinChange]:
        """Every tool definition that is new or has changed, and what differs."""
        return self._switchboard.changes()

    async def accept(self, server: str, tools: Sequence[str] | None = None, by: str = PERSON) -> list[str]:
        """Accept the present definitions of a server's tools (bare names; all by default); gives their full names.

        Raises: HostError when there is no such server or tool, or the server never listed any; PinError."""
        listed = {entry.tool.name: entry.tool for entry in self._switchboard.entries() if entry.tool.server == server}
        if not listed:
            raise HostError(f"{server!r} has listed no tools")
        if unknown := set(tools or ()) - set(listed):
            raise HostError(f"{server} has no tool {', '.join(sorted(unknown))}")
        chosen = [tool for name, tool in listed.items() if tools is None or name in tools]
        await self._switchboard.accept(chosen, by)
        return [tool.full_name for tool in chosen]

    async def ready(self, server: str) -> None:
        """Wait until a server is connected (again)."""
        await self._switchboard.links[server].settled("ready", "stopped")

    def _of_world(self, entry: Entry, world: World) -> bool:
        neutral = self._switchboard.rules(entry.link).world_neutral
        return neutral or self._switchboard.backend(entry.link) in (None, "embedded" if world == "lab" else "real")


def _tool_status(entry: Entry) -> ToolStatus:
    accepted = entry.standing == "usable"
    return ToolStatus(
        name=entry.tool.full_name,
        kind=entry.kind,
        standing=entry.standing,
        problem=entry.problem,
        description=entry.tool.description if accepted else "",
        input_schema=entry.tool.input_schema if accepted else {},
    )
