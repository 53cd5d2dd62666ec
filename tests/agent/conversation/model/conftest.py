"""Conversations with a model that is played behind a real endpoint on loopback."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.brain.endpoint.settings import EndpointSettings
from agent.brain.endpoint.testing import PlayedEndpoint, Player
from agent.conversation.model import ModelChat
from agent.conversation.models import Answer, ChatStep
from agent.settings import Settings
from tests.agent.conversation.chats import chats, follow, host, lab_path

__all__ = ["brain", "chats", "endpoint", "follow", "host", "lab_path", "talk"]


@pytest.fixture
def endpoint() -> Iterator[PlayedEndpoint]:
    """An endpoint that says nothing yet; a test gives it its player."""

    def silent(_: Any) -> Any:
        raise AssertionError("nobody plays")

    with PlayedEndpoint(silent) as endpoint:
        yield endpoint


@pytest.fixture
def brain(endpoint: PlayedEndpoint, tmp_path) -> Callable[..., ModelChat]:
    """A model chat with that endpoint."""

    def made(**given: Any) -> ModelChat:
        settings = {"home": tmp_path, "model": "played", "model_timeout_s": 5, **given}
        return ModelChat(
            Settings(**settings), EndpointSettings(base_url=endpoint.url, api_key="sk-canary-0123456789abcdef")
        )

    return made


Talk = tuple[Answer, list[ChatStep]]


@pytest.fixture
def talk(chats, endpoint: PlayedEndpoint, brain, follow) -> Callable[..., Any]:
    """Ask one question of a model that is played like this: its answer and steps."""

    async def asked(player: Player, question: str = "count the sources", **given: Any) -> Talk:
        endpoint.player = player
        async with opened(**given) as chat:
            thread = await chat.create_thread("ana")
            run = await chat.ask(thread.id, question, "ana")
            steps = await follow(chat, run)
            ended = await chat.run(run.id)
            assert ended.answer is not None, steps[-1]
            return ended.answer, steps

    @asynccontextmanager
    async def opened(**given: Any) -> AsyncIterator[Any]:
        async with chats.open(brain=brain(**given)) as chat:
            yield chat

    return asked
