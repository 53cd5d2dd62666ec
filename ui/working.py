"""The worker process: triage of both worlds, on the processor time that nobody else wants."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Final, get_args

from agent.intake.errors import InboxError
from agent.intake.inbox import Inbox
from agent.models import World, utc_now
from agent.worker import Worked, WorldDesk, work
from ui.api.settings import Settings
from ui.compose import open_desk
from ui.home import Home

log = logging.getLogger(__name__)

NICENESS: Final = 10
"""Whoever posts an alert or opens a page goes first."""
STUCK: Final = 75
"""Exit code of a worker that an alert made hang."""
PRUNE_EVERY_S: Final = 3600.0
WORLDS: Final[tuple[World, ...]] = get_args(World)


def main(home: Home, *, niceness: int = NICENESS) -> int:
    """Work until SIGTERM or SIGINT; the alerts at hand are finished first. Returns the exit code.

    Raises: InboxError when the inbox cannot be opened."""
    os.nice(niceness)
    asyncio.run(_main(home.make()))
    return 0


async def _main(home: Home) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    with closing(Inbox(home.work)) as inbox:
        pruning = asyncio.create_task(_prune(inbox, timedelta(days=Settings().inbox_keep_days)))
        try:
            await work_here(inbox, home, stop)
        finally:
            pruning.cancel()


async def work_here(inbox: Inbox, home: Home, stop: asyncio.Event) -> None:
    """Both worlds of a home, until `stop`."""

    @asynccontextmanager
    async def open_world(world: World) -> AsyncIterator[WorldDesk]:
        place = home.demo if world == "lab" else home
        file = place.lab if world == "lab" else None
        before = _identity(file)
        async with open_desk(place, world) as desk:
            yield WorldDesk(desk.analyst, lambda: _identity(file) == before)

    name = f"worker-{os.getpid()}-{token_hex(3)}"
    await work(inbox, open_world, name=name, worlds=WORLDS, stop=stop, on_event=_tell, on_stuck=_give_up)


def _give_up(row: int) -> None:
    """End at once, since this process does not get away from the row; who keeps it running starts another one, and
    after three of these the row is put aside."""
    log.critical("gives_up row=%s", row)
    os._exit(STUCK)


def _tell(worked: Worked) -> None:
    row = worked.row
    log.info(
        "worked row=%s world=%s outcome=%s case=%s attempt=%s seconds=%.3f",
        *(row.id, row.world, worked.outcome, worked.case_id, row.attempts, worked.seconds),
    )


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Which file it is, whatever is written into it; None without one."""
    if file is None or not file.exists():
        return None
    status = file.stat()
    return status.st_dev, status.st_ino


async def _prune(inbox: Inbox, keep: timedelta) -> None:
    """Forget what was dealt with long ago, once an hour."""
    while True:
        try:
            await asyncio.to_thread(_prune_all, inbox, utc_now() - keep)
        except InboxError as error:
            log.error("prune_failed error=%s", error)
        await asyncio.sleep(PRUNE_EVERY_S)


def _prune_all(inbox: Inbox, before: datetime) -> None:
    """A little at a time, so that nobody waits long for the file."""
    while inbox.prune(before):
        continue
