"""Triage as a process: alerts out of the inbox, one case after the other, until it is told to stop.

A row counts as dealt with only after its case is saved. A worker killed before that leaves a lease that runs out, and
the next one begins the row again; killed after that, the next one finds the alert in its case and only ticks it off.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal, TypeAlias

from sqlalchemy.exc import OperationalError

from agent.analyst import Analyst, Handled
from agent.cases.errors import StoreError
from agent.intake.errors import InboxError, IntakeError
from agent.intake.inbox import Inbox
from agent.intake.inbox_rows import InboxRow
from agent.intake.parsing import parse
from agent.models import Alert, World
from agent.pulse import LeaseLostError, Pulse
from knowledge.trust.errors import TrustError

log = logging.getLogger(__name__)

IDLE_S: Final = 0.25
"""Wait before the inbox is looked at again when there was nothing to do."""
TROUBLE_S: Final = 5.0
"""Wait after something of ours, not of the alert, did not work: a full disk, a server file that cannot be read."""
SPARE_S: Final = 60.0
"""What an alert may take beyond twice the time of an investigation before it counts as hanging."""
STUCK_S: Final = 30.0
"""Beyond that, for an alert that hangs where nothing can interrupt it: then its worker is stuck."""
OURS: Final = (OSError, OperationalError, StoreError, TrustError, InboxError)
"""Errors that say nothing about the alert, while no other one gets through: it is put off and no attempt counts."""

Outcome: TypeAlias = Literal["done", "again", "failed", "put_off", "lost"]


@dataclass(frozen=True, slots=True)
class WorldDesk:
    """The analyst of one world, for as long as it is the right one."""

    analyst: Analyst
    is_current: Callable[[], bool]
    """False once the files it works on were replaced: it is closed, and another one opened."""


OpenDesk: TypeAlias = Callable[[World], AbstractAsyncContextManager[WorldDesk]]


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of one attempt at one row."""

    row: InboxRow
    outcome: Outcome
    seconds: float
    case_id: str | None = None
    error: str | None = None


async def work(
    inbox: Inbox,
    open_desk: OpenDesk,
    *,
    name: str,
    worlds: Sequence[World],
    stop: asyncio.Event,
    on_event: Callable[[Worked], None] = lambda _: None,
    on_stuck: Callable[[int], None] = lambda _: None,
) -> None:
    """Work on every world side by side until `stop` is set; the alerts at hand are finished first.

    `name` is nobody else's. A world's desk is opened when its first alert comes. `on_stuck` is told, in another thread,
    of a row that this process cannot get away from: it does well to end then."""
    with Pulse(inbox, name, on_stuck=on_stuck) as pulse:
        worker = _Worker(inbox, open_desk, name, stop, on_event, pulse)
        async with asyncio.TaskGroup() as group:
            for world in worlds:
                group.create_task(worker.serve(world))


class _Doubts:
    """Of which alerts it is no longer believed that what stopped them was trouble of ours.

    While a disk is full nothing gets through. When another alert did, the one that was put off has to stand for itself:
    otherwise a text that upsets a file or a database of ours would be tried for ever."""

    def __init__(self) -> None:
        self._put_off: set[int] = set()
        self._doubtful: set[int] = set()

    def about(self, row: int) -> bool:
        """Whether trouble with this row counts as its own."""
        return row in self._doubtful

    def put_off(self, row: int) -> None:
        """It could not be worked on, for reasons that seem to be ours."""
        self._put_off.add(row)

    def ended(self, row: int) -> None:
        """It got through, or was put aside: nothing of ours keeps the others from it."""
        self._put_off.discard(row)
        self._doubtful |= self._put_off
        self._doubtful.discard(row)
        self._put_off.clear()


@dataclass(frozen=True, slots=True)
class _Worker:
    inbox: Inbox
    open_desk: OpenDesk
    name: str
    stop: asyncio.Event
    on_event: Callable[[Worked], None]
    pulse: Pulse
    doubts: _Doubts = field(default_factory=_Doubts)

    async def serve(self, world: World) -> None:
        """One world, whatever goes wrong with its desk: alerts wait in the inbox meanwhile."""
        while not self.stop.is_set():
            try:
                if not await asyncio.to_thread(self.inbox.has_work, world):
                    await self._pause(IDLE_S)
                    continue
                async with self.open_desk(world) as desk:
                    await self._serve_at(desk, world)
            except Exception:
                log.exception("desk_failed world=%s", world)
                await self._pause(TROUBLE_S)

    async def _serve_at(self, desk: WorldDesk, world: World) -> None:
        while not self.stop.is_set() and desk.is_current():
            row = await asyncio.to_thread(self.inbox.lease, self.name, world)
            if row is None:
                await self._pause(IDLE_S)
                continue
            worked = await self._attempt(row, desk.analyst)
            self.on_event(worked)
            if worked.outcome == "put_off":
                await self._pause(TROUBLE_S)

    async def _attempt(self, row: InboxRow, analyst: Analyst) -> Worked:
        """One row from lease to its end, and never an exception."""
        started = perf_counter()
        try:
            with self.pulse.holding(row.id, _longest_s(analyst) + STUCK_S):
                handled = await self._handle(row, analyst)
            kept = self.inbox.done(row.id, self.name, alert_id=handled.alert.alert_id, case_id=handled.case.id)
            self.doubts.ended(row.id)
            return Worked(row, "done" if kept else "lost", perf_counter() - started, handled.case.id)
        except LeaseLostError as error:
            return Worked(row, "lost", perf_counter() - started, error=str(error))
        except IntakeError as error:
            return self._not_done(row, str(error), started, final=True)
        except Exception as error:
            if _is_ours(error) and not self.doubts.about(row.id):
                log.exception("put_off row=%s", row.id)
                return self._put_off(row, f"{type(error).__name__}: {error}", started)
            log.exception("attempt_failed row=%s attempt=%s", row.id, row.attempts)
            return self._not_done(row, f"{type(error).__name__}: {error}", started, final=False)

    async def _handle(self, row: InboxRow, analyst: Analyst) -> Handled:
        """The alert to its case: the one it is already in when an earlier attempt got that far.

        Raises: IntakeError, LeaseLostError, TimeoutError, whatever the analyst raises."""
        alert = parse(json.loads(row.raw), world=row.world, ordinal=row.id, format=row.format)
        if row.begun > 1 and (before := handled_before(analyst, alert)) is not None:
            return before
        async with asyncio.timeout(_longest_s(analyst)):
            return await analyst.handle(alert, on_step=lambda _: self.pulse.check(row.id))

    def _not_done(self, row: InboxRow, error: str, started: float, *, final: bool) -> Worked:
        """Tried again, or put aside."""
        try:
            kept = self.inbox.failed(row.id, self.name, error, final=final)
        except InboxError as trouble:
            return Worked(row, "lost", perf_counter() - started, error=str(trouble))
        again = not final and not row.is_last_attempt
        return Worked(row, ("again" if again else "failed") if kept else "lost", perf_counter() - started, error=error)

    def _put_off(self, row: InboxRow, error: str, started: float) -> Worked:
        """Back into the inbox as if it had not been begun; when even that fails, the lease runs out."""
        self.doubts.put_off(row.id)
        try:
            self.inbox.put_off(row.id, self.name, error)
        except InboxError as trouble:
            log.error("put_off_failed row=%s error=%s", row.id, trouble)
        return Worked(row, "put_off", perf_counter() - started, error=error)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not through the call to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return


def _is_ours(error: Exception) -> bool:
    return isinstance(error, OURS) and not isinstance(error, TimeoutError)


def _longest_s(analyst: Analyst) -> float:
    """What one alert may take, in seconds."""
    return 2 * analyst.settings.max_seconds + SPARE_S


def handled_before(analyst: Analyst, alert: Alert) -> Handled | None:
    """The case that this very alert is already part of."""
    found = analyst.store.find_duplicate(analyst.settings.tenant(alert.world), alert)
    if found is None or found.alert_id != alert.alert_id:
        return None
    case = analyst.store.get(found.case_id)
    return Handled(case, alert) if case.report is not None else None
