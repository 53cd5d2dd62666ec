"""Real sessions with servers in this process."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from mcp import ClientSession

from servers.kit import SecurityServer
from tests.labs import lab_at

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


@pytest.fixture(scope="session")
def whole_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with every story, to read only."""
    return lab_at(tmp_path_factory.mktemp("lab") / "lab.db", 11)


@pytest.fixture
def own_lab(whole_lab: Path, tmp_path: Path) -> Path:
    """A copy of the lab that a test may change."""
    path = tmp_path / "lab.db"
    shutil.copy(whole_lab, path)
    return path


@pytest.fixture(scope="session")
def public_data_if_any(request: pytest.FixtureRequest) -> Path | None:
    """Folder of the public data sets; None on a machine without them."""
    try:
        return Path(request.getfixturevalue("public_data"))
    except pytest.skip.Exception:
        return None
