"""A simulated Wazuh manager on loopback; each exchange with it is held against the published document."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from servers.endpoint.wazuh.client import Wazuh
from servers.endpoint.wazuh.hosts import WazuhHosts, over
from servers.endpoint.wazuh.settings import WazuhSettings
from servers.endpoint.wazuh.simulator import World, simulator
from servers.kit import SecurityServer
from servers.kit.conditions import EVERYTHING
from servers.kit.http import Http
from tests.servers.endpoint.wazuh.published import Published

NOW = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Site:
    """One simulated manager that is served."""

    world: World
    url: str

    def manager(self, password: str = "reader-canary-93") -> Wazuh:
        """A client of it. Settings take https alone; TLS is tested where the HTTP client is."""
        auth = ("reader", SecretStr(password))
        return Wazuh(Http(self.url, product="Wazuh"), Http(self.url, product="Wazuh", auth=auth))

    def server(self, password: str = "reader-canary-93") -> SecurityServer:
        """The endpoint server over it."""
        settings = WazuhSettings(user="reader", password=SecretStr(password))
        return over(WazuhHosts(self.manager(password), timedelta(minutes=30), lambda: NOW), settings, EVERYTHING)


@pytest.fixture(scope="session")
def published(request: pytest.FixtureRequest) -> Published | None:
    """The published document; None on a machine without the public data."""
    try:
        folder = request.getfixturevalue("public_data")
    except pytest.skip.Exception:
        return None
    return Published.load(folder / "contracts" / "wazuh-api-spec.yaml.gz")


class Door:
    """What is served: the manager of the test that runs, or one that breaks off."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Door, str]]:
    """A socket for all tests; no connection outlives its request, so that it can be closed."""
    door = Door()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(door, log_level="critical", lifespan="off", headers=[("connection", "close")])
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield door, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()
    assert not thread.is_alive()


@pytest.fixture
def site(served: tuple[Door, str], published: Published | None) -> Iterator[Site]:
    """The manager, served; afterwards every exchange must be one that the published document allows."""
    door, url = served
    world = World()
    door.app = simulator(world)
    yield Site(world, url)
    if published is not None:
        assert [wrong for each in world.recorded for wrong in published.wrong(each)] == []
