"""Putting a conversation together: the chat over one open desk."""

from contextlib import AbstractAsyncContextManager

from agent.conversation.intents import INTENTS
from agent.conversation.model import build_model_chat
from agent.conversation.service import ChatService
from agent.conversation.threads import ThreadStore
from agent.conversation.understanding import build_understanding
from agent.models import World
from ui.compose import Desk
from ui.home import Home


def chat_over(desk: Desk, home: Home, world: World) -> AbstractAsyncContextManager[ChatService]:
    """The chat of one world, to be entered. It reads through the desk's host and keeps its threads in `home`.

    Raises: ModelError when a model is switched on and none is named."""
    analyst = desk.analyst
    return ChatService(
        host=desk.host,
        threads=ThreadStore(home.threads),
        understanding=build_understanding(),
        intents=INTENTS,
        brain=build_model_chat() if analyst.settings.brain == "model" else None,
        settings=analyst.settings,
        world=world,
        tenant=analyst.settings.tenant(world),
        clock=desk.clock,
        audit=analyst.audit,
    )
