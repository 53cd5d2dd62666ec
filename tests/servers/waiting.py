"""Waiting for what comes about by itself."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], within_s: float = 15.0) -> None:
    """Return when it holds. Raises: AssertionError when it does not in time."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)
