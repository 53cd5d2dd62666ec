"""How often a tool may be called."""

import threading
import time
from collections import deque
from collections.abc import Callable

from servers.errors import RateLimitedError
from servers.kit.changes import Rate


class Limits:
    """Counts calls by name over a sliding window. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def spend(self, name: str, rate: Rate | None) -> None:
        """Count one call. Raises: RateLimitedError when it is one too many; it is not counted then."""
        if rate is None:
            return
        with self._lock:
            now, calls = self._clock(), self._calls.setdefault(name, deque())
            while calls and calls[0] <= now - rate.per_s:
                calls.popleft()
            if len(calls) >= rate.calls:
                message = f"{name}: at most {rate.calls} calls in {rate.per_s:g} s"
                raise RateLimitedError(message, calls[0] + rate.per_s - now)
            calls.append(now)
