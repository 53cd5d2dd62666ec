"""Follows every question to its end for the counters, whether or not anybody else follows it."""

import asyncio

from agent.conversation.models import Run
from agent.conversation.service import ChatService
from ui.api.metrics import Meter


class Watch:
    """The questions that are being answered."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, chat: ChatService, run: Run) -> None:
        """Count the calls of a run and how it ends."""
        task = asyncio.create_task(self._counted(chat, run), name=f"watch {run.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Until every question that was asked so far is counted."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Stop counting."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _counted(self, chat: ChatService, run: Run) -> None:
        async for step in chat.follow(run.id):
            if step.kind == "call":
                self._meter.called(chat.world, step.status)
        ended = await chat.run(run.id)
        self._meter.asked(chat.world, ended)
