"""Budgets hold before a call is made; what it cost is booked and priced, also when it fails."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.brain.endpoint.budgets import Budgets
from agent.brain.endpoint.errors import (
    AccountError,
    BudgetSpentError,
    EndpointFailedError,
    EndpointSlowError,
    ModelUnfitError,
)
from agent.brain.endpoint.metered import Metered, open_metered
from agent.brain.endpoint.prices import Prices, load_prices
from agent.brain.endpoint.protocol import Asked
from agent.brain.endpoint.settings import BudgetSettings, EndpointSettings, ModelSettings
from agent.brain.endpoint.testing import Reply
from agent.models import Usage
from agent.settings import Settings

ASKED = Asked(({"role": "user", "content": "x" * 800},))
FREE = {f"case_{what}": 0 for what in ("calls", "tokens", "seconds", "money")}


def priced(tmp_path: Path, **given: float) -> Prices:
    """A table in which every model costs that much per million."""
    table = {"input": 100, "cached": 10, "output": 1000, **given}
    text = ", ".join(f"{name}: {value}" for name, value in table.items())
    path = tmp_path / "prices.yaml"
    path.write_text(f'prices:\n  - {{models: ["*"], {text}}}\n')
    return load_prices(path)


@pytest.fixture
def metered(opened, tmp_path):
    """The played endpoint with these budgets, an account in a file, and prices."""
    made: list[Budgets] = []
    late = datetime(2026, 3, 9, 23, 59, tzinfo=UTC)

    def metered(prices: Prices | None = None, path: Path | None = tmp_path / "spend.db", **given: float) -> Metered:
        made.append(Budgets(BudgetSettings(**{**FREE, **given}), path, lambda: late))
        return Metered(opened(retries=0), made[-1], prices)

    yield metered
    for budgets in made:
        budgets.close()


async def test_what_a_case_may_cost_is_looked_at_before_a_call(metered, played):
    """The third call of two is not sent."""
    case = metered(case_calls=2).for_case("lab", Usage(calls=1))
    await case.say(ASKED)
    with pytest.raises(BudgetSpentError, match=r"calls per case is spent \(2 of 2\)") as caught:
        await case.say(ASKED)

    assert len(played.requests) == 1
    assert (caught.value.scope, caught.value.what, caught.value.usage.calls) == ("case", "calls", 0)


async def test_a_repeated_request_is_a_call_of_the_budget(metered, played, opened):
    """Trying again may not go around the limit."""
    played.trouble = "error"
    endpoint = metered(case_calls=2)
    case = Metered(opened(retries=5), endpoint.budgets).for_case("lab")
    with pytest.raises(EndpointFailedError):
        await case.say(ASKED)
    assert (len(played.requests), case.usage.calls) == (2, 2)


async def test_the_answer_is_cut_to_what_is_left(metered, played):
    """Tokens are not promised twice: the limit goes out with the request."""
    await metered(case_tokens=1000).for_case("lab", Usage(input_tokens=300)).say(ASKED)
    limit = played.requests[0]["max_tokens"]

    assert 300 < limit < 700 - 800 // 4
    with pytest.raises(BudgetSpentError, match="no room for this call"):
        await metered(case_tokens=1000).for_case("lab", Usage(input_tokens=750)).say(ASKED)
    assert len(played.requests) == 1


async def test_money_is_never_spent_past_its_limit(metered, played, tmp_path):
    """0.1 for input and 1 for output per thousand: what is affordable is asked for, and no more."""
    prices = priced(tmp_path)
    played.player = lambda request: Reply("y" * 4 * request["max_tokens"])
    case = metered(prices, case_money=0.3).for_case("lab")
    for _ in range(3):
        try:
            await case.say(ASKED)
        except BudgetSpentError:
            break

    assert 0 < case.usage.money <= 0.3
    assert played.requests[0]["max_tokens"] < 300


async def test_money_cannot_be_limited_where_nobody_knows_the_price(metered, played):
    """Unknown is not free."""
    with pytest.raises(BudgetSpentError, match="no known price"):
        await metered(case_money=5).for_case("lab").say(ASKED)
    said = await metered().for_case("lab").say(ASKED)

    assert (said.usage.money, len(played.requests)) == (None, 1)


async def test_time_of_a_case_ends_its_last_call(metered, played):
    """The endpoint is not to blame for the budget, and the other way round."""
    played.trouble = "slow"
    with pytest.raises(BudgetSpentError, match="waiting for models are over") as caught:
        await metered(case_seconds=10).for_case("lab", Usage(seconds=9.8)).say(ASKED)
    assert (caught.value.what, caught.value.usage.calls) == ("seconds", 1)
    with pytest.raises(BudgetSpentError, match=r"spent \(10 of 10\)"):
        await metered(case_seconds=10).for_case("lab", Usage(seconds=10)).say(ASKED)
    with pytest.raises(EndpointSlowError):
        await (
            Metered(metered().endpoint, metered(case_seconds=100).budgets)
            .for_case("lab")
            .say(Asked(ASKED.messages, timeout_s=0.2))
        )


async def test_tenants_and_days_are_limited_over_all_processes(metered, played, tmp_path):
    """Another process is another object over the same file; another tenant has its own limit, not its own day."""
    await metered(tenant_calls=1).for_case("a").say(ASKED)
    with pytest.raises(BudgetSpentError, match="calls per tenant"):
        await metered(tenant_calls=1).for_tenant("a").say(ASKED)
    await metered(tenant_calls=1).for_tenant("b").say(ASKED)
    with pytest.raises(BudgetSpentError, match="calls per day"):
        await metered(day_calls=2).for_tenant("c").say(ASKED)

    budgets = metered().budgets
    assert (budgets.today("a").calls, budgets.today().calls, len(played.requests)) == (1, 2, 2)
    rows = sqlite3.connect(tmp_path / "spend.db").execute("SELECT day, tenant, calls FROM spend").fetchall()
    assert rows == [("2026-03-09", "a", 1), ("2026-03-09", "b", 1)]


async def test_a_day_ends_at_midnight_utc(tmp_path):
    """What was spent yesterday is not spent today."""
    now = [datetime(2026, 3, 9, 23, 59, tzinfo=UTC)]
    budgets = Budgets(BudgetSettings(day_calls=1), tmp_path / "spend.db", lambda: now[0])
    budgets.spent("a", Usage(calls=1))
    with pytest.raises(BudgetSpentError, match="per day"):
        budgets.check(None, "a")
    now[0] = datetime(2026, 3, 10, 0, 1, tzinfo=UTC)
    budgets.check(None, "a")
    budgets.close()


async def test_calls_side_by_side_do_not_spend_the_same_room_twice(metered, played):
    """The most that a call can cost is held while it runs, and given back after."""
    endpoint = metered(day_tokens=3000)
    ends = await asyncio.gather(*(endpoint.for_tenant("a").say(ASKED) for _ in range(4)), return_exceptions=True)
    done = [end for end in ends if not isinstance(end, BaseException)]

    assert 1 <= len(done) == len(played.requests) < 4
    assert sum(request["max_tokens"] for request in played.requests) <= 3000 - 200 * len(done)
    assert endpoint.budgets.today("a").tokens == sum(said.usage.tokens for said in done) < 1000


async def test_calls_side_by_side_that_are_repeated_stay_within_what_a_day_may_cost(metered, played, opened, tmp_path):
    """Each repeated request is looked at like a first one: others may have used up the room meanwhile."""
    played.trouble = "error"
    budgets = metered(day_calls=4).budgets
    cases = [Metered(opened(retries=5), budgets).for_case(f"t{number}") for number in range(3)]
    await asyncio.gather(*(case.say(ASKED) for case in cases), return_exceptions=True)

    assert len(played.requests) == budgets.today().calls == 4


async def test_repeated_requests_stay_within_the_tokens_of_a_case(metered, played, opened):
    """What broke off has to be paid as well: another try is made only where there is room for all of them."""
    played.trouble = "half"
    metered_once = metered(case_tokens=2500)
    case = Metered(opened(retries=5), metered_once.budgets, most_output_tokens=600).for_case("lab")
    with pytest.raises(BudgetSpentError):
        await case.say(ASKED)

    assert 1 < len(played.requests) < 6


@pytest.mark.parametrize("limits", [{}, {"day_calls": 5}])
async def test_a_broken_account_is_an_error_of_the_model(metered, played, tmp_path, limits):
    """It hands the case over like any other trouble with a model; nothing is asked without limits."""
    (tmp_path / "spend.db").write_bytes(b"this is no database, whoever wrote it" * 300)
    with pytest.raises(AccountError, match="cannot be used"):
        await metered(**limits).for_case("lab").say(ASKED)


async def test_a_call_that_fails_is_booked_with_what_it_cost(metered, played, tmp_path):
    """Half an answer may have to be paid."""
    played.trouble, played.player = "cut", lambda _: Reply("y" * 4000)
    endpoint = metered(priced(tmp_path), day_tokens=100_000)
    with pytest.raises(EndpointFailedError) as caught:
        await endpoint.for_case("a").say(ASKED)

    spent = endpoint.budgets.today("a")
    assert spent.tokens == caught.value.usage.tokens > 200
    assert spent.money == pytest.approx(caught.value.usage.money)
    assert spent.money > 0


async def test_without_a_file_the_account_lasts_as_long_as_the_process(metered):
    """Evals do not share a purse with the desk."""
    endpoint = metered(path=None, tenant_calls=1)
    await endpoint.for_tenant("a").say(ASKED)
    with pytest.raises(BudgetSpentError):
        await endpoint.for_tenant("a").say(ASKED)


async def test_cached_input_has_its_own_price(metered, played, tmp_path):
    """The saving of a stable prefix is in the sum."""
    case = metered(priced(tmp_path)).for_case("lab")
    first, second = (await case.say(ASKED)).usage, (await case.say(ASKED)).usage

    assert first.money == pytest.approx((first.input_tokens * 100 + first.output_tokens * 1000) / 1e6)
    assert second.cached_tokens > 150
    assert second.money == pytest.approx(
        ((second.input_tokens - second.cached_tokens) * 100 + second.cached_tokens * 10 + 1000) / 1e6
    )
    assert case.usage.money == pytest.approx(first.money + second.money)


@pytest.mark.parametrize(
    ("url", "model", "known"),
    [
        ("https://api.openai.com/v1", "gpt-5-mini", True),
        ("https://api.openai.com/v1", "gpt-5-mini-2025-08-07", True),
        ("https://api.openai.com/v1", "gpt-5-mini-fast", False),
        ("https://gateway.example/v1", "gpt-5-mini", False),
        ("http://127.0.0.1:8089/v1", "qwen", False),
    ],
)
def test_a_price_holds_for_a_model_at_its_endpoint(opened, url, model, known):
    """A gateway has prices of its own, and a machine of ours is free only when somebody says so."""
    endpoint = opened(url=url)
    endpoint.model = model
    assert (load_prices().of(endpoint) is not None) is known


def test_a_table_of_ones_own_wins(opened, tmp_path):
    """Zero where it says zero."""
    price = priced(tmp_path, input=0, cached=0, output=0).of(opened())
    assert price is not None
    assert price.of(Usage(input_tokens=5000, output_tokens=5000)) == 0


@pytest.mark.parametrize("text", ["prices: [", "prices:\n  - {models: [a], input: -1, output: 1}\n", "models: 1\n"])
def test_a_broken_table_is_refused(tmp_path, text):
    """Money is not guessed."""
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(ModelUnfitError, match=r"prices\.yaml"):
        load_prices(path)
    with pytest.raises(ModelUnfitError, match="MCPSOC_MODEL_PRICES"):
        load_prices(tmp_path / "none.yaml")


async def test_the_desk_opens_the_account_of_its_home_on_first_use(played, tmp_path):
    """Making one writes nothing."""
    endpoint = open_metered(
        Settings(home=tmp_path, model="m"), endpoint=EndpointSettings(base_url=played.url), model=ModelSettings()
    )
    assert list(tmp_path.iterdir()) == []
    await endpoint.for_tenant("lab").say(ASKED)
    await endpoint.aclose()
    assert (tmp_path / "spend.db").is_file()
