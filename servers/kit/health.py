"""The health tool of every server: whether it can answer, what is behind it, and what an operator has to look after."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from servers.errors import ToolError
from servers.kit.actions import Action
from servers.kit.answer import Health, Reply
from servers.kit.conditions import Conditions
from servers.kit.envelope import Source, iso
from servers.kit.inert import one_line
from servers.kit.tool import Method

_MOST: Final = 10
"""Warnings of one kind."""
_NOBODY: Final = "nobody looks after that change or ends it"


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
        if self.overdue.effects:
            yield _not_ended(self.overdue.effects)
        if actions is None:
            return
        try:
            if self.read_only and (due := actions.due(self.source.server, self.source.place, now)):
                yield _not_ended(len(due))
            found = actions.open(self.source.server, self.source.place)
        except ToolError as problem:
            if problem.message != self.overdue.problem:
                yield problem.message
            return
        yield from _short([_gone(each, each.gone_at) for each in found.actions if each.gone_at and each.in_force(now)])
        yield from _short([f"the record {one_line(each, 64)} cannot be read: {_NOBODY}" for each in found.unreadable])


def _not_ended(effects: int) -> str:
    return f"{effects} effects are over and could not be ended"


def _gone(action: Action, noticed_at: datetime) -> str:
    what = one_line(f"{action.tool} {action.target}", 200)
    return f"{what} is not in force any longer, noticed {iso(noticed_at)}: make it again or take it back"


def _short(warnings: Sequence[str]) -> Iterator[str]:
    yield from warnings[:_MOST]
    if len(warnings) > _MOST:
        yield f"{len(warnings) - _MOST} more like this"
