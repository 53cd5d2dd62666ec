"""What models may cost: per case, per tenant and day, per day. A limit is looked at before a call, and the most that
the call can cost is held until it is over: several processes together do not spend more than one may."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from agent.brain.endpoint.account import Account
from agent.brain.endpoint.errors import BudgetSpentError, Measure, Scope
from agent.brain.endpoint.settings import BudgetSettings
from agent.models import Usage, utc_now

T = TypeVar("T")
MEASURES: Final[tuple[Measure, ...]] = ("calls", "tokens", "seconds", "money")


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, and what was spent of it."""

    scope: Scope
    what: Measure
    limit: float
    spent: float

    @property
    def left(self) -> float:
        """What may still be spent."""
        return max(0.0, self.limit - self.spent)

    def gone(self, reason: str = "") -> BudgetSpentError:
        """The error that says so."""
        return BudgetSpentError(self.scope, self.what, self.limit, self.spent, reason)


class Budgets:
    """The limits, and what was spent of them, in the SQLite file `path` that several processes share."""

    def __init__(
        self, settings: BudgetSettings, path: Path | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """`path`: None keeps the account in memory. `clock`: wall time; a day is a day in UTC."""
        self.settings = settings
        self._limit_of = settings.model_dump()
        self._in_file = path is not None
        self._account = Account(path)
        self._clock = clock
        self._scopes: tuple[Scope, ...] = tuple(
            scope for scope in ("tenant", "day") if any(self._limit(scope, what) for what in MEASURES)
        )

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._account.close()

    def today(self, tenant: str | None = None) -> Usage:
        """What a tenant, or all of them, spent today."""
        return self._account.of_day(self._day()) if tenant is None else self._account.of_tenant(self._day(), tenant)

    def check(self, case_usage: Usage | None, tenant: str) -> None:
        """Raises: BudgetSpentError when the case, the tenant or the day has spent what it may. None: no case."""
        for limit in self.limits(case_usage, tenant):
            if limit.left <= 0:
                raise limit.gone()

    def spent(self, tenant: str, usage: Usage) -> None:
        """Book what a call of that tenant cost."""
        self._account.add(self._day(), tenant, usage)

    def limits(self, case_usage: Usage | None, tenant: str) -> tuple[Limit, ...]:
        """Every limit that is set. `case_usage` None: what is asked is no case and has no limits of its own."""
        spent: dict[Scope, Usage] = {} if case_usage is None else {"case": case_usage}
        for scope in self._scopes:
            spent[scope] = self.today(tenant if scope == "tenant" else None)
        return tuple(limit for scope, usage in spent.items() for limit in self._limits(scope, usage))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else spends or holds anything meanwhile, in whichever process; nothing to wait for where nothing is
        limited beyond the case."""
        if not self._scopes:
            yield
            return
        with self._account.alone():
            yield

    def hold(self, tenant: str, most: Usage) -> "Held | None":
        """Book the most that a call can cost, so that nobody else spends it meanwhile; None where nothing is limited
        beyond the case. That there is room for it is looked at before, in the same `alone`."""
        if not self._scopes:
            return None
        with self.alone():
            day = self._day()
            self._account.add(day, tenant, most)
        return Held(self._account, day, tenant, most)

    def settle(self, tenant: str, held: "Held | None", usage: Usage) -> None:
        """Book what a call cost in the end, in the place of what was held for it."""
        if held is None:
            self.spent(tenant, usage)
        else:
            held.settle(usage)

    async def run(self, work: Callable[[], T]) -> T:
        """Do something with the account: beside the event loop where it waits for a file."""
        return await asyncio.to_thread(work) if self._in_file else work()

    def _limits(self, scope: Scope, usage: Usage) -> Iterator[Limit]:
        for what in MEASURES:
            if limit := self._limit(scope, what):
                yield Limit(scope, what, limit, _amount(usage, what))

    def _limit(self, scope: Scope, what: Measure) -> float:
        return float(self._limit_of[f"{scope}_{what}"])

    def _day(self) -> str:
        return self._clock().astimezone(UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Held:
    """What is held for one call."""

    account: Account
    day: str
    tenant: str
    most: Usage

    def settle(self, usage: Usage) -> None:
        """Book what it cost in the end instead."""
        with self.account.alone():
            self.account.add(self.day, self.tenant, self.most, sign=-1)
            self.account.add(self.day, self.tenant, usage)


def _amount(usage: Usage, what: Measure) -> float:
    """How much of that was used; money that nobody knows counts as none."""
    return {
        "calls": float(usage.calls),
        "tokens": float(usage.tokens),
        "seconds": usage.seconds,
        "money": usage.money or 0.0,
    }[what]
