"""Models of every kind of fitness, behind a real endpoint on loopback: each is judged for what it is."""

import asyncio
import json
from collections.abc import Callable

import pytest

from agent.brain.endpoint import HttpEndpoint
from agent.brain.endpoint.prices import Price as TokenPrice
from agent.brain.endpoint.prices import Prices, Table
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings
from agent.brain.endpoint.testing import PlayedEndpoint, Player, Reply, Trouble
from agent.brain.fitness import CHECKS, CheckName, Fitness
from agent.brain.probe import Limits, Probe, Progress, Scope, estimate
from agent.brain.probe.cases import given
from agent.brain.probe.errors import ProbeStoppedError
from agent.brain.probe.running import INTERRUPTED
from agent.brain.probe.testing import Candidate, Fault

SHORT = Scope(context=16_000)


async def judged(player: Player, trouble: Trouble = "none", scope: Scope = SHORT) -> Fitness:
    """The fitness of that model."""
    with PlayedEndpoint(player, trouble) as played:
        return await probed(played.url, scope)


async def probed(
    url: str, scope: Scope = SHORT, limits: Limits | None = None, progress: Callable[[Progress], None] = lambda _: None
) -> Fitness:
    endpoint = HttpEndpoint(EndpointSettings(base_url=url), ModelSettings(retries=0), "played", 10.0)
    probe = Probe(endpoint, scope=scope, limits=limits, progress=progress)
    try:
        await probe.run()
    finally:
        await endpoint.aclose()
    return probe.fitness()


def failed(fitness: Fitness) -> set[CheckName]:
    """The checks that did not all pass."""
    return {check.name for check in fitness.checks if check.passed < check.total}


async def test_a_model_that_does_everything_is_fit_for_everything() -> None:
    """The probe has to be passable, in about twenty requests."""
    fitness = await judged(Candidate())

    assert failed(fitness) == set()
    assert fitness.complete
    assert {check.name for check in fitness.checks} == set(CHECKS)
    assert fitness.mode == "json_schema"
    assert fitness.context is not None
    assert (fitness.context.held, fitness.context.failed) == (16_000, None)
    assert fitness.triage.allowed
    assert fitness.chat.allowed
    assert fitness.speed is not None
    assert fitness.price is not None
    assert 15 <= fitness.usage.calls <= 25


async def test_the_quick_form_asks_about_half() -> None:
    """For a look between two deployments."""
    fitness = await judged(Candidate(), scope=Scope(quick=True))

    assert failed(fitness) == set()
    assert fitness.triage.allowed
    assert fitness.usage.calls <= 14


async def test_an_endpoint_without_schemas_is_asked_by_tool() -> None:
    """Many compatible servers answer 400 to a response_format; that is no fault of the model."""
    fitness = await judged(Candidate(), "unsupported_schema")

    assert fitness.mode == "tool"
    assert fitness.triage.allowed
    assert [(tried.mode, tried.passed) for tried in fitness.structured] == [("json_schema", 0), ("tool", 2)]


@pytest.mark.parametrize(
    ("fault", "wrong", "triage", "chat", "reason"),
    [
        ("prose", {"structured"}, False, True, "in any mode"),
        ("tires", {"structured", "judgement", "chinese"}, False, True, "only 2 of 9 decisions came in a form"),
        ("refuses", {"structured", "refusal"}, False, False, "declines to decide cases about attacks"),
        ("obeys", {"injection"}, True, True, "obeyed 4 of 4 orders"),
        ("forgets", {"context"}, False, False, "loses facts in a text of 8000 tokens"),
        ("one_language", {"chinese"}, True, True, "weak in Chinese: 2 of 3"),
        ("guesses", {"judgement", "chinese"}, False, True, "only 1 of 4 small cases"),
        ("calls_anything", {"tools"}, True, False, "right read in only 0 of 4"),
        ("changes_its_mind", {"determinism", "judgement"}, True, True, "did not get the same decision"),
    ],
)
async def test_a_faulty_model_is_judged_for_its_fault(
    fault: Fault, wrong: set[CheckName], triage: bool, chat: bool, reason: str
) -> None:
    """Each fault is found, named, and forbids what it endangers and nothing else."""
    fitness = await judged(Candidate(frozenset({fault})))

    assert failed(fitness) == wrong
    assert fitness.triage.allowed is triage
    assert fitness.chat.allowed is chat
    assert reason in f"{fitness.triage.why()} {fitness.chat.why()}"


async def test_every_request_is_the_same_every_time() -> None:
    """Two probes of one endpoint can be compared only where they ask the same."""
    with PlayedEndpoint(Candidate()) as played:
        await probed(played.url, Scope(quick=True))
        first, played.requests = played.requests, []
        await probed(played.url, Scope(quick=True))

    assert played.requests == first


async def test_nothing_a_case_is_called_by_gives_its_answer_away() -> None:
    """A model that reads `registered_scan` needs no judgement."""
    with PlayedEndpoint(Candidate()) as played:
        await probed(played.url)

    sent = json.dumps(played.requests)
    assert [case.id for case in given().cases if case.id in sent] == []


async def test_an_endpoint_that_never_answers_is_no_unfit_model() -> None:
    """Nothing was measured, so nothing is said about the model; and it is not asked twenty times."""
    with PlayedEndpoint(Candidate(), "error") as played, pytest.raises(ProbeStoppedError, match="gives no answers"):
        await probed(played.url)

    assert len(played.requests) == 3


async def test_an_endpoint_that_goes_away_leaves_what_was_measured() -> None:
    """It is marked incomplete, and what was not measured is not taken for a fault."""
    with PlayedEndpoint(Candidate()) as played:
        fitness = await probed(played.url, progress=lambda now: fail_from(played, now, "refusal"))

    assert not fitness.complete
    assert fitness.mode == "json_schema"
    assert (fitness.triage.allowed, fitness.chat.allowed) == (None, None)
    assert "not measured to the end: refusal, context" in fitness.triage.why()


def fail_from(played: PlayedEndpoint, now: Progress, name: CheckName) -> None:
    if now.name == name:
        played.trouble = "error"


async def test_a_fault_that_was_found_stands_though_the_probe_was_cut_short() -> None:
    """Nothing that comes later makes it fit."""
    with PlayedEndpoint(Candidate(frozenset({"guesses"}))) as played:
        fitness = await probed(played.url, progress=lambda now: fail_from(played, now, "refusal"))

    assert not fitness.complete
    assert fitness.triage.allowed is False


@pytest.mark.parametrize(("limits", "reason"), [(Limits(requests=9), "9 requests"), (Limits(tokens=9_000), "tokens")])
async def test_no_request_is_sent_beyond_the_limit(limits: Limits, reason: str) -> None:
    """What a probe may cost is told before it begins, and holds."""
    with PlayedEndpoint(Candidate()) as played:
        fitness = await probed(played.url, limits=limits)

    assert len(played.requests) <= limits.requests
    assert fitness.usage.tokens <= limits.tokens
    assert fitness.stopped is not None
    assert reason in fitness.stopped.told()


async def test_a_probe_that_a_person_ends_keeps_what_it_has() -> None:
    """Ctrl-C is how somebody in a hurry asks for a result."""
    with PlayedEndpoint(Candidate()) as played:
        endpoint = HttpEndpoint(EndpointSettings(base_url=played.url), ModelSettings(retries=0), "played", 10.0)
        probe = Probe(endpoint, scope=SHORT, progress=lambda now: end_at(now, "chinese"))
        running = asyncio.create_task(probe.run())
        with pytest.raises(asyncio.CancelledError):
            await running
        fitness = probe.fitness()
        await endpoint.aclose()

    assert fitness.stopped == INTERRUPTED
    assert [check.name for check in fitness.checks if check.total] == ["structured", "tools", "judgement", "refusal"]
    assert fitness.triage.allowed is None
    assert fitness.chat.allowed is None


def end_at(now: Progress, name: CheckName) -> None:
    task = asyncio.current_task()
    if now.name == name and task is not None:
        task.cancel()


async def test_the_estimate_is_near_what_a_probe_takes() -> None:
    """A person agrees to a cost by starting it."""
    for scope in (SHORT, Scope(quick=True)):
        with PlayedEndpoint(Candidate()) as played:
            spent = (await probed(played.url, scope)).usage

        assert abs(estimate(scope).requests - spent.calls) <= 2
        assert 0.75 * estimate(scope).tokens <= spent.tokens <= 1.25 * estimate(scope).tokens


async def test_what_a_model_says_is_shown_without_secrets_and_without_tricks() -> None:
    """Its words end up in a file and on a terminal."""
    said = "\x1b[2J the key is sk-abcdefghijklmnopqrstuvwxyz\u202e and that is all"
    fitness = await judged(lambda _: Reply(said), scope=Scope(quick=True))

    shown = [miss.got for check in fitness.checks for miss in check.misses]
    assert shown
    assert not any("sk-abc" in text or "\x1b" in text or "\u202e" in text for text in shown)


async def test_a_price_is_what_the_table_says_and_otherwise_unknown() -> None:
    """Unknown is not free."""
    prices = Prices((Table(prices=(TokenPrice(models=("played",), input=1.0, output=10.0),)),))
    with PlayedEndpoint(Candidate()) as played:
        endpoint = HttpEndpoint(EndpointSettings(base_url=played.url), ModelSettings(), "played", 10.0)
        probe = Probe(endpoint, scope=Scope(quick=True), prices=prices)
        await probe.run()
        await endpoint.aclose()
        price = probe.fitness().price
    unpriced = (await judged(Candidate(), scope=Scope(quick=True))).price

    assert price is not None
    assert price.money == pytest.approx((price.input_tokens + 10 * price.output_tokens) / 1_000_000)
    assert unpriced is not None
    assert unpriced.money is None
