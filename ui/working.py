"""The worker process: triage of both worlds."""

from ui.home import Home


def main(home: Home) -> int:
    """Work until SIGTERM or SIGINT; the alert at hand is finished first. Returns the exit code."""
    raise NotImplementedError
