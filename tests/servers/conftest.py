"""Real sessions with servers in this process."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from mcp import ClientSession

from servers.kit import SecurityServer

Connect = Callable[[SecurityServer], AbstractAsyncContextManager[ClientSession]]


@asynccontextmanager
async def _connect(server: SecurityServer) -> AsyncIterator[ClientSession]:
    async with server.transport() as (reader, writer), ClientSession(reader, writer) as session:
        await session.initialize()
        yield session


@pytest.fixture
def connect() -> Connect:
    """Opens a session over the in-memory transport."""
    return _connect
