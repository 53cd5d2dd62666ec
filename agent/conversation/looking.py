"""The read door of a thread: every call becomes evidence that is stored, and a step that is told."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from agent.conversation.ledger import ThreadLedger
from agent.evidence.text import inert
from agent.host.read import ReadDoor
from agent.models import Evidence, JsonObject, World

OnCall = Callable[[Evidence], Awaitable[None]]
"""Told of each answer once it is stored."""


class ThreadLooker:
    """The reads of one run."""

    def __init__(self, door: ReadDoor, ledger: ThreadLedger, clock: Callable[[], datetime], on_call: OnCall) -> None:
        """`door` writes to `ledger`."""
        self._door, self._ledger, self._clock, self._on_call = door, ledger, clock, on_call

    @property
    def world(self) -> World:
        """Where the thread's questions are asked."""
        return self._door.world

    @property
    def calls(self) -> int:
        """Calls of this run that reached a server."""
        return self._door.totals.calls

    def now(self) -> datetime:
        """The clock of the thread's world."""
        return self._clock()

    async def read(self, tool: str, arguments: JsonObject) -> Evidence:
        """Ask one tool by its full name. What fails is evidence too.

        Raises: RunOverError when the run was stopped meanwhile, and nothing else."""
        return (await self.read_many([(tool, arguments)]))[0]

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """Ask several side by side; answers in the order of the calls. Raises: as `read`."""
        had = [self._ledger.asked(tool, arguments) for tool, arguments in calls]
        came = await self._door.read_many([call for call, answer in zip(calls, had, strict=True) if answer is None])
        for evidence in await self._ledger.keep():
            await self._on_call(evidence)
        rest = iter(came)
        return [next(rest) if answer is None else answer for answer in had]


def call_text(evidence: Evidence) -> str:
    """One line about a call and what it brought."""
    return inert(f"{evidence.server}__{evidence.tool}: {evidence.summary}", 300)
