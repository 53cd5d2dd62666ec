"""Who answers questions: the desk and the conversations of each world, opened on first need and kept.

Opening a desk waits for other people's servers, so cases never depend on it. Each station lives in a task of its own:
MCP sessions are closed in the task that opened them.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TypeVar

from agent.conversation.errors import ChatError
from agent.conversation.service import ChatService
from agent.models import World
from ui.api.casework import Bookcase, Casework
from ui.compose import Desk, open_desk
from ui.conversing import chat_over

log = logging.getLogger(__name__)
Awaited = TypeVar("Awaited")


class _Keeper:
    """Opens one desk and its conversations, holds them, and closes them, all in one task."""

    def __init__(self, work: Casework) -> None:
        self.work = work
        loop = asyncio.get_running_loop()
        self.desk: asyncio.Future[Desk] = loop.create_future()
        self.chat: asyncio.Future[ChatService] = loop.create_future()
        self._end = asyncio.Event()
        self._task = asyncio.create_task(self._keep(), name=f"station {work.world}")

    @property
    def over(self) -> bool:
        """Whether it could not be opened, or was closed."""
        return self._task.done()

    async def close(self) -> None:
        """Close it, whatever it is at."""
        self._end.set()
        if not self.chat.done():
            self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _keep(self) -> None:
        try:
            async with open_desk(self.work.home, self.work.world, judging=False) as desk:
                self.desk.set_result(desk)
                await self._converse(desk)
        except Exception as error:
            log.exception("desk_failed world=%s", self.work.world)
            _fail(self.desk, error)
            _fail(self.chat, error)

    async def _converse(self, desk: Desk) -> None:
        """Hold the conversations; when they cannot be had, the desk alone stays."""
        try:
            async with chat_over(desk, self.work.home, self.work.world) as chat:
                await chat.resume_runs()
                self.chat.set_result(chat)
                await self._end.wait()
        except ChatError as error:
            log.exception("chat_failed world=%s", self.work.world)
            _fail(self.chat, error)
            await self._end.wait()


def _fail(waiting: asyncio.Future[Awaited], error: Exception) -> None:
    """Whoever waits, now or later, gets the error; nobody has to."""
    if not waiting.done():
        waiting.set_exception(error)
        waiting.exception()


class Stations:
    """The desks and conversations of all worlds, until `close`."""

    def __init__(self, cases: Bookcase) -> None:
        self._cases = cases
        self._keepers: dict[World, _Keeper] = {}
        self._lock = asyncio.Lock()

    async def desk(self, world: World) -> Desk:
        """The desk of a world, as soon as its servers were started.

        Raises: as opening a desk; Refusal (404) when there is no such world."""
        return await asyncio.shield((await self._keeper(world)).desk)

    async def chat(self, world: World) -> ChatService:
        """The conversations of a world. Raises: as `desk`, and ThreadStoreError."""
        return await asyncio.shield((await self._keeper(world)).chat)

    async def close(self) -> None:
        """Close everything; questions that are being answered are taken up again at the next start."""
        keepers = list(self._keepers.values())
        self._keepers.clear()
        await asyncio.gather(*(keeper.close() for keeper in keepers), return_exceptions=True)

    async def _keeper(self, world: World) -> _Keeper:
        work = await asyncio.to_thread(self._cases.casework, world)
        async with self._lock:
            keeper = self._keepers.get(world)
            if keeper is not None and (keeper.over or keeper.work.edition != work.edition):
                await self._keepers.pop(world).close()
                keeper = None
            if keeper is None:
                keeper = self._keepers[world] = _Keeper(work)
        return keeper
