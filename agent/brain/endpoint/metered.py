"""An endpoint whose calls are counted, priced, paced and refused when a budget is spent."""

from dataclasses import dataclass

from agent.brain.endpoint.budgets import Budgets
from agent.brain.endpoint.pace import Pace
from agent.brain.endpoint.prices import Prices
from agent.brain.endpoint.protocol import Asked, Endpoint, Said
from agent.models import Usage


@dataclass(frozen=True, slots=True)
class Metered:
    """An endpoint with everything that is between a decision and the wire.

    As an `Endpoint` it books on the tenant without a name; `for_case` gives the endpoint of one case."""

    endpoint: Endpoint
    budgets: Budgets | None = None
    prices: Prices | None = None
    pace: Pace | None = None

    @property
    def name(self) -> str:
        """As the endpoint is called."""
        return self.endpoint.name

    @property
    def shown(self) -> str:
        """As the endpoint is shown."""
        return self.endpoint.shown

    @property
    def on_this_machine(self) -> bool:
        """As the endpoint says."""
        return self.endpoint.on_this_machine

    def for_case(self, tenant: str, spent: Usage | None = None) -> Endpoint:
        """The endpoint for one decision of a case which has cost `spent` so far; it goes on counting by itself."""
        raise NotImplementedError

    async def say(self, asked: Asked) -> Said:
        """The model's next message. Raises: ModelError, BudgetSpentError before anything is sent."""
        raise NotImplementedError
