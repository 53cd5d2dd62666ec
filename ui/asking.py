"""Questions of other MCP clients, put to the analyst of one home: `servers.mcpsoc.asking.Asker` over the chat.

Light to import, since a server starts with it; the chat itself is imported with the first question."""

import asyncio
from importlib import import_module
from typing import Final

from agent.errors import AgentError
from agent.models import World
from agent.settings import Settings
from servers.errors import ConfigurationError, ToolError
from servers.mcpsoc.asking import LONGEST_S, Asked
from servers.mcpsoc.models import Language
from ui.home import Home

AT_ONCE: Final = 2
"""Questions that are answered at once; further ones wait."""
OPENING_S: Final = 30.0
"""What opening the analyst and its servers may take beside the answer, in seconds."""


class ChatAsker:
    """Asks the chat of one home and world, with the brain of its settings. Each question opens the host and closes it
    again in a task of its own, so that a client that goes away leaves nothing half closed."""

    def __init__(self, home: Home, world: World, settings: Settings, longest_s: float | None = None) -> None:
        """`longest_s`: how long a question may take with waiting for others; by default what the chat may spend."""
        self._home = home
        self._world: World = world
        self._longest_s = longest_s or min(LONGEST_S - 1, OPENING_S + _budget_s(settings))
        self.outside = world == "site" or settings.brain == "model"
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[Asked]] = set()

    async def __call__(self, question: str, language: Language) -> Asked:
        """The answer of the chat; a question that nobody waits for any longer is stopped.

        Raises: ToolError when the analyst cannot be opened, cannot answer, or takes too long."""
        task = asyncio.create_task(self._in_time(question, language))
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    def _ended(self, task: asyncio.Task[Asked]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; when nobody does, it is not logged a second time

    async def _in_time(self, question: str, language: Language) -> Asked:
        try:
            async with asyncio.timeout(self._longest_s), self._gate:
                await asyncio.to_thread(import_module, "ui.answering")
                from ui.answering import answer

                return await answer(self._home, self._world, question, language)
        except TimeoutError:
            late = f"the question took longer than {self._longest_s:g} s"
            raise ToolError("timeout", late, "ask something narrower") from None
        except (AgentError, ConfigurationError) as problem:
            raise ToolError("cannot_ask", "the analyst cannot be opened as it is set up", "mcpsoc doctor") from problem


def _budget_s(settings: Settings) -> float:
    """What one question of a chat may take; with a model, its own time is not the tools'."""
    model = settings.model_timeout_s * settings.model_rounds if settings.brain == "model" else 0.0
    return settings.max_seconds + model
