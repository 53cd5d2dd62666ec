"""A simulated Wazuh manager on loopback; each exchange with it is held against the published document."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from servers.endpoint.wazuh.client import Wazuh
from servers.endpoint.wazuh.hosts import WazuhHosts, over
from servers.endpoint.wazuh.settings import WazuhSettings
from servers.endpoint.wazuh.simulator import World, simulator
from servers.kit import SecurityServer
from servers.kit.conditions import EVERYTHING
from servers.kit.http import Http
from tests.servers.endpoint.wazuh.published import Published
from tests.servers.serving import Door, served

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
def published(public_data_if_any: Path | None) -> Published | None:
    """The published document; None on a machine without the public data."""
    if public_data_if_any is None:
        return None
    return Published.load(public_data_if_any / "contracts" / "wazuh-api-spec.yaml.gz")


@pytest.fixture(scope="session")
def door() -> Iterator[tuple[Door, str]]:
    """A socket for all tests."""
    door = Door()
    with served(door) as url:
        yield door, url


@pytest.fixture
def site(door: tuple[Door, str], published: Published | None) -> Iterator[Site]:
    """The manager, served; afterwards every exchange must be one that the published document allows."""
    leads, url = door
    world = World()
    leads.app = simulator(world)
    yield Site(world, url)
    if published is not None:
        assert [wrong for each in world.recorded for wrong in published.wrong(each)] == []
