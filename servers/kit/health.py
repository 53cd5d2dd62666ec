"""The health tool of every server: whether it can answer, what is behind it, and what an operator has to look after."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from servers.errors import ToolError
from servers.kit.answer import Health, Reply
from servers.kit.conditions import Conditions
from servers.kit.envelope import Source, iso
from servers.kit.tool import Method


@dataclass
class Overdue:
    """How many effects could not be ended in time, and when that was last tried (seconds that never go back)."""

    effects: int = 0
    tried_at: float = float("-inf")
    problem: str | None = None
    """Why the records could not be looked at; None when they could."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What the health of one server is told from."""

    source: Source
    clock: Callable[[], datetime]
    probe: Callable[[], str]
    conditions: Conditions
    overdue: Overdue
    read_only: bool

    def tool(self) -> Method:
        """The method behind the tool."""

        def health() -> Reply[Health]:
            """Whether this server can answer, what is behind it, and its clock."""
            return self._reply()

        health.__name__ = f"{self.source.server}_health"
        return health

    def _reply(self) -> Reply[Health]:
        try:
            ready, detail = True, self.probe()
        except ToolError as problem:
            ready, detail = False, "; ".join(part for part in (problem.message, problem.hint) if part)
        now = self.clock()
        data = Health(
            server=self.source.server,
            backend=self.source.backend,
            product=self.source.product or self.source.backend,
            ready=ready,
            detail=detail,
            time=iso(now),
            read_only=self.read_only,
            warnings=list(self._warnings(now)),
        )
        return Reply(data, f"{self.source.server} is {'ready' if ready else 'not ready'}")

    def _warnings(self, now: datetime) -> Iterator[str]:
        calls, actions = self.conditions.calls, self.conditions.actions
        if calls is not None and calls.problem is not None:
            yield calls.problem
        if self.overdue.problem is not None:
            yield self.overdue.problem
        effects = self.overdue.effects
        if self.read_only and actions is not None:
            effects = len(actions.due(self.source.server, self.source.place, now))
        if effects:
            yield f"{effects} effects are over and could not be ended"
