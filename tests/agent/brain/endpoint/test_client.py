"""One question over HTTP: what comes back, and what every kind of trouble becomes."""

import asyncio
import logging
import traceback

import pytest

from agent.brain.endpoint.client import open_endpoint
from agent.brain.endpoint.errors import (
    EndpointDownError,
    EndpointFailedError,
    EndpointSlowError,
    ModelError,
    ModelUnfitError,
    NonsenseError,
    RateLimitedError,
)
from agent.brain.endpoint.protocol import Asked
from agent.brain.endpoint.settings import EndpointSettings
from agent.brain.endpoint.testing import Reply, Scripted
from agent.settings import Settings
from tests.agent.brain.endpoint.conftest import KEY

ASKED = Asked(({"role": "system", "content": "rules"}, {"role": "user", "content": "你好 <b>"}))


async def test_an_answer_is_its_text_its_tokens_and_who_gave_it(opened, played):
    """Text in two pieces is one text; what it cost has no price yet."""
    said = await opened().say(ASKED)

    assert (said.text, said.calls, said.refusal, said.finish, said.model) == ("hello", (), None, "stop", "played")
    assert (said.usage.calls, said.usage.output_tokens, said.usage.money, said.usage.estimated) == (1, 1, None, False)
    assert said.usage.input_tokens > 0
    assert said.message == {"role": "assistant", "content": "hello"}
    assert said.first_token_s is not None
    assert played.requests[0]["messages"] == list(ASKED.messages)


async def test_calls_keep_their_order_and_their_text(opened, played):
    """A repeated call has to be the bytes that the endpoint made, and broken ones are values, not failures."""
    played.player = lambda _: Reply(
        calls=[("a", '{"x":1}'), ("b", '{"x": '), ("c", "[1]"), ("d", '{"x": NaN}'), ("e", "")]
    )

    said = await opened().say(ASKED)

    assert [(call.name, call.arguments) for call in said.calls] == [
        ("a", {"x": 1}),
        ("b", None),
        ("c", None),
        ("d", None),
        ("e", {}),
    ]
    assert said.message["tool_calls"][0]["function"] == {"name": "a", "arguments": '{"x":1}'}
    assert said.finish == "tool_calls"


async def test_the_same_question_is_the_same_bytes(opened, played):
    """What an endpoint has seen before it need not read again; a recorded conversation has to fit."""
    asked = Asked(ASKED.messages, schema={"type": "object"}, schema_name="decide", max_output_tokens=7)
    client = opened()
    await client.say(asked)
    await client.say(asked)

    assert list(played.requests[0].items()) == list(played.requests[1].items())
    assert played.requests[0] == {
        "model": "m",
        "messages": list(ASKED.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "max_tokens": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "decide", "schema": {"type": "object"}, "strict": True},
        },
    }


async def test_a_model_that_refuses_says_so(opened, played):
    """A refusal is a value; who asked decides what it means."""
    played.trouble = "refusal"
    assert (await opened().say(ASKED)).refusal == "I cannot help with that."
    played.trouble = "filtered"
    said = await opened().say(ASKED)
    assert (said.refusal, said.finish) == ("stopped by a content filter", "content_filter")


async def test_an_answer_cut_at_the_limit_says_so(opened, played):
    """Half a text with a full stop of the endpoint's own is known to be half."""
    played.trouble = "length"
    said = await opened().say(ASKED)

    assert (said.text, said.finish) == ("he", "length")


async def test_tokens_nobody_counted_are_estimated(opened, played):
    """Four characters a token, and it says that it is a guess."""
    played.trouble = "no_usage"
    played.player = lambda _: Reply("x" * 41)
    usage = (await opened().say(Asked(({"role": "user", "content": "y" * 400},)))).usage

    assert (usage.output_tokens, usage.estimated) == (11, True)
    assert 100 <= usage.input_tokens <= 120


@pytest.mark.parametrize(
    ("trouble", "kind", "words", "requests"),
    [
        ("busy", RateLimitedError, "429", 3),
        ("error", EndpointFailedError, "500: it broke", 3),
        ("cut", EndpointFailedError, "broke off", 3),
        ("half", EndpointFailedError, "broke off", 3),
        ("html", EndpointFailedError, "no answer of an OpenAI-compatible", 1),
        ("nonsense", EndpointFailedError, "no answer of an OpenAI-compatible", 1),
        ("empty", EndpointFailedError, "no answer of an OpenAI-compatible", 1),
        ("no_choices", NonsenseError, "without a message", 1),
    ],
)
async def test_each_trouble_has_its_name(opened, played, pauses, trouble, kind, words, requests):
    """What passes is asked again, twice; what does not is not; what it cost is in the error."""
    played.trouble = trouble
    played.player = lambda _: Reply("z" * 800)
    with pytest.raises(kind, match=words) as caught:
        await opened().say(ASKED)

    assert type(caught.value) is kind
    assert (len(played.requests), caught.value.usage.calls, len(pauses)) == (requests, requests, requests - 1)
    assert "sk-" not in str(caught.value)
    assert (caught.value.usage.output_tokens > 0) is (trouble in ("cut", "half", "no_choices"))


async def test_a_passing_failure_does_not_show(opened, played, pauses):
    """Two failures, then an answer: the answer counts all three requests."""
    played.faults = [(500, "it broke"), (503, "not yet")]
    said = await opened().say(ASKED)

    assert (said.text, said.usage.calls, len(played.requests)) == ("hello", 3, 3)
    assert 0.15 <= pauses[0] <= 0.25 < 0.3 <= pauses[1] <= 0.5


@pytest.mark.parametrize("trouble", ["slow", "silent"])
async def test_silence_ends_with_the_time_of_an_answer(opened, played, trouble):
    """Whether nothing came or the first half did."""
    played.trouble = trouble
    played.player = lambda _: Reply("z" * 4000)
    with pytest.raises(EndpointSlowError, match=r"no answer within 0\.3 s") as caught:
        await opened(timeout_s=0.3).say(ASKED)

    assert 0.3 <= caught.value.usage.seconds < 2
    assert (caught.value.usage.input_tokens > 0, caught.value.usage.estimated) == (True, True)


async def test_a_question_may_have_less_time_and_fewer_requests(opened, played):
    """What is left of a budget is the limit, where it is less."""
    played.trouble = "slow"
    with pytest.raises(EndpointSlowError, match=r"within 0\.2 s"):
        await opened().say(Asked(ASKED.messages, timeout_s=0.2))
    played.trouble, played.requests = "error", []
    with pytest.raises(EndpointFailedError):
        await opened().say(Asked(ASKED.messages, most_requests=2))
    assert len(played.requests) == 2


async def test_an_endpoint_that_asks_for_patience_gets_it_within_the_time(opened, played, pauses):
    """Retry-After is honoured when it fits, and not waited for when it does not."""
    played.trouble, played.retry_after_s = "busy", 2.0
    with pytest.raises(RateLimitedError):
        await opened(timeout_s=5).say(ASKED)
    assert pauses == [2.0, 2.0]

    played.retry_after_s, played.requests = 60.0, []
    with pytest.raises(RateLimitedError) as caught:
        await opened(timeout_s=5).say(ASKED)
    assert (caught.value.retry_after_s, len(played.requests), len(pauses)) == (60.0, 1, 2)


async def test_nobody_at_the_port_is_down(opened, played):
    """No connection is a different thing from a wrong answer."""
    played.__exit__(None, None, None)
    with pytest.raises(EndpointDownError) as caught:
        await opened(retries=0).say(ASKED)
    assert caught.value.usage.tokens == 0


async def test_an_endpoint_that_goes_down_between_two_questions_is_down(played, opened):
    """Also where its connection was kept."""
    played.keep_alive = True
    client = opened(retries=0)
    await client.say(ASKED)
    played.__exit__(None, None, None)
    with pytest.raises(ModelError):
        await client.say(ASKED)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Incorrect API key provided: sk-canary-0123456789abcdef", "EndpointFailedError"),
        (404, "no such model", "EndpointFailedError"),
        (400, "flagged by content_filter", "RefusedError"),
        (429, "You exceeded your current quota: insufficient_quota", "EndpointFailedError"),
    ],
)
async def test_what_will_not_pass_is_not_asked_again(opened, played, status, message, kind):
    """A wrong key stays wrong; and no error repeats it."""
    played.faults = [(status, message)]
    with pytest.raises(ModelError) as caught:
        await opened().say(ASKED)

    assert (type(caught.value).__name__, len(played.requests)) == (kind, 1)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "gone", "there"),
    [
        (
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "max_completion_tokens",
        ),
        ("'temperature' does not support 0.0 with this model", "temperature", "max_tokens"),
        ("unknown field stream_options", "stream_options", "max_tokens"),
    ],
)
async def test_a_part_that_an_endpoint_does_not_take_is_left_out_from_then_on(opened, played, message, gone, there):
    """Compatible endpoints differ; finding out costs one request, once."""
    played.refused_fields = {gone: message}
    client = opened()
    said = await client.say(ASKED)
    await client.say(ASKED)

    assert said.usage.calls == 2
    assert [gone in request for request in played.requests] == [True, False, False]
    assert there in played.requests[-1]


async def test_secrets_are_in_no_error_log_or_traceback(opened, played, caplog):
    """The key, the headers' values and the URL's password, whatever the endpoint repeats."""
    caplog.set_level(logging.DEBUG)
    secrets = (KEY, "tok-header-7771", "pw-in-url-9931")
    url = played.url.replace("http://", "http://me:pw-in-url-9931@")
    client = opened(url=url, headers={"X-Gate": "tok-header-7771", "X-Other": "Bearer tok-other-5551"})
    said = f"denied: {' '.join(secrets)} tok-other-5551 Authorization: Bearer abcdef0123456789"
    played.faults = [(403, said)]
    with pytest.raises(ModelError) as caught:
        await client.say(ASKED)

    told = "".join(traceback.format_exception(caught.value)) + caplog.text + client.shown + repr(client.settings)
    assert not [secret for secret in (*secrets, "tok-other-5551", "abcdef0123456789") if secret in told]
    assert "denied" in str(caught.value)


async def test_a_client_outlives_its_event_loop(played):
    """A command may run one loop after the other."""
    client = open_endpoint(Settings(model="m"), endpoint=EndpointSettings(base_url=played.url))

    def asked() -> str:
        async def ask() -> str:
            said = await client.say(ASKED)
            await client.aclose()
            return said.text

        return asyncio.run(ask())

    assert [await asyncio.to_thread(asked), await asyncio.to_thread(asked)] == ["hello", "hello"]


def test_a_model_needs_a_name():
    """Nothing is asked of nobody."""
    with pytest.raises(ModelUnfitError, match="MCPSOC_MODEL"):
        open_endpoint(Settings(model=""))


def test_scripted_players_play_their_last_word_for_ever():
    """Tests may ask once more than they wrote down."""
    player = Scripted([Reply("a"), Reply("b")])
    assert [player({}).content for _ in range(3)] == ["a", "b", "b"]
