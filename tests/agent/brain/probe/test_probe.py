"""Models of every kind of fitness, behind a real endpoint on loopback: each is judged for what it is."""

from collections.abc import Callable

import pytest

from agent.brain.endpoint import HttpEndpoint
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings
from agent.brain.endpoint.testing import PlayedEndpoint, Player, Trouble
from agent.brain.fitness import CHECKS, CheckName, Fitness
from agent.brain.probe import Limits, Probe, Progress, Scope
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
