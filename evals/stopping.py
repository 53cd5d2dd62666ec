"""Ctrl-C ends a run early and keeps what was finished."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Stop:
    """Whether somebody asked the run to end."""

    requested: bool = False


@asynccontextmanager
async def until_stopped() -> AsyncIterator[Stop]:
    """Takes the cancellation of the running task as a wish to stop: the block ends there, what follows still runs."""
    stop = Stop()
    try:
        yield stop
    except asyncio.CancelledError:
        stop.requested = True
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
