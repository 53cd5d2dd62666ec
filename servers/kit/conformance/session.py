"""A client in this process, over the in-memory transport."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
from mcp import ClientSession, McpError, types
from pydantic import JsonValue

from servers.kit import protocol
from servers.kit.answer import JsonObject
from servers.kit.server import SecurityServer

_FIRST_CALL = 1
"""Id of the first request after `initialize`."""


class Client:
    """One session. Answers are given as they come: nothing is checked on the way."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def listed(self) -> list[JsonObject]:
        """The tools as this session sees them."""
        return [tool.model_dump(mode="json", by_alias=True) for tool in (await self._session.list_tools()).tools]

    async def call(
        self, name: str, arguments: Mapping[str, JsonValue], meta: Mapping[str, JsonValue] | None = None
    ) -> JsonObject:
        """The envelope of one call; empty where the server gave none."""
        extra = types.RequestParams.Meta.model_validate(meta) if meta else None
        params = types.CallToolRequestParams(name=name, arguments=dict(arguments), _meta=extra)
        request = types.ClientRequest(types.CallToolRequest(params=params))
        return (await self._session.send_request(request, types.CallToolResult)).structuredContent or {}

    async def call_and_cancel(self, name: str, arguments: Mapping[str, JsonValue], began: anyio.Event) -> None:
        """Make the first call of this session and take it back as soon as it began, answered or not."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._unheard, name, arguments)
            await began.wait()
            params = types.CancelledNotificationParams(requestId=_FIRST_CALL, reason="not needed any more")
            note = types.CancelledNotification(params=params)
            await self._session.send_notification(types.ClientNotification(note))

    async def _unheard(self, name: str, arguments: Mapping[str, JsonValue]) -> None:
        try:
            await self.call(name, arguments)
        except McpError:
            return


@asynccontextmanager
async def connected(server: SecurityServer) -> AsyncIterator[Client]:
    """A client that is connected to this server."""
    async with server.transport() as (reader, writer), ClientSession(reader, writer) as session:
        await session.initialize()
        yield Client(session)


@asynccontextmanager
async def watched_by(server: SecurityServer, began: anyio.Event) -> AsyncIterator[Client]:
    """A client of this server; `began` is set when the server starts on a call."""

    async def answer(name: str, arguments: Mapping[str, JsonValue], *, meta: Mapping[str, JsonValue]) -> JsonObject:
        began.set()
        return await server.call(name, arguments, meta=meta)

    wire = protocol.wire(server.name, "", server.published, answer, server.health)
    async with protocol.in_memory(wire) as (reader, writer), ClientSession(reader, writer) as session:
        await session.initialize()
        yield Client(session)
