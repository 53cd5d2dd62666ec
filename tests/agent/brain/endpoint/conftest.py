"""A played endpoint, and clients of it that do not wait."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from agent.brain.endpoint.client import HttpEndpoint
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings
from agent.brain.endpoint.testing import PlayedEndpoint, Reply

KEY = "sk-canary-0123456789abcdef"
Opened = Callable[..., HttpEndpoint]


@pytest.fixture
def played() -> Iterator[PlayedEndpoint]:
    """An endpoint that says hello until a test gives it another player."""
    with PlayedEndpoint(lambda _: Reply("hello")) as endpoint:
        yield endpoint


@pytest.fixture
def pauses() -> list[float]:
    """Every pause that a client of `opened` made, in seconds; none is really made."""
    return []


@pytest.fixture
async def opened(played: PlayedEndpoint, pauses: list[float]) -> AsyncIterator[Opened]:
    """A client of the played endpoint, with these settings."""
    made: list[HttpEndpoint] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    def opened(timeout_s: float = 5, url: str = "", key: str | None = KEY, **given: Any) -> HttpEndpoint:
        endpoint = EndpointSettings(base_url=url or played.url, api_key=key)
        made.append(HttpEndpoint(endpoint, ModelSettings(**given), "m", timeout_s, sleep=pause))
        return made[-1]

    yield opened
    for client in made:
        await client.aclose()
