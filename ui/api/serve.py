"""The API process: uvicorn on loopback."""

from ui.api.settings import Settings
from ui.home import Home


def main(home: Home, settings: Settings | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    raise NotImplementedError
