"""A worker's sign of life, given by a thread of its own, so that a long step of an investigation does not look like
death."""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from agent.errors import AgentError
from agent.intake.errors import InboxError
from agent.intake.inbox import LEASE_S, Inbox

log = logging.getLogger(__name__)

BEAT_S: Final = LEASE_S / 4


class LeaseLostError(AgentError):
    """The row went to another worker because this one was silent for too long: nothing may be saved for it here."""


class Pulse:
    """Keeps the leases of one worker alive while it lives."""

    def __init__(
        self, inbox: Inbox, name: str, beat_s: float = BEAT_S, on_stuck: Callable[[int], None] = lambda _: None
    ) -> None:
        """`on_stuck` hears, in a thread of ours, of a row that was held for too long: its lease is left to run out."""
        self._on_stuck = on_stuck
        self._ends: dict[int, float] = {}
        """Row to the time at which whoever holds it is stuck, on the monotonic clock."""
        self._beat_s = beat_s
        self._inbox = inbox
        self._name = name
        self._held: dict[int, float] = {}
        """Row to the time of its last beat, on the monotonic clock."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    @contextmanager
    def holding(self, row: int, longest_s: float = math.inf) -> Iterator[None]:
        """Keep the lease of a row that was just given, for `longest_s` at most."""
        self._held[row] = now = time.monotonic()
        self._ends[row] = now + longest_s
        try:
            yield
        finally:
            self._held.pop(row, None)
            self._ends.pop(row, None)

    def check(self, row: int) -> None:
        """Make sure that the row is still ours for a while. Raises: LeaseLostError, InboxError."""
        if time.monotonic() - self._held.get(row, 0.0) > 2 * BEAT_S:
            self.beat(row)

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._inbox.seen(self._name, os.getpid())
                for row in list(self._held):
                    self._keep(row)
            except LeaseLostError as error:
                log.warning("lease_lost %s", error)
            except InboxError as error:
                log.error("pulse_failed error=%s", error)
            self._end.wait(self._beat_s)

    def _keep(self, row: int) -> None:
        """Hold a row, unless whoever works on it hangs: nothing ends such a step from within."""
        if time.monotonic() < self._ends.get(row, math.inf):
            self.beat(row)
            return
        log.error("worker_stuck row=%s", row)
        self._held.pop(row, None)
        self._on_stuck(row)

    def beat(self, row: int) -> None:
        """Renew the lease of a row. Raises: LeaseLostError, InboxError."""
        if not self._inbox.heartbeat(row, self._name):
            self._held.pop(row, None)
            raise LeaseLostError(f"row {row} is no longer {self._name}'s")
        if row in self._held:
            self._held[row] = time.monotonic()
