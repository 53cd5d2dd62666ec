"""An endpoint whose calls are counted, priced, and refused before they are made when a budget has no room for them."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final

from agent.brain.endpoint.budgets import Budgets, Held, Limit
from agent.brain.endpoint.client import HttpEndpoint, open_endpoint
from agent.brain.endpoint.errors import EndpointSlowError, ModelError
from agent.brain.endpoint.prices import Price, Prices, load_prices
from agent.brain.endpoint.protocol import Asked, Endpoint, InFront, Said
from agent.brain.endpoint.reading import written
from agent.brain.endpoint.settings import BudgetSettings, EndpointSettings, ModelSettings
from agent.models import Usage
from agent.settings import Settings

FEWEST_TOKENS: Final = 64
"""Room for an answer below which a call is not made."""
SPEND_FILE: Final = "spend.db"


@dataclass(frozen=True, slots=True)
class Metered(InFront):
    """An endpoint with what is between a decision and the wire.

    As an `Endpoint` it is asked for no case and books on the tenant without a name; `for_case` and `for_tenant` give
    endpoints that book where they should."""

    endpoint: Endpoint
    budgets: Budgets | None = None
    prices: Prices | None = None
    most_output_tokens: int = 1500
    """Of one answer, where the question does not say."""

    def _behind(self) -> Endpoint:
        return self.endpoint

    def for_case(self, tenant: str, spent: Usage | None = None) -> "Booking":
        """The endpoint for one decision of a case which has cost `spent` so far; it goes on counting by itself."""
        return Booking(self, tenant, spent or Usage())

    def for_tenant(self, tenant: str) -> "Booking":
        """The endpoint for what is no case: only what the tenant and the day may spend limits it."""
        return Booking(self, tenant, None)

    async def say(self, asked: Asked) -> Said:
        """The model's next message. Raises: ModelError; BudgetSpentError before anything is sent."""
        return await self.for_tenant("").say(asked)

    def load(self) -> None:
        """Load the libraries, which takes a second or two; else the first question does."""
        if isinstance(self.endpoint, HttpEndpoint):
            self.endpoint.load()

    async def aclose(self) -> None:
        """Close connections and account; the next question opens new ones."""
        if isinstance(self.endpoint, HttpEndpoint):
            await self.endpoint.aclose()
        if self.budgets is not None:
            self.budgets.close()


@dataclass(slots=True)
class Booking(InFront):
    """A metered endpoint that knows for whom it is asked."""

    metered: Metered
    tenant: str
    case: Usage | None
    """What the case cost before this; None: there is no case."""
    usage: Usage = field(default_factory=Usage)
    """What was spent here."""
    _last: Usage = field(default_factory=Usage)
    """What the last call cost."""

    def _behind(self) -> Endpoint:
        return self.metered

    async def say(self, asked: Asked) -> Said:
        """The model's next message. Raises: ModelError, whose `usage` has its price; BudgetSpentError."""
        budgets = self.metered.budgets
        if budgets is None:
            return await self._asked(asked)
        fitted, most, first = await budgets.run(lambda: self._reserved(budgets, asked))
        held, before = [first], self.usage

        async def again() -> None:
            held.append(await budgets.run(lambda: self._reserved_again(budgets, fitted, most, len(held))))

        try:
            return await self._asked(replace(fitted, again=again))
        except EndpointSlowError as error:
            raise self._out_of_time(budgets, before, error) from error
        finally:
            cost = self._last
            await asyncio.shield(budgets.run(lambda: self._settle(budgets, held, cost)))

    async def _asked(self, asked: Asked) -> Said:
        """Ask, and count what it cost."""
        price = self._price()
        self._last = Usage(calls=1, money=None, estimated=True)
        try:
            said = await self.metered.endpoint.say(asked)
        except ModelError as error:
            error.usage = self._last = _priced(error.usage, price)
            self.usage = self.usage.plus(self._last)
            raise
        self._last = _priced(said.usage, price)
        self.usage = self.usage.plus(self._last)
        return replace(said, usage=self._last)

    def _price(self) -> Price | None:
        return None if self.metered.prices is None else self.metered.prices.of(self.metered.endpoint)

    def _spent(self, usage: Usage) -> Usage | None:
        return None if self.case is None else self.case.plus(usage)

    def _reserved(self, budgets: Budgets, asked: Asked) -> tuple[Asked, Usage, Held | None]:
        """The question as there is room for it, the most one request of it costs, and what is held for that.

        Raises: BudgetSpentError."""
        with budgets.alone():
            limits = budgets.limits(self._spent(self.usage), self.tenant)
            fitted, most = fit(limits, asked, self._price(), self.metered.most_output_tokens)
            return fitted, most, budgets.hold(self.tenant, most)

    def _reserved_again(self, budgets: Budgets, asked: Asked, most: Usage, before: int) -> Held | None:
        """What is held for the same request sent once more, after `before` others that may all have to be paid.

        Raises: BudgetSpentError where there is no room for another one."""
        with budgets.alone():
            spent = reduce(Usage.plus, [most] * before, self.usage)
            output = asked.max_output_tokens or self.metered.most_output_tokens
            fit(budgets.limits(self._spent(spent), self.tenant), asked, self._price(), output, fewest=output)
            return budgets.hold(self.tenant, most)

    def _settle(self, budgets: Budgets, held: Sequence[Held | None], cost: Usage) -> None:
        """Book what all requests of a call cost, in the place of what was held for each."""
        first, *more = held
        budgets.settle(self.tenant, first, cost)
        for one in more:
            if one is not None:
                one.settle(Usage())

    def _out_of_time(self, budgets: Budgets, before: Usage, error: EndpointSlowError) -> ModelError:
        """Whether it was the budget's time that was over, or the endpoint that was slow."""
        for limit in budgets.limits(self._spent(before), self.tenant) if self.case is not None else ():
            if limit.scope == "case" and limit.what == "seconds" and error.usage.seconds >= limit.left:
                spent = limit.gone(f"the case's {limit.limit:g} s of waiting for models are over")
                spent.usage = error.usage
                return spent
        return error


def fit(
    limits: Sequence[Limit], asked: Asked, price: Price | None, most_output: int, *, fewest: int = FEWEST_TOKENS
) -> tuple[Asked, Usage]:
    """The question cut to what the limits leave, and the most that one request of it can cost in tokens and money.

    `fewest`: tokens of an answer that there has to be room for.

    Raises: BudgetSpentError when there is no room for an answer worth having."""
    given, output = _most_tokens(asked), asked.max_output_tokens or most_output
    requests, seconds = asked.most_requests, asked.timeout_s
    for limit in limits:
        match limit.what:
            case "calls":
                requests = min(requests or sys.maxsize, int(limit.left))
            case "seconds":
                seconds = min(seconds or sys.maxsize, limit.left)
            case "tokens":
                output = min(output, int(limit.left) - given)
            case "money":
                output = min(output, _affordable(limit, given, price))
        if output < min(fewest, most_output) or requests == 0 or seconds == 0:
            raise limit.gone(_told(limit, given))
    most = Usage(calls=1, input_tokens=given, output_tokens=output, money=0.0)
    if price is not None:
        most = most.model_copy(update={"money": price.of(most)})
    return replace(asked, max_output_tokens=output, most_requests=requests, timeout_s=seconds), most


def _told(limit: Limit, given: int) -> str:
    if limit.what in ("tokens", "money") and limit.left > 0:
        return (
            f"the budget of {limit.what} per {limit.scope} has no room for this call"
            f" ({limit.spent:g} of {limit.limit:g} spent, about {given} tokens to be sent)"
        )
    return ""


def _affordable(limit: Limit, given: int, price: Price | None) -> int:
    """Tokens of an answer that the money suffices for. Raises: BudgetSpentError where nobody knows the price."""
    if price is None:
        raise limit.gone("a budget of money is set and this model has no known price: add it to MCPSOC_MODEL_PRICES")
    left = limit.left - price.of(Usage(input_tokens=given))
    if left < 0:
        return -1
    return int(left * 1_000_000 / price.output) if price.output else sys.maxsize


def _most_tokens(asked: Asked) -> int:
    """No fewer tokens than a request has: three bytes each, where usage counts four characters."""
    return sum(len(part.encode()) for part in written(asked)) // 3 + 1


def _priced(usage: Usage, price: Price | None) -> Usage:
    """The usage with its price; what was not sent costs nothing, whoever it was not sent to."""
    if not usage.calls:
        return usage.model_copy(update={"money": 0.0})
    return usage.model_copy(update={"money": None if price is None else price.of(usage)})


def open_metered(
    settings: Settings,
    *,
    endpoint: EndpointSettings | None = None,
    model: ModelSettings | None = None,
    name: str | None = None,
    budgets: Budgets | None = None,
) -> Metered:
    """The endpoint that the settings name, metered: its account is in the home, its prices are those of the settings.

    Opens nothing yet. Raises: ModelUnfitError when no model is named, or a setting cannot be used."""
    chosen = model or ModelSettings()
    return Metered(
        open_endpoint(settings, endpoint=endpoint, model=chosen, name=name),
        budgets or Budgets(BudgetSettings(), settings.root / SPEND_FILE),
        load_prices(chosen.prices),
        chosen.max_output_tokens,
    )
