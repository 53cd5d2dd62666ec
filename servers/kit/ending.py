"""The end of a server that runs alone: SIGTERM is the end of its input, so that a change under way is settled and
recorded before the process goes. A second SIGTERM ends it at once."""

import io
import os
import select
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SETTLED_S: Final = 180.0
"""Seconds after which a server that was told to end does so whatever it waits for: more than a change may take."""


class Input(io.RawIOBase):
    """A file that also ends when told to, while somebody waits for more of it."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._told, self._tell = os.pipe()

    def end(self) -> None:
        """Let nothing more come in."""
        os.write(self._tell, b"\n")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """What has come; nothing at the end."""
        ready, _, _ = select.select([self._file, self._told], [], [])
        if self._told in ready:
            return 0
        room = memoryview(buffer).cast("B")
        came = os.read(self._file, len(room))
        room[: len(came)] = came
        return len(came)

    def close(self) -> None:
        """Close what is its own; the file stays open."""
        if not self.closed:
            os.close(self._told)
            os.close(self._tell)
        super().close()


@asynccontextmanager
async def in_order(end: Callable[[], None]) -> AsyncIterator[None]:
    """SIGTERM calls `end` while this is entered, and ends the process where this is left."""
    told = False

    async def listen() -> None:
        nonlocal told
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                break
        told = True
        end_within(SETTLED_S)
        end()

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        yield
        group.cancel_scope.cancel()
    if told:
        signal.raise_signal(signal.SIGTERM)


def end_within(seconds: float) -> None:
    """End this process then, whatever it still waits for."""
    timer = threading.Timer(seconds, os._exit, [128 + signal.SIGTERM])
    timer.daemon = True
    timer.start()
