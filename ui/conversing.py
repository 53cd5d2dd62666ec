"""Putting a conversation together: the chat over one open desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from agent.conversation.intents import INTENTS
from agent.conversation.model import build_model_chat
from agent.conversation.service import ChatService
from agent.conversation.threads import ThreadStore
from agent.conversation.understanding import build_understanding
from agent.models import World
from ui.compose import Desk
from ui.home import Home


@asynccontextmanager
async def chat_over(desk: Desk, home: Home, world: World) -> AsyncIterator[ChatService]:
    """The chat of one world. It reads through the desk's host and keeps its threads in `home`.

    Raises: ModelUnfitError when a model is switched on and none is named."""
    analyst = desk.analyst
    settings = analyst.settings
    with closing(ThreadStore(home.threads)) as threads:
        service = ChatService(
            host=desk.host,
            threads=threads,
            understanding=build_understanding(),
            intents=INTENTS,
            brain=build_model_chat(settings) if settings.brain == "model" else None,
            settings=settings,
            world=world,
            tenant=settings.tenant(world),
            clock=desk.clock,
            audit=analyst.audit,
        )
        async with service as chat:
            yield chat
