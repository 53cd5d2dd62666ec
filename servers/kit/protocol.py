"""The Model Context Protocol side of a server: the only place of the servers that imports mcp.

Arguments are checked by the kit against the very models the published schemas come from, so the library's own check,
which compiles the schema anew on every call, is not in the way.
"""

import io
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import anyio
import anyio.lowlevel
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import McpError, types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import RequestBodyLimitMiddleware, StreamableHTTPSessionManager
from mcp.shared.message import SessionMessage
from pydantic import AnyUrl, JsonValue
from starlette.applications import Starlette
from starlette.routing import Route

from servers.errors import ConfigurationError
from servers.kit.access import LOOPBACK, NOBODY_ELSE, Access
from servers.kit.admission import AtMost, Readable
from servers.kit.answer import JsonObject
from servers.kit.ending import Input, in_order
from servers.kit.guarded import guarded

Reader: TypeAlias = MemoryObjectReceiveStream[SessionMessage | Exception]
Writer: TypeAlias = MemoryObjectSendStream[SessionMessage]
Streams: TypeAlias = tuple[Reader, Writer]
Wire: TypeAlias = "Server[dict[str, object], object]"
Beside: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
VERSION = "0.1.0"
MOST_BODY_BYTES = 4 * 1024 * 1024
"""What one request over HTTP may hold."""
_RESOURCE_NOT_FOUND = -32002


@dataclass(frozen=True, slots=True)
class Sessions:
    """What sessions over HTTP may take of this machine."""

    most: int = 1_000
    """At once; each takes about 65 kB. A further one is told to come back."""
    idle_s: float = 600.0
    """Seconds after which one without a request or an open stream is closed; its client begins a new one."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What a client may be told of a tool beyond its schemas; no part of a pin."""

    destructive: bool = False
    """Whether it does more than add something."""
    idempotent: bool = True
    """Whether a second call with the same arguments changes nothing more."""
    open_world: bool = False
    """Whether it asks a service outside the operator's own systems."""
    meta: tuple[tuple[str, str | None], ...] = ()
    """Words of ours: risk, undo, expiry."""


@dataclass(frozen=True, slots=True)
class Published:
    """A tool as clients see it; the bytes a pin and a grant are made of."""

    name: str
    description: str
    input_schema: JsonObject
    output_schema: JsonObject
    changes: bool
    hints: Hints = Hints()


class Answer(Protocol):
    """How a call is answered: with an envelope, always. `meta` is what the request carries beside the arguments."""

    def __call__(
        self, name: str, arguments: Mapping[str, JsonValue], *, meta: Mapping[str, JsonValue]
    ) -> Awaitable[JsonObject]: ...


def wire(
    name: str,
    instructions: str,
    tools: Sequence[Published],
    answer: Answer,
    health: Callable[[], Awaitable[JsonObject]],
) -> Wire:
    """A protocol server for these tools, with the resource `health://<name>`."""
    server: Wire = Server(name, VERSION, instructions or None)
    listed = types.ServerResult(types.ListToolsResult(tools=[_listed(tool) for tool in tools]))
    uri = AnyUrl(f"health://{name}")
    resource = types.Resource(uri=uri, name=f"{name}_health", mimeType="application/json")

    async def list_tools(_: types.ListToolsRequest) -> types.ServerResult:
        return listed

    async def call_tool(request: types.CallToolRequest) -> types.ServerResult:
        params = request.params
        extra = (params.meta.model_extra or {}) if params.meta else {}
        envelope = await answer(params.name, params.arguments or {}, meta=extra)
        await _still_wanted()
        return types.ServerResult(_result(envelope))

    async def list_resources(_: types.ListResourcesRequest) -> types.ServerResult:
        return types.ServerResult(types.ListResourcesResult(resources=[resource]))

    async def read_resource(request: types.ReadResourceRequest) -> types.ServerResult:
        if str(request.params.uri) != str(uri):
            raise McpError(types.ErrorData(code=_RESOURCE_NOT_FOUND, message="no such resource"))
        text = json.dumps(await health())
        await _still_wanted()
        content = types.TextResourceContents(uri=uri, mimeType="application/json", text=text)
        return types.ServerResult(types.ReadResourceResult(contents=[content]))

    server.request_handlers[types.ListToolsRequest] = list_tools
    server.request_handlers[types.CallToolRequest] = call_tool
    server.request_handlers[types.ListResourcesRequest] = list_resources
    server.request_handlers[types.ReadResourceRequest] = read_resource
    return server


@asynccontextmanager
async def in_memory(server: Wire) -> AsyncIterator[Streams]:
    """The client's end of a connection inside this process."""
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](8)
    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](8)
    async with to_client, from_server, to_server, from_client, anyio.create_task_group() as group:
        group.start_soon(_serve, server, from_client, to_client)
        try:
            yield from_server, to_server
        finally:
            group.cancel_scope.cancel()


async def _still_wanted() -> None:
    """End a request that was cancelled while it could not be stopped: the library has answered it already, and a second
    answer would end the whole server."""
    await anyio.lowlevel.checkpoint_if_cancelled()


async def over_stdio(server: Wire, beside: Beside) -> None:
    """Serve standard input and output until the client closes them or SIGTERM comes. A change under way is settled
    and recorded before this returns.

    `beside` is entered while the server runs."""
    with closing(Input(sys.stdin.fileno())) as source:
        lines = anyio.wrap_file(io.TextIOWrapper(io.BufferedReader(source), encoding="utf-8", errors="replace"))
        async with in_order(source.end), beside(), stdio_server(stdin=lines) as (reader, writer):
            await _serve(server, reader, writer)


def http_app(
    server: Wire,
    beside: Beside,
    access: Access = NOBODY_ELSE,
    address: str = LOOPBACK[0],
    sessions: Sessions = Sessions(),
) -> Starlette:
    """The application with the endpoint `/mcp`, for a listener bound to `address`; `access` says who is let in.

    `beside` is entered while the application runs."""
    manager = StreamableHTTPSessionManager(
        server,
        json_response=True,
        max_request_body_size=MOST_BODY_BYTES,
        session_idle_timeout=sessions.idle_s,
        max_sessions=sessions.most,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with beside(), manager.run():
            yield

    read = RequestBodyLimitMiddleware(Readable(manager.handle_request), MOST_BODY_BYTES)
    endpoint = guarded(AtMost(read), access, address)
    return Starlette(routes=[Route("/mcp", endpoint=endpoint)], lifespan=lifespan)


async def over_http(server: Wire, beside: Beside, host: str, port: int, access: Access = NOBODY_ELSE) -> None:
    """Serve streamable HTTP until cancelled, or a signal comes. A change under way is settled and recorded first.

    Raises: ConfigurationError for an address that cannot be bound, or one off loopback while no token is asked for."""
    access.check_address(host)
    from servers.kit.web import Web

    app = http_app(server, beside, access, host)
    with _bound(host, port) as listener:
        await Web(app).run_on(listener)


def _bound(host: str, port: int) -> socket.socket:
    """A listener of TCP by name: only then are answers sent at once, rather than when the one before has arrived."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


async def _serve(server: Wire, reader: Reader, writer: Writer) -> None:
    await server.run(reader, writer, server.create_initialization_options())


def _listed(tool: Published) -> types.Tool:
    hints = types.ToolAnnotations(
        readOnlyHint=not tool.changes,
        destructiveHint=tool.hints.destructive,
        idempotentHint=tool.hints.idempotent,
        openWorldHint=tool.hints.open_world,
    )
    return types.Tool(
        name=tool.name,
        description=tool.description,
        inputSchema=tool.input_schema,
        outputSchema=tool.output_schema,
        annotations=hints,
        _meta={"mcpsoc/class": "change" if tool.changes else "read", **dict(tool.hints.meta)},
    )


def _result(envelope: JsonObject) -> types.CallToolResult:
    failed = envelope["status"] in ("error", "refused")
    content = types.TextContent(type="text", text=str(envelope["summary"]))
    return types.CallToolResult(content=[content], structuredContent=envelope, isError=failed)
