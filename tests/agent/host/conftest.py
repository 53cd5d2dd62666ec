"""Small real MCP servers that behave as well or as badly as a test wants, and a host over them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.shared.memory import create_client_server_memory_streams

from agent.evidence.ledger import Ledger
from agent.host import Connection, Host, PinStore
from agent.host.read import Budget, ReadDoor
from agent.host.registry import ServerRules
from agent.settings import Settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OPEN = {"type": "object"}
Handler = Callable[[dict[str, Any], dict[str, Any]], Awaitable[dict[str, Any] | types.CallToolResult]]


def result(structured: dict[str, Any] | None = None, *texts: str, failed: bool = False) -> types.CallToolResult:
    """A tool result as a server sends it."""
    content = [types.TextContent(type="text", text=text) for text in texts]
    return types.CallToolResult(content=content, structuredContent=structured, isError=failed)


def envelope(data: Any, **changes: Any) -> dict[str, Any]:
    """An envelope of servers/kit around `data`; `source` keys may be given by name."""
    source = {"server": "x", "backend": "embedded", "sensor": "edr", "query": None, "time": "t", "synthetic": True}
    source |= {key: changes.pop(key) for key in list(changes) if key in source}
    whole = {
        "ok": True,
        "status": "success",
        "summary": "1 row",
        "data": data,
        "source": source,
        "untrusted": [],
        "truncated": False,
        "total": None,
        "next_cursor": None,
        "error": None,
    }
    return whole | changes


@dataclass
class TinyServer:
    """An MCP server whose tools, descriptions and life a test controls."""

    tools: dict[str, types.Tool] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    sessions: int = 0
    listed_twice: bool = False
    endless: bool = False
    """Its tool list never comes to an end."""
    refuses: bool = False
    """It cannot be opened."""
    mute: bool = False
    """It never answers anything, not even the greeting."""
    _session: Any = None
    _crash: anyio.Event | None = None
    _streams: Any = None

    def tool(self, name: str, handler: Handler | dict[str, Any], **definition: Any) -> "TinyServer":
        """Add a tool that answers with `handler`, or always with that object."""
        definition = {"inputSchema": OPEN, "description": f"Does {name}.", **definition}
        self.tools[name] = types.Tool(name=name, **definition)
        if callable(handler):
            self.handlers[name] = handler
        else:
            fixed = handler

            async def answer(_: dict[str, Any], __: dict[str, Any]) -> dict[str, Any]:
                return fixed

            self.handlers[name] = answer
        return self

    def crash(self) -> None:
        """The process behind the connection blows up."""
        assert self._crash is not None
        self._crash.set()

    async def hang_up(self) -> None:
        """The connection is closed from the server's side."""
        for stream in self._streams:
            await stream.aclose()

    async def announce(self) -> None:
        """Tell the client that the tool list changed."""
        await self._session.send_tool_list_changed()

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[Any]:
        """The client's end of an in-memory connection."""
        if self.refuses:
            raise ConnectionRefusedError("nobody listens")
        self.sessions += 1
        async with create_client_server_memory_streams() as (client, server), anyio.create_task_group() as group:
            self._crash, self._streams = anyio.Event(), server
            if not self.mute:
                group.start_soon(self._serve, *server)
            group.start_soon(self._blow_up)
            yield client
            group.cancel_scope.cancel()

    async def _blow_up(self) -> None:
        assert self._crash is not None
        await self._crash.wait()
        raise RuntimeError("power cut, token=sk-abcdefghijklmnopqrstuv")

    async def _serve(self, reader: Any, writer: Any) -> None:
        server: Server[Any, Any] = Server("tiny", "1")
        server.request_handlers[types.ListToolsRequest] = self._list
        server.request_handlers[types.CallToolRequest] = self._call
        self._context = server
        options = server.create_initialization_options(NotificationOptions(tools_changed=True))
        await server.run(reader, writer, options)

    async def _list(self, request: types.ListToolsRequest) -> types.ServerResult:
        self._session = self._context.request_context.session
        tools = [*self.tools.values()] * (2 if self.listed_twice else 1)
        return types.ServerResult(types.ListToolsResult(tools=tools, nextCursor="more" if self.endless else None))

    async def _call(self, request: types.CallToolRequest) -> types.ServerResult:
        params = request.params
        meta = (params.meta.model_extra or {}) if params.meta else {}
        self.calls.append((params.name, dict(params.arguments or {}), dict(meta)))
        answer = await self.handlers[params.name](params.arguments or {}, meta)
        return types.ServerResult(answer if isinstance(answer, types.CallToolResult) else result(answer))


async def forever(_: dict[str, Any], __: dict[str, Any]) -> dict[str, Any]:
    """A tool that never comes back."""
    await anyio.sleep_forever()
    raise AssertionError


@dataclass
class Kit:
    """What the tests build with."""

    home: Path
    pins: PinStore = field(default_factory=PinStore)
    result = staticmethod(result)
    envelope = staticmethod(envelope)
    forever = staticmethod(forever)
    now = NOW

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the other tasks run until something holds."""
        for _ in range(100_000):
            if holds():
                return
            await anyio.lowlevel.checkpoint()
        raise AssertionError("it never came about")

    def server(self) -> TinyServer:
        """A server without tools."""
        return TinyServer()

    def settings(self, **given: Any) -> Settings:
        """Settings with little patience."""
        quick = {"start_timeout_s": 2, "read_timeout_s": 2, "reconnect_first_s": 0.01, "reconnect_most_s": 0.02}
        return Settings(home=self.home, **(quick | given))

    def connection(self, name: str, server: TinyServer, *, reads: str = "", changes: str = "", **given: Any) -> Any:
        """A connection with these tools registered, names separated by spaces."""
        neutral = given.pop("world_neutral", False)
        rules = ServerRules(reads=tuple(reads.split()), changes=tuple(changes.split()), world_neutral=neutral)
        return Connection(name, server.transport, rules=rules, **given)

    def host(self, *connections: Any, **settings: Any) -> AbstractAsyncContextManager[Host]:
        """A host over these connections."""
        given = settings.pop("settings", None) or self.settings(**settings)
        return Host(connections, settings=given, pins=self.pins, clock=lambda: NOW)

    def door(self, host: Host, world: Any = "lab", budget: Budget | None = None) -> tuple[ReadDoor, Ledger]:
        """A read door and the ledger it writes to."""
        ledger = Ledger()
        return host.read_door(world=world, ledger=ledger, budget=budget), ledger


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """Everything a test of the host builds with."""
    return Kit(tmp_path)
