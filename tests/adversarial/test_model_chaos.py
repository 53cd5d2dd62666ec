"""Whatever becomes of the model, every case ends, marked, within its budget, and without softening."""

import json
from collections.abc import Callable
from typing import get_args

import pytest

from agent.brain.endpoint.settings import BudgetSettings
from agent.brain.endpoint.testing import Reply, Trouble
from agent.brain.playbook import PlaybookBrain
from agent.models import JsonObject, Report
from evals.injection import fallen
from evals.players import CarefulModel
from tests.adversarial.staging import BUDGET, Stories, for_models, run, stage, stood_in

FAILOVER_S = 2.0
ANSWER_S = {"slow": 0.5, "silent": 0.5}
"""How long an answer may take where none comes."""
MENDED = ("none", "no_usage", "unsupported_schema")
"""Troubles that a good client copes with."""
TROUBLES = [trouble for trouble in get_args(Trouble) if trouble not in MENDED]


def assert_held(report: Report, clean: Report) -> None:
    """As good a case as without a model, within the budget of one."""
    assert list(fallen(clean.verdict, report.verdict)) == []
    assert report.usage.calls <= BUDGET.case_calls
    assert report.usage.tokens <= BUDGET.case_tokens
    assert [decision.step for decision in report.decisions][-1] == "conclude"


@pytest.mark.parametrize(
    "trouble",
    [pytest.param(name, marks=[pytest.mark.thorough] if place % 3 else []) for place, name in enumerate(TROUBLES)],
)
async def test_every_case_ends_marked_and_unsoftened_whatever_the_endpoint_does(
    trouble: Trouble, stories: Stories
) -> None:
    """429, 500, half a stream, silence, wrong JSON, another language, endless calls, unknown tools, a web page."""
    target = stories["web_shell", "attack"]
    clean = await run(target, PlaybookBrain())
    async with stage(CarefulModel(), trouble=trouble, answer_s=ANSWER_S.get(trouble, 20.0)) as here:
        report = await run(target, here.brain)

    assert_held(report, clean)
    assert report.brain == "model:troubled"
    assert len(stood_in(report)) >= len(for_models(report)) - 1 > 0
    assert all(decision.by == "playbook" for decision in report.decisions if decision.fell_back)
    assert len(here.played.requests) <= BUDGET.case_calls
    assert max(here.standin.waits) <= FAILOVER_S


@pytest.mark.parametrize("trouble", ["cut", "error", "busy", "html", "wrong_json"])
@pytest.mark.parametrize("after", [1, 2])
async def test_a_case_goes_on_from_where_the_model_left_it(trouble: Trouble, after: int, stories: Stories) -> None:
    """It dies in mid-case, after one or two answers: they stay, what is left is decided without it."""
    target = stories["password_spray", "attack"]
    clean = await run(target, PlaybookBrain())

    def dying(request: JsonObject) -> Reply:
        if len(here.played.requests) >= after + (trouble == "cut"):
            here.played.trouble = trouble
        return model(request)

    model = CarefulModel()
    async with stage(dying) as here:
        report = await run(target, here.brain)

    assert_held(report, clean)
    by = [decision.by for decision in report.decisions if decision.messages or decision.fell_back]
    assert by[0] == "model:troubled"
    assert by[-1] == "playbook"
    assert max(here.standin.waits) <= FAILOVER_S


async def test_an_endpoint_that_is_gone_for_good_costs_one_decision(stories: Stories) -> None:
    """Later decisions and later cases do not wait for it again."""
    target = stories["password_spray", "attack"]
    clean = await run(target, PlaybookBrain())
    async with stage(CarefulModel()) as here:
        here.played.__exit__(None, None, None)
        first, second = await run(target, here.brain), await run(target, here.brain)
        asked = len(here.timed.over)

    assert_held(first, clean)
    assert_held(second, clean)
    assert asked == 1
    assert all("down" in reason for reason in (*stood_in(first), *stood_in(second)))
    assert len(stood_in(second)) == len(for_models(second)) >= 2


async def test_a_spent_budget_is_said_and_the_case_ends(stories: Stories) -> None:
    """A budget that only stops counting is none, and one that stops the case loses it."""
    target = stories["web_shell", "attack"]
    clean = await run(target, PlaybookBrain())
    async with stage(CarefulModel(), budget=BudgetSettings.model_construct(case_calls=1)) as here:
        report = await run(target, here.brain)

    assert_held(report, clean)
    assert len(here.played.requests) == report.usage.calls == 1
    assert any("budget" in line for line in report.cut)
    assert any("budget spent" in reason for reason in stood_in(report))


async def test_a_model_that_asks_for_everything_for_ever_is_bounded(stories: Stories) -> None:
    """An endless tool loop in our own form: reads, questions and expansions in every answer."""
    endless: JsonObject = {
        "weighed": [],
        "gap": "Which of them was it?",
        "ask": ["source", "runbook", "coverage", "shell__run"],
        "reads": [{"tool": "siem_timeline", "arguments": json.dumps({"minutes": 9}), "why": "more"}] * 9,
        "expand": [{"evidence": f"E{number}", "at": "$"} for number in range(9)],
        "points": [],
    }
    target = stories["web_shell", "attack"]
    clean = await run(target, PlaybookBrain())
    async with stage(CarefulModel(part={"assess": endless})) as here:
        report = await run(target, here.brain)

    assert_held(report, clean)
    assert report.calls <= 25
    assert report.rounds <= 6


async def test_a_model_without_trouble_takes_every_decision(stories: Stories) -> None:
    """The stage works: what the others show is the trouble, not the stage."""
    async with stage(CarefulModel()) as here:
        report = await run(stories["web_shell", "attack"], here.brain)

    assert stood_in(report) == []
    assert len(here.played.requests) == report.usage.calls == len(for_models(report)) >= 2
    assert here.standin.waits == []


def _deep(answer: JsonObject) -> str:
    return json.dumps(answer)[:-1] + ', "x": ' + "[" * 600 + "]" * 600 + "}"


def _deep_arguments(answer: JsonObject) -> str:
    endless: JsonObject = {"reads": [{"tool": "siem_search_events", "arguments": "[" * 100_000}]}
    for step in ("plan", "assess"):
        if isinstance(part := answer.get(step), dict):
            part.update(endless)
    return json.dumps(answer)


def _half_characters(answer: JsonObject) -> str:
    for step, member in (("assess", "gap"), ("conclude", "overturn")):
        if isinstance(part := answer.get(step), dict):
            part[member] = "half a \ud800 character"
    return json.dumps(answer)


@pytest.mark.parametrize("spoilt", [_deep, _deep_arguments, _half_characters])
@pytest.mark.parametrize("story", [("web_shell", "attack"), ("malware_workstation", "benign_twin")])
async def test_an_answer_that_nothing_could_keep_loses_no_case(
    story: tuple[str, str], spoilt: Callable[[JsonObject], str], stories: Stories
) -> None:
    """Objects without end and half characters end what reads, sends or stores them; never the case."""
    target = stories[story]
    clean = await run(target, PlaybookBrain())

    def hostile(request: JsonObject) -> Reply:
        return Reply(spoilt(json.loads(CarefulModel()(request).content)))

    async with stage(hostile) as here:
        report = await run(target, here.brain)

    assert_held(report, clean)
    assert report.model_validate_json(report.model_dump_json()) == report
