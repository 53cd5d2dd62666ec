"""What models may cost, and what they have cost: per case, per tenant and day, per day."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from agent.brain.endpoint.settings import BudgetSettings
from agent.models import Usage, utc_now


class Budgets:
    """The limits, and what was spent of them, in the SQLite file `path` that several processes share."""

    def __init__(
        self, settings: BudgetSettings, path: Path | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """`path`: None keeps the account in memory. `clock`: wall time; a day is a day in UTC."""
        self.settings = settings

    def check(self, case_usage: Usage, tenant: str) -> None:
        """Raises: BudgetSpentError when the case, the tenant or the day has spent what it may."""
        raise NotImplementedError

    def spent(self, tenant: str, usage: Usage) -> None:
        """Book what a call of that tenant cost."""
        raise NotImplementedError
