"""How often something may happen: token buckets, which fill up with time and are emptied by use."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_NAMES = 4096
"""Buckets that are kept; the one longest unused is forgotten first."""


class Rate:
    """One bucket per name: `burst` at once, and `per_s` a second in the long run."""

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Take one; 0 when there was one, else the seconds until there will be."""
        with self._lock:
            return self._take(name, self._clock())

    def _take(self, name: str, now: float) -> float:
        level, at = self._levels.pop(name, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._per_s)
        wait = 0.0 if level >= 1 else (1 - level) / self._per_s
        self._levels[name] = (level - 1 if wait == 0 else level, now)
        if len(self._levels) > MOST_NAMES:
            self._levels.popitem(last=False)
        return wait
