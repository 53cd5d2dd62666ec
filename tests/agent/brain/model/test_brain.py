"""When a model is asked, how often, and what its answers become."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.brain.endpoint.errors import BudgetSpentError, EndpointDownError
from agent.brain.endpoint.protocol import Asked
from agent.brain.model.brain import ModelBrain
from agent.brain.model.conversation import resume
from agent.brain.protocol import CaseView
from agent.models import Decision, Disposition, JsonObject
from tests.agent.brain.conftest import Driven
from tests.agent.brain.model.playing import Answer, Played, Recording, as_playbook, contested


def concluding(*dispositions: Disposition) -> Answer:
    """A model that concludes these in turn, and otherwise decides as the playbook does."""
    left = list(dispositions)

    def say(step: str, view: CaseView, asked: Asked) -> JsonObject:
        if step != "conclude":
            return as_playbook(step, view, asked)
        return {"hypothesis": view.hypotheses[-1].id, "disposition": left.pop(0), "highlights": []}

    return say


async def test_a_case_that_would_close_is_looked_at_twice(twin: Driven) -> None:
    """Closing is the one answer that nobody looks at again: it has to hold with the roles swapped."""
    endpoint = Recording(concluding("false_positive", "needs_human"))

    conclusion = await Played(endpoint).conclude(twin.view("conclude"))

    assert (conclusion.disposition, conclusion.second) == ("false_positive", "needs_human")
    assert len(endpoint.asked) == 2
    ids = [hypothesis.id for hypothesis in twin.view("conclude").hypotheses]
    assert ", ".join(reversed(ids)) in str(endpoint.asked[1].messages[-1]["content"])


@pytest.mark.parametrize(
    ("draft", "concluded", "asked"),
    [
        ("needs_human", "needs_human", 1),
        ("true_positive", "true_positive", 1),
        ("false_positive", "needs_human", 1),
        ("needs_human", "false_positive", 1),
        ("false_positive", "true_positive", 2),
        ("true_positive", "false_positive", 2),
        ("benign_true_positive", "false_positive", 2),
    ],
)
async def test_a_second_look_is_taken_only_where_it_can_change_something(
    twin: Driven, draft: Disposition, concluded: Disposition, asked: int
) -> None:
    """An open case stays open whatever a second look says: asking would be tokens for nothing."""
    endpoint = Recording(concluding(concluded, concluded))

    conclusion = await Played(endpoint).conclude(replace(twin.view("conclude"), draft=draft))

    assert len(endpoint.asked) == asked
    assert conclusion.second == (concluded if asked == 2 else None)


async def test_a_second_look_that_nobody_can_pay_for_is_said(twin: Driven) -> None:
    """The first word stands, and the report tells that it was not held against the other side."""
    endpoint = Recording(concluding("false_positive"), fails=(None, BudgetSpentError("case", "calls", 4, 4)))

    conclusion = await Played(endpoint).conclude(twin.view("conclude"))

    assert conclusion.second is None
    assert conclusion.taken is not None
    assert conclusion.taken.cut[0].startswith("the second look was not taken: the budget of calls per case is spent")


async def test_a_model_is_not_asked_to_assess_when_nothing_new_can_be_weighed(spray: Driven) -> None:
    """A call that can decide nothing is not made; what came is told with the next one."""
    view = spray.view("conclude")
    endpoint = Recording(as_playbook)

    assessment = await Played(endpoint).assess(view, view.evidence)

    assert endpoint.asked == []
    assert assessment.gap is None
    assert assessment.taken is not None
    assert assessment.taken.by == "model:played"


async def test_a_plan_is_not_asked_for_where_there_is_nothing_to_choose(twin: Driven) -> None:
    """What one question is left is asked at once; a request for it would cost more than the answer."""
    view = twin.view("plan")
    endpoint = Recording(as_playbook)

    plan = await Played(endpoint).plan(view)

    assert endpoint.asked == []
    assert len(plan.first) <= 1
    assert plan.first == tuple(q.id for q in view.open_questions if not q.required and q.readings)


async def test_a_plan_is_asked_for_where_the_case_lives_on_reads(twin: Driven) -> None:
    """A hunt is made of what a brain thinks of itself."""
    view = twin.view("plan")
    endpoint = Recording(as_playbook)

    await Played(endpoint).plan(replace(view, playbook=view.playbook.model_copy(update={"own_reads": 8})))

    assert len(endpoint.asked) == 1


async def test_what_a_model_names_first_is_asked_at_once(spray: Driven) -> None:
    """An order that changes nothing is a wasted request; what it leaves out waits for a gap."""
    endpoint = Recording(lambda step, view, asked: {"order": ["source_history", "attempted_accounts"], "reads": []})

    plan = await Played(endpoint).plan(spray.view("plan"))

    assert plan.first == ("source_history",)


async def test_a_challenge_is_not_asked_for_where_nothing_speaks_for_a_rival(spray: Driven) -> None:
    """Nobody can argue from nothing; the questions that could still speak for malice are asked by code."""
    view = replace(spray.view("challenge"), open_questions=())
    leading = max(view.scores, key=lambda name: view.scores[name])
    silent = tuple(
        finding.model_copy(update={"weights": {leading: finding.weights.get(leading, 0.0)}})
        for finding in view.findings
    )
    endpoint = Recording(as_playbook)

    argued = await Played(endpoint).challenge(replace(view, findings=silent))
    assert (argued.against, argued.argument, endpoint.asked) == (leading, (), [])
    assert argued.taken is not None

    await Played(endpoint).challenge(contested(view))
    assert len(endpoint.asked) == 1


async def test_points_of_its_own_are_no_reason_to_assess_again(spray: Driven) -> None:
    """A model knows what it said itself."""
    view = spray.view("conclude")
    own = view.claims[0].model_copy(update={"id": "brain.p1", "status": "verified"})
    endpoint = Recording(as_playbook)

    await Played(endpoint).assess(replace(view, claims=(*view.claims, own)), ())

    assert endpoint.asked == []


async def test_what_is_asked_together_comes_together(spray: Driven) -> None:
    """A part of an answer that is wanted beside a question does not cost the question, nor a round of its own."""
    view = spray.view("assess")

    def say(step: str, view: CaseView, asked: Asked) -> JsonObject:
        wanted: JsonObject = {"gap": "who it was", "ask": ["source_history"], "expand": ["E5 $.events"]}
        return {**as_playbook("assess", view, asked), **wanted}

    endpoint = Recording(say)
    assessed = await Played(endpoint).assess(view, ())

    assert (assessed.ask, assessed.expand, len(endpoint.asked)) == (("source_history",), ("E5 $.events",), 1)
    assert assessed.taken is not None
    kept = assessed.taken.messages
    decision = Decision(step="assess", by="model:played", answer=assessed.model_dump(mode="json"), messages=kept)
    later = replace(view, decisions=(*view.decisions, decision))
    shown = str(resume(later, hidden=False).message("challenge")["content"])
    assert shown.startswith("Expanded.\nE5 siem_search_events\n  $.events[0] ")
    told = Decision(step="challenge", by="model:played", answer={}, messages=({"role": "user", "content": shown},))
    assert resume(replace(later, decisions=(*later.decisions, told)), hidden=False).promised() == ()


async def test_a_second_look_names_what_would_overturn(twin: Driven) -> None:
    """A word that is only repeated says nothing: the strongest fact against it is kept beside it."""

    def say(step: str, view: CaseView, asked: Asked) -> JsonObject:
        second = "Second look" in str(asked.messages[-1]["content"])
        return {**as_playbook(step, view, asked), "overturn": "targets.many_targets" if second else None}

    conclusion = await Played(Recording(say)).conclude(replace(twin.view("conclude"), draft="false_positive"))

    assert conclusion.overturn == "targets.many_targets"


def expanding(at: str) -> Answer:
    """A model that wants to see more in every assessment."""

    def say(step: str, view: CaseView, asked: Asked) -> JsonObject:
        return {**as_playbook("assess", view, asked), "gap": "what was done", "expand": [at]}

    return say


async def test_a_part_of_an_answer_is_shown_when_a_model_asks_for_it(spray: Driven) -> None:
    """The raw answer stays here; what a decision hangs on is one bounded message away."""
    endpoint = Recording(expanding("E5 $.events"))

    assessment = await Played(endpoint).assess(spray.view("assess"), ())

    shown = str(endpoint.asked[1].messages[-1]["content"])
    assert len(endpoint.asked) == 2
    assert shown.startswith("Expanded.\nE5 siem_search_events\n  $.events[0] ")
    assert "session.id=" in shown
    assert len(shown) < 1_500
    assert assessment.taken is not None
    assert assessment.taken.usage.calls == 2


async def test_a_model_that_always_wants_more_is_shown_no_more_after_two_rounds(spray: Driven) -> None:
    """Otherwise a case ends when its budget does."""
    view = spray.view("assess")
    endpoint = Recording(expanding("E5 $.events"))
    played = Played(endpoint)
    for _ in range(3):
        said = await played.assess(view, ())
        assert said.taken is not None
        decision = Decision(step="plan", by=played.name, answer={}, messages=said.taken.messages)
        view = replace(view, decisions=(*view.decisions, decision), claims=view.claims[:0])
        view = replace(view, claims=spray.view("assess").claims, decisions=(decision, *view.decisions[1:]))

    expansions = [m for a in endpoint.asked for m in a.messages[-1:] if str(m["content"]).startswith("Expanded.")]
    assert len(expansions) <= 2


async def test_an_unusable_answer_is_mended_once(spray: Driven) -> None:
    """A model that is told what was wrong usually gets it right; the case file keeps both."""
    said: list[Callable[[CaseView], JsonObject]] = [
        lambda view: {"rival": "the usual suspects", "argument": [], "ask": []},
        lambda view: {"rival": view.hypotheses[-1].id, "argument": [], "ask": []},
    ]
    endpoint = Recording(lambda step, view, asked: said.pop(0)(view))

    challenge = await Played(endpoint).challenge(contested(spray.view("challenge")))

    assert challenge.taken is not None
    assert [message["role"] for message in challenge.taken.messages] == ["user", "assistant", "user", "assistant"]
    assert "there is no hypothesis" in challenge.taken.problems[0]


async def test_names_come_back_as_themselves(spray: Driven) -> None:
    """An alias in an own read would ask a server about a host that there is not."""
    view = spray.view("plan")
    host = view.alert.text("host.name")

    def say(step: str, view: CaseView, asked: Asked) -> JsonObject:
        arguments = '{"host": "HOST-A1", "start": "2026-03-09T08:00:00Z", "end": "2026-03-09T09:00:00Z"}'
        return {"order": [], "reads": [{"tool": "endpoint_list_files", "arguments": arguments}]}

    endpoint = Recording(say, on_this_machine=False)
    plan = await Played(endpoint, ModelBrain(endpoint, mode="json_schema")).plan(view)

    assert plan.reads[0].arguments["host"] == host
    assert str(host) not in str(endpoint.asked[0].messages)


async def test_an_endpoint_that_is_down_is_an_error_of_the_model(spray: Driven) -> None:
    """Who stands behind a model brain has to hear of it."""
    endpoint = Recording(as_playbook, fails=(EndpointDownError("nobody answers"),))

    with pytest.raises(EndpointDownError):
        await Played(endpoint).plan(spray.view("plan"))


async def test_a_decision_knows_its_prompt_and_what_it_cost(driven: list[Driven]) -> None:
    """A case can be replayed and paid for from what it keeps."""
    for case in driven:
        asked = [decision for decision in case.report.decisions if decision.messages]
        assert all(decision.prompt.startswith("decisions@") for decision in asked)
        assert case.report.usage.calls == len(case.asked)
        assert all(message["role"] != "system" for decision in asked for message in decision.messages)
