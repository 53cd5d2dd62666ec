"""The read door: all that an investigation or a chat is given. It reaches reads only, and every call becomes evidence.

    name -> registered as a read? -> definition accepted? -> right world? -> arguments fit? -> asked before? -> budget?
         -> call -> right world? -> what the schema promised? -> bounded -> ledger

Nothing raises towards the caller: what was not asked is evidence `refused`, what brought no answer is evidence `error`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from agent.brain.endpoint.spans import tool_span
from agent.errors import AnswerInvalidError, CallError
from agent.host.answers import Answer, failed, other_world, read_result, refused
from agent.host.switchboard import Entry, NotFound, Switchboard, usable
from agent.host.tools import split_name
from agent.models import Backend, Evidence, EvidenceStatus, JsonObject, Provenance, World
from knowledge.trust.canonical import canonical


class EvidenceLedger(Protocol):
    """Where answers are kept; agent/evidence/ledger.py is one."""

    def add(
        self,
        *,
        server: str,
        tool: str,
        arguments: JsonObject,
        asked_at: datetime,
        status: EvidenceStatus,
        summary: str,
        backend: Backend,
        data: JsonValue,
        provenance: Mapping[str, Provenance],
        sensor: str | None,
        synthetic: bool,
        truncated: bool,
        error: str | None,
        hint: str | None,
        cost_ms: float,
    ) -> Evidence:
        """Keep one answer; id, hash and size are given by the ledger."""
        ...


@dataclass(slots=True)
class Budget:
    """What one case may spend on calls. Refused calls and repeats cost nothing."""

    calls: int = 25
    seconds: float = 120.0
    timer: Callable[[], float] = time.monotonic
    spent: int = 0
    _until: float | None = None

    @property
    def left_s(self) -> float:
        """Seconds left; the time runs from the first call on."""
        return self.seconds if self._until is None else max(0.0, self._until - self.timer())

    def take(self) -> str | None:
        """Spend one call; what is used up when there is none to spend."""
        if self._until is None:
            self._until = self.timer() + self.seconds
        if self.spent >= self.calls:
            return f"all {self.calls} calls of this case are used up"
        if self.left_s <= 0:
            return f"the {self.seconds:g} s of this case are used up"
        self.spent += 1
        return None

    def excuse(self, seconds: float) -> None:
        """Do not count the last `seconds`: nothing was asked in them."""
        if self._until is not None:
            self._until += seconds


@dataclass(slots=True)
class Totals:
    """What a door has done so far."""

    calls: int = 0
    """Calls that reached a server."""
    refused: int = 0
    repeated: int = 0
    """Identical calls that were answered with the evidence there was."""
    cost_ms: float = 0.0


@dataclass(slots=True)
class _Asked:
    """One distinct call of the case, asked or being asked."""

    tool: str
    arguments: JsonObject
    evidence: asyncio.Future[Evidence] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class ReadDoor:
    """The reads of one case. Identical calls are asked once; several at a time run side by side."""

    def __init__(
        self,
        switchboard: Switchboard,
        *,
        world: World,
        ledger: EvidenceLedger,
        clock: Callable[[], datetime],
        budget: Budget,
        concurrency: int,
        timeout_s: float,
    ) -> None:
        self.world: World = world
        self.budget = budget
        self.totals = Totals()
        self._switchboard = switchboard
        self._ledger = ledger
        self._clock = clock
        self._gate = asyncio.Semaphore(concurrency)
        self._timeout_s = timeout_s
        self._asked: dict[tuple[str, bytes], _Asked] = {}

    async def read(self, tool: str, arguments: JsonObject) -> Evidence:
        """Ask one tool by its full name. An identical call of this case gives the evidence there is."""
        return (await self.read_many([(tool, arguments)]))[0]

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """Ask several tools side by side. Answers and evidence ids come in the order of the calls."""
        fresh: list[_Asked] = []
        wanted = [self._slot(tool, arguments, fresh) for tool, arguments in calls]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._timed(asked)) for asked in fresh]
            for asked, task in zip(fresh, tasks, strict=True):
                self._keep(asked, task.result())
        finally:
            self._forget([asked for asked in fresh if not asked.evidence.done()])
        return [await self._answered(asked) for asked in wanted]

    def offers(self, tool: str) -> bool:
        """Whether a connected server has the tool, or would have it for all that is known while the server is down."""
        found = self._switchboard.find(tool)
        return not isinstance(found, NotFound) or found.server_down

    def _slot(self, tool: str, arguments: JsonObject, fresh: list[_Asked]) -> _Asked:
        key = _key(tool, arguments)
        if (known := self._asked.get(key)) is not None:
            self.totals.repeated += 1
            return known
        asked = self._asked[key] = _Asked(tool, arguments)
        fresh.append(asked)
        return asked

    async def _answered(self, asked: _Asked) -> Evidence:
        """The evidence of a call that somebody is asking; asked again if they gave up."""
        try:
            return await asyncio.shield(asked.evidence)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not asked.evidence.cancelled() or (task is not None and task.cancelling()):
                raise
        return await self.read(asked.tool, asked.arguments)

    def _forget(self, unanswered: Sequence[_Asked]) -> None:
        for asked in unanswered:
            asked.evidence.cancel()
            self._asked.pop(_key(asked.tool, asked.arguments), None)

    def _keep(self, asked: _Asked, answer: Answer) -> None:
        server, tool = split_name(asked.tool)
        evidence = self._ledger.add(
            server=server,
            tool=tool,
            arguments=asked.arguments,
            asked_at=self._clock(),
            status=answer.status,
            summary=answer.summary,
            backend=answer.backend,
            data=answer.data,
            provenance=answer.provenance,
            sensor=answer.sensor,
            synthetic=answer.synthetic,
            truncated=answer.truncated,
            error=answer.error,
            hint=answer.hint,
            cost_ms=answer.cost_ms,
        )
        self.totals.refused += answer.status == "refused"
        self.totals.cost_ms += answer.cost_ms
        asked.evidence.set_result(evidence)
        if not answer.settled:
            self._asked.pop(_key(asked.tool, asked.arguments), None)

    async def _timed(self, asked: _Asked) -> Answer:
        async with self._gate:
            started = time.perf_counter()
            answer = await self._ask(asked)
            return replace(answer, cost_ms=round((time.perf_counter() - started) * 1000, 3))

    async def _ask(self, asked: _Asked) -> Answer:
        entry = self._switchboard.find(asked.tool)
        if isinstance(entry, NotFound):
            return self._not_there(entry)
        backend = self._switchboard.backend(entry.link)
        if (refusal := self._refusal(entry, backend)) is not None:
            return refusal
        check, reading = usable(entry)
        if (problem := check(asked.arguments)) is not None:
            return failed(f"arguments: {problem}", "see the tool's input schema", backend or self._own)
        if (spent := self.budget.take()) is not None:
            return refused(f"budget: {spent}", "raise MCPSOC_MAX_CALLS or MCPSOC_MAX_SECONDS", self._own)
        self.totals.calls += 1
        try:
            wait_s = min(self._timeout_s, self.budget.left_s)
            with tool_span(entry.tool.full_name):
                raw = await self._switchboard.call(entry, asked.arguments, wait_s, again=True)
            return read_result(raw, reading, self.world, self._clock())
        except CallError as error:
            return failed(str(error), "asking again later may help", backend or self._own, settled=False)
        except AnswerInvalidError as error:
            return failed(str(error), "report it to whoever runs the server", backend or self._own)

    def _refusal(self, entry: Entry, backend: Backend | None) -> Answer | None:
        name = entry.tool.full_name
        if entry.kind == "change":
            return refused(f"{name} changes something", "an investigation only reads", backend or self._own)
        if entry.standing == "unregistered":
            hint = f"if it changes nothing, name it under 'reads' of {entry.tool.server}"
            return refused(f"{name}: {entry.problem}", hint, backend or self._own)
        if entry.standing != "usable":
            hint = "mcpsoc servers diff shows it, mcpsoc servers accept takes it"
            return refused(f"{name}: {entry.problem}", hint, backend or self._own)
        return other_world(self.world, backend, usable(entry)[1])

    def _not_there(self, missing: NotFound) -> Answer:
        if missing.server_down:
            return failed(missing.problem, missing.hint, self._own, settled=False)
        return refused(missing.problem, missing.hint, self._own)

    @property
    def _own(self) -> Backend:
        """The backend of the case's own world, for answers that came from nowhere."""
        return "embedded" if self.world == "lab" else "real"


def _key(tool: str, arguments: JsonObject) -> tuple[str, bytes]:
    return tool, canonical(arguments)
