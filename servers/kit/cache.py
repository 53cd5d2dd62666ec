"""A value that is kept for a while, with the time it was fetched."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """A value and as of when it holds: `Reply(observed_at=fetched.at)` shows its age."""

    value: T
    at: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Cached(Generic[T]):
    """Keeps what was fetched for `ttl_s` seconds. A failure is never kept, and never answered with something older."""

    def __init__(self, ttl_s: float, clock: Callable[[], datetime] = _now) -> None:
        self._ttl = timedelta(seconds=ttl_s)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Fetched[T] | None = None

    def get(self, fetch: Callable[[], T]) -> Fetched[T]:
        """What is kept while it is young enough, else what `fetch` gives; one caller fetches, the others wait.

        Raises: whatever `fetch` raises."""
        with self._lock:
            now = self._clock()
            if self._kept is None or not timedelta(0) <= now - self._kept.at < self._ttl:
                self._kept = None
                self._kept = Fetched(fetch(), now)
            return self._kept

    def forget(self) -> None:
        """Fetch anew next time: after a change."""
        with self._lock:
            self._kept = None
