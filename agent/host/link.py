"""One server: its task opens, initialises and closes the session, follows its tool list, and comes back after a loss.

A session is entered and left in the same task, as its cancel scopes demand; calls come from any task. Whatever the
server does (dies, hangs, floods, answers nonsense), only its own callers see it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Literal, TypeAlias

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from mcp import ClientSession, McpError, types
from mcp.client.session import MessageHandlerFnT
from mcp.shared.session import RequestResponder
from pydantic import ValidationError

from agent.errors import CallTimeoutError, ServerDownError, ServerFailedError
from agent.host.connections import AnyConnection
from agent.host.tools import Tool
from agent.models import JsonObject
from knowledge.trust.masking import mask_secrets

LinkState: TypeAlias = Literal["starting", "ready", "down", "stopped"]
_MOST_TOOLS = 500
_LATE_CALLS = 2
"""Calls without an answer in a row after which the session is given up and opened anew."""
_CLOSED = (ClosedResourceError, BrokenResourceError, EndOfStream)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, in seconds."""

    start_s: float = 15.0
    call_s: float = 30.0
    reconnect_first_s: float = 1.0
    reconnect_most_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Raw:
    """What a call brought back, before anything of it is believed."""

    structured: JsonObject | None
    texts: tuple[str, ...]
    failed: bool
    """The server's own word that the tool failed."""


class Link:
    """The connection to one server. `run` is its task; everything else may be called from any task of the loop."""

    def __init__(
        self,
        connection: AnyConnection,
        patience: Patience,
        on_tools: Callable[["Link", Sequence[Tool]], Awaitable[None]],
    ) -> None:
        self.connection = connection
        self.state: LinkState = "starting"
        self.problem: str | None = None
        """Why there is no session; None while there is one."""
        self.starts = 0
        """How often a session has started."""
        self._patience = patience
        self._on_tools = on_tools
        self._session: ClientSession | None = None
        self._bell = asyncio.Event()
        self._relist = self._lost = self._stopping = False
        self._late = 0
        self._pending: set[asyncio.Timeout] = set()
        self._settled = asyncio.Condition()

    @property
    def name(self) -> str:
        """The server's name."""
        return self.connection.name

    async def run(self) -> None:
        """Keep a session open until `stop`."""
        wait_s = self._patience.reconnect_first_s
        while not self._stopping:
            if await self._one_session():
                wait_s = self._patience.reconnect_first_s
            if not self._stopping:
                await self._rest(wait_s)
                wait_s = min(wait_s * 2, self._patience.reconnect_most_s)
        await self._enter("stopped", "the host is closed")

    def stop(self) -> None:
        """Ask the task to close the session and end."""
        self._stopping = True
        self._bell.set()

    async def settled(self, *states: LinkState) -> None:
        """Wait until the link is in one of these states; without any, until the first start went well or failed."""
        wanted = states or ("ready", "down", "stopped")
        async with self._settled:
            await self._settled.wait_for(lambda: self.state in wanted)

    async def started_again(self, since: int) -> None:
        """Wait until a session has started after the `since`-th, or the link has stopped."""
        async with self._settled:
            await self._settled.wait_for(lambda: self.starts > since or self.state == "stopped")

    async def call(self, tool: str, arguments: JsonObject, timeout_s: float, meta: JsonObject | None = None) -> Raw:
        """Call a tool of this server, by the server's own name for it.

        Raises: ServerDownError, CallTimeoutError, ServerFailedError."""
        if (session := self._session) is None:
            raise ServerDownError(f"{self.name} is not connected: {self.problem or 'starting'}", sent=False)
        request = _request(tool, arguments, meta)
        try:
            async with asyncio.timeout(min(timeout_s, self._patience.call_s)) as deadline:
                self._pending.add(deadline)
                try:
                    result = await session.send_request(request, types.CallToolResult)
                finally:
                    self._pending.discard(deadline)
        except TimeoutError:
            raise self._unanswered(session, timeout_s) from None
        except _CLOSED:
            self._lose(session, "its connection was closed")
            raise ServerDownError(f"{self.name} went away before it was asked", sent=False) from None
        except McpError as error:
            raise self._refused(session, error) from None
        except ValidationError as error:
            raise ServerFailedError(f"{self.name} sent no tool result ({error.error_count()} faults)") from None
        self._late = 0
        return _raw(result)

    def _unanswered(self, session: ClientSession, timeout_s: float) -> ServerDownError | CallTimeoutError:
        if self._session is not session:
            return ServerDownError(f"{self.name} went away while it was asked", sent=True)
        self._late += 1
        if self._late >= _LATE_CALLS:
            self._lose(session, f"{self._late} calls in a row got no answer")
        return CallTimeoutError(f"{self.name} did not answer within {min(timeout_s, self._patience.call_s):.3g} s")

    def _refused(self, session: ClientSession, error: McpError) -> ServerDownError | ServerFailedError:
        if error.error.code == types.CONNECTION_CLOSED:
            self._lose(session, "its connection was closed")
            return ServerDownError(f"{self.name} went away while it was asked", sent=True)
        self._late = 0
        return ServerFailedError(f"{self.name} refused the call: {_short(error.error.message)}")

    async def _one_session(self) -> bool:
        """Open a session and keep it until it is lost or `stop`; True when it had started."""
        started = False
        self._lost = False
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._patience.start_s):
                    session = await stack.enter_async_context(self.connection.session(self._listener()))
                    await session.initialize()
                    self._session, self._late = session, 0
                    await self._publish(session)
                started = True
                self.starts += 1
                await self._enter("ready", None)
                await self._serve(session)
        except Exception as error:
            self.problem = _reason(error, started)
            log.warning("server_lost server=%s problem=%s", self.name, self.problem)
            log.debug("server_lost server=%s", self.name, exc_info=True)
        finally:
            self._abandon()
        await self._enter("down", self.problem or "its connection was closed")
        return started

    async def _serve(self, session: ClientSession) -> None:
        while not self._stopping and not self._lost:
            self._bell.clear()
            if self._relist:
                self._relist = False
                async with asyncio.timeout(self._patience.start_s):
                    await self._publish(session)
            await self._bell.wait()

    async def _publish(self, session: ClientSession) -> None:
        await self._on_tools(self, await self._listed(session))

    async def _listed(self, session: ClientSession) -> list[Tool]:
        tools: list[Tool] = []
        cursor: str | None = None
        while len(tools) < _MOST_TOOLS:
            page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
            tools += [self._tool(item) for item in page.tools]
            if (cursor := page.nextCursor) is None:
                break
        return tools[:_MOST_TOOLS]

    def _tool(self, item: types.Tool) -> Tool:
        return Tool(self.name, item.name, item.description or "", item.inputSchema, item.outputSchema)

    def _listener(self) -> MessageHandlerFnT:
        async def listen(
            message: RequestResponder[types.ServerRequest, types.ClientResult] | types.ServerNotification | Exception,
        ) -> None:
            if isinstance(message, types.ServerNotification) and isinstance(
                message.root, types.ToolListChangedNotification
            ):
                self._relist = True
                self._bell.set()

        return listen

    def _lose(self, session: ClientSession, problem: str) -> None:
        if self._session is session:
            self.problem = problem
            self._lost = True
            self._bell.set()

    def _abandon(self) -> None:
        """Nobody waits for a session that is gone: every pending call ends now."""
        self._session = None
        now = asyncio.get_running_loop().time()
        for deadline in self._pending:
            if not deadline.expired():
                deadline.reschedule(now)
        self._pending.clear()

    async def _enter(self, state: LinkState, problem: str | None) -> None:
        async with self._settled:
            self.state, self.problem = state, problem
            self._settled.notify_all()

    async def _rest(self, seconds: float) -> None:
        """Wait before the next attempt, or until `stop`."""
        self._bell.clear()
        if self._stopping:
            return
        try:
            async with asyncio.timeout(seconds):
                while not self._stopping:
                    await self._bell.wait()
                    self._bell.clear()
        except TimeoutError:
            return


def _request(tool: str, arguments: JsonObject, meta: JsonObject | None) -> types.ClientRequest:
    """Sent as a bare request: the session's own `call_tool` compiles the output schema anew for every answer."""
    carried = None if meta is None else types.RequestParams.Meta.model_validate(meta)
    params = types.CallToolRequestParams(name=tool, arguments=arguments, _meta=carried)
    return types.ClientRequest(types.CallToolRequest(params=params))


def _raw(result: types.CallToolResult) -> Raw:
    texts = tuple(item.text for item in result.content if isinstance(item, types.TextContent))
    return Raw(result.structuredContent, texts, result.isError)


def _reason(error: Exception, started: bool) -> str:
    """One line for people, without values that could be credentials."""
    while isinstance(error, BaseExceptionGroup) and isinstance(error.exceptions[0], Exception):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "stopped listing its tools" if started else "did not start in time"
    detail = _short(str(error))
    return f"{type(error).__name__}: {detail}" if detail else type(error).__name__


def _short(text: str) -> str:
    line = mask_secrets(" ".join(text[:2_000].split()))
    return line if len(line) <= 200 else f"{line[:200]}…"
