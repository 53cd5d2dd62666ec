"""A case goes on whatever becomes of the model, and the model is asked again when it is back."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from agent.brain.endpoint.errors import (
    BudgetSpentError,
    EndpointDownError,
    EndpointFailedError,
    EndpointSlowError,
    ModelError,
    RateLimitedError,
    RefusedError,
)
from agent.brain.failover import Breaker, FailoverBrain
from agent.brain.model.brain import ModelBrain
from agent.brain.protocol import CaseView
from agent.errors import ModelRecordError
from agent.models import Decision, JsonObject
from tests.agent.brain.conftest import Driven
from tests.agent.brain.model.playing import Answer, Recording, as_playbook, contested

DOWN = EndpointDownError("nobody answers")


@dataclass(slots=True)
class Case:
    """A case whose decisions are kept, as the graph keeps them."""

    brain: FailoverBrain
    endpoints: Sequence[Recording]
    views: dict[str, CaseView]
    decisions: list[Decision] = field(default_factory=list)
    cuts: list[tuple[str, ...]] = field(default_factory=list)

    async def decide(self, step: str) -> Decision:
        """One decision."""
        view = replace(self.views[step], decisions=tuple(self.decisions))
        for endpoint in self.endpoints:
            endpoint.step, endpoint.view = step, view
        match step:
            case "plan":
                taken = (await self.brain.plan(view)).taken
            case "assess":
                taken = (await self.brain.assess(view, ())).taken
            case "challenge":
                taken = (await self.brain.challenge(view)).taken
            case _:
                taken = (await self.brain.conclude(view)).taken
        assert taken is not None
        kept = {name: getattr(taken, name) for name in ("by", "prompt", "messages", "problems", "fell_back", "usage")}
        decision = Decision.model_validate({"step": step, "answer": {}, **kept})
        self.decisions.append(decision)
        self.cuts.append(taken.cut)
        return decision


def case_of(driven: Driven, *endpoints: Recording, breakers: Sequence[Breaker] = ()) -> Case:
    """A case in front of one model, or of a cheap and a strong one."""
    models = [ModelBrain(endpoint, mode="json_schema") for endpoint in endpoints]
    views = {step: driven.view(step) for step in ("plan", "assess", "challenge", "conclude")}
    return Case(FailoverBrain(models, breakers=breakers), endpoints, views)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DOWN, "endpoint down: nobody answers"),
        (EndpointSlowError("no answer within 60 s"), "endpoint slow: no answer within 60 s"),
        (RateLimitedError("too many"), "endpoint busy: too many"),
        (EndpointFailedError("it answered 500", status=500), "endpoint failed: it answered 500"),
        (RefusedError("I cannot help"), "model refused: I cannot help"),
    ],
)
async def test_the_embedded_brain_takes_this_decision_and_all_later_ones(
    spray: Driven, error: ModelError, told: str
) -> None:
    """A case decided half by a model that comes and goes would be neither's."""
    endpoint = Recording(as_playbook, fails=(None, error))
    case = case_of(spray, endpoint)

    taken = [await case.decide(step) for step in ("plan", "assess", "challenge", "conclude")]

    assert [decision.by for decision in taken] == ["model:played", "playbook", "playbook", "playbook"]
    assert [decision.fell_back for decision in taken] == [None, told, told, told]
    assert len(endpoint.asked) == 2


async def test_nonsense_is_forgiven_once(spray: Driven) -> None:
    """One decision that cannot be read may be chance; two are a model that cannot do this."""
    good: JsonObject = {"hypothesis": "takeover", "disposition": "true_positive", "highlights": []}

    def say(step: str, view: CaseView, asked: object) -> JsonObject:
        return good if step == "conclude" else {"what": "is this"}

    spray = replace(spray, views=tuple((step, contested(view)) for step, view in spray.views))
    forgiven = case_of(spray, Recording(say))
    steps = [await forgiven.decide(step) for step in ("challenge", "conclude")]
    assert [decision.by for decision in steps] == ["playbook", "model:played"]

    lost = case_of(spray, Recording(say))
    steps = [await lost.decide(step) for step in ("challenge", "challenge", "conclude")]
    assert [decision.by for decision in steps] == ["playbook"] * 3
    assert all(str(decision.fell_back).startswith("nonsense") for decision in steps)


async def test_later_cases_start_on_the_embedded_brain_until_one_try_succeeds(spray: Driven) -> None:
    """An endpoint that is down must not cost every case its time-out, and must not need a restart when it is back."""
    clock = [0.0]
    breaker = Breaker(timer=lambda: clock[0])
    endpoint = Recording(as_playbook, fails=(DOWN, DOWN))

    async def plan_of_a_case() -> str:
        case = case_of(spray, endpoint, breakers=(breaker,))
        return (await case.decide("plan")).by

    assert await plan_of_a_case() == "playbook"
    assert [await plan_of_a_case() for _ in range(3)] == ["playbook"] * 3
    assert len(endpoint.asked) == 1
    clock[0] = 31
    assert await plan_of_a_case() == "playbook"
    clock[0] = 31 + 59
    assert await plan_of_a_case() == "playbook"
    assert len(endpoint.asked) == 2
    clock[0] = 31 + 61
    assert [await plan_of_a_case() for _ in range(2)] == ["model:played"] * 2


def test_only_one_decision_tries_after_a_pause_and_pauses_grow_to_ten_minutes() -> None:
    """A recovering endpoint is asked one thing, not everything at once."""
    clock = [0.0]
    breaker = Breaker(timer=lambda: clock[0])
    pauses = []
    for _ in range(7):
        breaker.opened("down")
        start = clock[0]
        while not breaker.allows():
            clock[0] += 1
        assert not breaker.allows()
        pauses.append(clock[0] - start)

    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    breaker.closed()
    assert breaker.allows()
    assert breaker.allows()


def test_decisions_that_fail_together_make_one_pause() -> None:
    """Eight cases at once against a dead endpoint are one failure, not a pause of an hour."""
    clock = [0.0]
    breaker = Breaker(timer=lambda: clock[0])
    for _ in range(8):
        breaker.opened("down")

    clock[0] = 30
    assert breaker.allows()


async def test_a_spent_budget_is_said_once_and_hands_the_case_over(spray: Driven) -> None:
    """What a budget left out belongs into the report; that the endpoint is fine stays true for the next case."""
    spent = BudgetSpentError("case", "tokens", 60_000, 59_990)
    breaker = Breaker()
    case = case_of(spray, Recording(as_playbook, fails=(None, spent)), breakers=(breaker,))

    await case.decide("plan")
    assessed = await case.decide("assess")

    assert str(assessed.fell_back).startswith("budget spent: the budget of tokens per case")
    assert (await case.decide("conclude")).by == "playbook"
    assert case.cuts == [(), ("model:played: the budget of tokens per case is spent (59990 of 60000)",), ()]
    assert breaker.allows()


def naming_a_gap(name: str) -> Answer:
    """A model that sees a gap and knows no look for it."""

    def say(step: str, view: CaseView, asked: object) -> JsonObject:
        return {"weighed": [], "gap": f"{name} does not know", "ask": [], "reads": [], "expand": [], "points": []}

    return say


async def test_the_strong_model_is_asked_where_the_cheap_one_leaves_a_gap(spray: Driven) -> None:
    """The expensive model is for what the cheap one cannot settle, from the very same request."""
    cheap = Recording(naming_a_gap("cheap"))
    strong = Recording(naming_a_gap("strong"), name="model:strong")
    case = case_of(spray, cheap, strong)

    decision = await case.decide("assess")

    assert decision.by == "model:strong"
    assert strong.asked[0].messages == cheap.asked[0].messages
    assert decision.usage.calls == 2
    assert "asked instead of model:played" in decision.problems[-1]


async def test_the_cheap_models_word_stands_where_the_strong_one_is_down(spray: Driven) -> None:
    """The second model is a help, not a condition."""
    strong = Recording(as_playbook, name="model:strong", fails=(DOWN,))
    case = case_of(spray, Recording(naming_a_gap("cheap")), strong)

    decision = await case.decide("assess")

    assert (decision.by, decision.fell_back) == ("model:played", None)
    assert decision.problems[-1] == "model:strong did not answer: endpoint down: nobody answers"


async def test_the_strong_model_is_left_alone_where_the_cheap_one_agrees_with_the_evidence(spray: Driven) -> None:
    """Cheap first is the point of having two."""
    strong = Recording(as_playbook, name="model:strong")
    case = case_of(spray, Recording(as_playbook), strong)

    for step in ("plan", "assess", "challenge", "conclude"):
        assert (await case.decide(step)).by == "model:played"

    assert strong.asked == []


async def test_nothing_is_sent_before_it_was_announced(spray: Driven) -> None:
    """A person hears where data goes before it goes."""
    endpoint = Recording(as_playbook)
    heard: list[int] = []
    brain = FailoverBrain(
        [ModelBrain(endpoint, mode="json_schema")], before_first=lambda model: heard.append(len(endpoint.asked))
    )
    case = Case(brain, [endpoint], {"plan": spray.view("plan")})

    await case.decide("plan")
    await case.decide("plan")

    assert heard == [0]


async def test_an_error_that_is_none_of_the_models_hands_over_as_well(spray: Driven) -> None:
    """A record of models that cannot be read is no reason to lose a case."""
    endpoint = Recording(as_playbook)

    def broken(model: ModelBrain) -> None:
        raise ModelRecordError("model.json cannot be read")

    brain = FailoverBrain([ModelBrain(endpoint, mode="json_schema")], before_first=broken)
    case = Case(brain, [endpoint], {"plan": spray.view("plan")})

    assert (await case.decide("plan")).fell_back == "model failed: model.json cannot be read"
    assert endpoint.asked == []


async def test_a_strong_model_elsewhere_is_not_shown_what_the_one_on_this_machine_was(spray: Driven) -> None:
    """The first is shown names; in its conversation they would leave with the first request to the second."""
    cheap = Recording(naming_a_gap("cheap"))
    strong = Recording(naming_a_gap("strong"), name="model:strong", on_this_machine=False)
    case = case_of(spray, cheap, strong)

    await case.decide("plan")
    await case.decide("assess")
    shown = "".join(str(message["content"]) for message in cheap.asked[-1].messages[1:])
    sent = "".join(str(message["content"]) for message in strong.asked[-1].messages[1:])
    names = {str(field.value) for field in spray.view("plan").alert.fields if field.name in ("host.name", "user.name")}

    assert any(name in shown for name in names)
    assert not [name for name in names if name in sent]
    assert "HOST-A" in sent or "USER-A" in sent


async def test_each_place_is_announced_though_the_models_have_one_name(spray: Driven) -> None:
    """The same model at two endpoints is two places that data goes to."""
    heard: list[str] = []
    places = [Recording(naming_a_gap("x")), Recording(naming_a_gap("x"), shown="https://llm.example/v1")]
    models = [ModelBrain(place, mode="json_schema") for place in places]
    brain = FailoverBrain(models, before_first=lambda model: heard.append(model.endpoint.shown))
    case = Case(brain, places, {step: spray.view(step) for step in ("plan", "assess")})

    await case.decide("assess")

    assert heard == [place.shown for place in places]
