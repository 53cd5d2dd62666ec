"""Structured answers: three ways to ask, one repair, and what is remembered."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from agent.brain.endpoint.errors import EndpointFailedError, NonsenseError, RateLimitedError, RefusedError
from agent.brain.endpoint.modes import ModeMemory
from agent.brain.endpoint.packaging import unpacked_object
from agent.brain.endpoint.structured import decide
from agent.brain.endpoint.testing import Reply, Scripted
from agent.brain.records import read_record

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"order": {"type": "array", "items": {"type": "string"}}},
    "required": ["order"],
    "additionalProperties": False,
}
MESSAGES = ({"role": "system", "content": "rules"}, {"role": "user", "content": "plan"})
GOOD = {"order": ["q1", "q2"]}


class Plan(BaseModel):
    """The form that is asked for."""

    model_config = ConfigDict(extra="forbid")
    order: list[str]


def parse(value: dict[str, Any]) -> Plan:
    """A plan that names known questions only."""
    plan = Plan.model_validate(value)
    if unknown := [name for name in plan.order if not name.startswith("q")]:
        raise ValueError(f"there is no question {unknown[0]!r}")
    return plan


def able(*modes: str, good: Any = GOOD):
    """A model that gives structured answers in these ways alone, and chatters otherwise."""

    def play(request):
        if "response_format" in request:
            return Reply(json.dumps(good)) if "json_schema" in modes else Reply("I think so.")
        if "tools" in request:
            return Reply(calls=[("decide", good)]) if "tool" in modes else Reply("I think so.")
        return Reply(f"Here:\n```json\n{json.dumps(good)}\n```") if "json" in modes else Reply("I think so.")

    return play


@pytest.mark.parametrize(
    ("modes", "mode", "requests"),
    [(("json_schema", "tool", "json"), "json_schema", 1), (("tool", "json"), "tool", 2), (("json",), "json", 3)],
)
async def test_whatever_works_is_found_out_once(opened, played, tmp_path, modes, mode, requests):
    """The first decision pays for the search, the process and the home remember."""
    played.player, client, memory = able(*modes), opened(), ModeMemory(tmp_path)
    first = await decide(client, MESSAGES, SCHEMA, parse, memory=memory)
    second = await decide(client, MESSAGES, SCHEMA, parse, memory=memory)
    later = await decide(client, MESSAGES, SCHEMA, parse, memory=ModeMemory(tmp_path))

    assert [item.value.order for item in (first, second, later)] == [["q1", "q2"]] * 3
    assert (first.mode, first.usage.calls, len(first.problems)) == (mode, requests, requests - 1)
    assert (second.mode, second.usage.calls, later.usage.calls) == (mode, 1, 1)
    assert read_record(tmp_path, client.shown, "m").mode == mode


async def test_an_endpoint_that_does_not_take_schemas_is_asked_in_another_way(opened, played):
    """A 400 to the first request is an answer about the endpoint."""
    played.trouble, played.player = "unsupported_schema", able("tool")
    decided = await decide(opened(), MESSAGES, SCHEMA, parse)

    assert (decided.mode, decided.usage.calls) == ("tool", 2)
    assert "400" in decided.problems[0]


async def test_a_way_that_is_set_is_the_only_one(opened, played):
    """Who set it knows better; the error says what the endpoint said."""
    played.trouble = "unsupported_schema"
    with pytest.raises(EndpointFailedError, match="400"):
        await decide(opened(), MESSAGES, SCHEMA, parse, "json_schema")
    assert len(played.requests) == 1


@pytest.mark.parametrize("mode", ["json_schema", "tool", "json"])
async def test_what_a_decision_adds_is_what_the_next_request_begins_with(opened, played, mode):
    """An endpoint that keeps what it has read reads only what is new."""
    played.player, client = able(mode), opened()
    first = await decide(client, MESSAGES, SCHEMA, parse, mode)
    await decide(client, (*MESSAGES, *first.messages, {"role": "user", "content": "next"}), SCHEMA, parse, mode)
    before, after = (request["messages"] for request in played.requests)

    assert after[: len(before)] == before
    assert after[len(before)]["role"] == "assistant"
    assert {key: value for key, value in played.requests[0].items() if key != "messages"} == {
        key: value for key, value in played.requests[1].items() if key != "messages"
    }


@pytest.mark.parametrize(
    ("mode", "wrong", "problem"),
    [
        ("json_schema", Reply('{"order": ["x"]}'), "there is no question 'x'"),
        ("json_schema", Reply('{"order": ["q1"'), "no JSON object"),
        ("json_schema", Reply(""), "empty"),
        ("json_schema", Reply('{"order": ["q1"', finish="length"), "cut off at the output limit"),
        ("tool", Reply(calls=[("decide", '{"order": ')]), "no JSON object"),
        ("tool", Reply(calls=[("shell", {"command": "id"})]), "no tool 'shell'"),
        ("tool", Reply(calls=[("decide", GOOD), ("decide", {"order": ["q2"]})]), "more than once"),
        ("json", Reply('{"order": ["q1"]} or {"order": ["q2"]}'), "more than one"),
        ("json", Reply("Lo siento, no puedo."), "no JSON object"),
    ],
)
async def test_a_wrong_answer_is_mended_once(opened, played, mode, wrong, problem):
    """The model is told what was wrong; both tries are in the conversation, and both are paid for."""
    good = Reply(calls=[("decide", GOOD)]) if mode == "tool" else Reply(json.dumps(GOOD))
    played.player = Scripted([wrong, good])
    decided = await decide(opened(), MESSAGES, SCHEMA, parse, mode)

    assert (decided.value.order, decided.usage.calls) == (["q1", "q2"], 2)
    assert problem in decided.problems[0]
    assert problem in decided.messages[1]["content"]
    assert [message["role"] for message in decided.messages][:3] == ["assistant", "user", "assistant"]


async def test_an_answer_wrong_twice_is_nonsense_and_says_what_it_cost(opened, played):
    """One repair, no more."""
    played.player = able("json_schema", good={"order": ["x"]})
    with pytest.raises(NonsenseError, match="there is no question 'x'") as caught:
        await decide(opened(), MESSAGES, SCHEMA, parse)

    assert (len(played.requests), caught.value.usage.calls) == (2, 2)
    assert caught.value.usage.tokens > 0


async def test_an_answer_that_fits_the_schema_is_no_reason_to_ask_in_another_way(opened, played):
    """A slip in the content says nothing about the form."""
    played.player = Scripted([Reply('{"order": ["x"]}'), Reply(json.dumps(GOOD))])
    decided = await decide(opened(), MESSAGES, SCHEMA, parse)

    assert (decided.mode, ["response_format" in request for request in played.requests]) == (
        "json_schema",
        [True, True],
    )


@pytest.mark.parametrize("trouble", ["other_language", "wrong_json", "broken_json", "unknown_tool", "endless_tools"])
async def test_nonsense_without_end_ends(opened, played, trouble):
    """However it is asked, at most four requests."""
    played.trouble, played.player = trouble, able("json_schema", "tool", "json")
    if trouble == "endless_tools":
        played.trouble, played.player = "none", lambda _: Reply(calls=[("siem__siem_search_events", {})])
    with pytest.raises(NonsenseError):
        await decide(opened(), MESSAGES, SCHEMA, parse)
    assert len(played.requests) <= 4


@pytest.mark.parametrize("trouble", ["refusal", "filtered"])
async def test_a_refusal_is_not_argued_with(opened, played, trouble):
    """Asking again in another way would be a way around it."""
    played.trouble = trouble
    with pytest.raises(RefusedError) as caught:
        await decide(opened(), MESSAGES, SCHEMA, parse)
    assert (len(played.requests), caught.value.usage.calls) == (1, 1)


async def test_trouble_of_the_endpoint_is_passed_on_with_all_costs(opened, played):
    """What the first try cost is in the error of the second."""

    def play(request):
        played.trouble = "busy"
        return Reply("chatter")

    played.player = play
    with pytest.raises(RateLimitedError) as caught:
        await decide(opened(retries=0), MESSAGES, SCHEMA, parse)
    assert caught.value.usage.calls == 2


async def test_a_secret_in_an_answer_is_not_repeated_in_the_error(opened, played):
    """What a model repeats may be what it was told."""
    played.player = lambda _: Reply('{"order": ["password: hunter2-canary-81"]}')
    with pytest.raises(NonsenseError) as caught:
        await decide(opened(), MESSAGES, SCHEMA, parse)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}```',
        'Sure, here it is:\n{"a": 1}',
        '{"a": 1}\nI hope this helps {really}.',
        '<think>maybe {"a": 2}?</think>{"a": 1}',
        '"{\\"a\\": 1}"',
        '{"a": 1} {"a": 1}',
    ],
)
def test_packaging_is_taken_off(text):
    """Weak models wrap a right answer in all sorts of things."""
    assert unpacked_object(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "[1]", '{"a": NaN}', '{"a": 1', '{"a": 1} {"a": 2}', "{a: 1}", '["{}"]', '[{"a": 1}]', '"no"'),
        '{"a":' * 100_000,
        "{" * 5_000,
    ],
)
def test_meaning_is_never_guessed(text):
    """Half an object, two objects, or something like one are no answer."""
    with pytest.raises(ValueError, match="answer"):
        unpacked_object(text)
