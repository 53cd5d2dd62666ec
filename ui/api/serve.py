"""The API process: uvicorn on loopback."""

import gc
import sys

import uvicorn

from ui.api.app import build_api
from ui.api.settings import Settings
from ui.cli.places import operator
from ui.home import Home

KEEP_ALIVE_S = 75
"""Senders keep their connection for a while; opening one costs more than an alert."""
SWITCH_S = 0.001
"""How long the event loop may keep the thread that commits alerts from going on; senders wait for that thread."""
GRACE_S = 3
"""How long answers under way, streams above all, may take when the process is asked to end."""


def main(home: Home, *, port: int | None = None, settings: Settings | None = None) -> int:
    """Serve 127.0.0.1 until SIGTERM or SIGINT. Returns the exit code.

    No line is logged per request: an address may hold what nobody else should read."""
    sys.setswitchinterval(SWITCH_S)
    chosen = settings or Settings()
    config = uvicorn.Config(
        build_api(home.make(), chosen, operator()),
        host="127.0.0.1",
        port=chosen.api_port if port is None else port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    _settle()
    uvicorn.Server(config).run()
    return 0


def _settle() -> None:
    """Take what was imported out of every later garbage collection, each of which would hold up all senders for it."""
    gc.collect()
    gc.freeze()
