"""The listener of a server over HTTP: what waits for nothing is closed, and a change that is under way at its end is
settled.

uvicorn has a limit for connections that were used before, and none for those that never say a word.
"""

import asyncio
import signal
import socket
import time
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from servers.kit.ending import SETTLED_S, end_within

SILENT_S: Final = 10.0
"""Seconds that a connection may take for the head of a request."""
MOST_SILENT: Final = 256
"""Connections without a request under way; beyond them the oldest are closed at once."""
ANSWERED_S: Final = 5
"""Seconds that requests under way have for their answers once the server is to end. A change is settled and recorded
even after them; streams that clients hold open end then."""
_LOOK_S: Final = 1.0


class Web(uvicorn.Server):
    """The server of one application on one socket."""

    def __init__(self, app: ASGIApp, silent_s: float = SILENT_S, most_silent: int = MOST_SILENT) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=ANSWERED_S,
        )
        super().__init__(config)
        self._silent_s = silent_s
        self._most_silent = most_silent

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends the server in order; a second one at once."""
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        end_within(SETTLED_S)
        super().handle_exit(sig, frame)

    async def run_on(self, listener: socket.socket) -> None:
        """Serve until told to end, or cancelled."""
        watch = asyncio.create_task(self._close_silent())
        try:
            await self.serve(sockets=[listener])
        finally:
            watch.cancel()

    async def _close_silent(self) -> None:
        """Now and then close what has had no request under way for too long, or what is too many."""
        since: dict[tuple[object, object], float] = {}
        while True:
            await asyncio.sleep(_LOOK_S)
            now = time.monotonic()
            silent = {
                (each, cycle): each
                for each in self.server_state.connections
                if (cycle := getattr(each, "cycle", None)) is None or cycle.response_complete
            }
            since = {key: since.get(key, now) for key in silent}
            oldest = sorted(silent, key=since.__getitem__)
            for newer, key in zip(range(len(oldest) - 1, -1, -1), oldest, strict=True):
                if now - since[key] >= self._silent_s or newer >= self._most_silent:
                    silent[key].transport.close()
