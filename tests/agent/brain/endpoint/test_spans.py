"""Spans by the conventions, without what was said unless somebody asks for that."""

import json

import pytest

from agent.brain.endpoint.errors import ModelError
from agent.brain.endpoint.protocol import Asked
from agent.brain.endpoint.spans import agent_span, tool_span
from tests.agent.brain.endpoint.conftest import KEY

ASKED = Asked(({"role": "user", "content": "why? password: hunter2-canary-81"},), schema={"type": "object"})


@pytest.fixture
def spans(exporter):
    """The spans of one test."""
    exporter.clear()
    return exporter.get_finished_spans


async def test_an_answer_is_a_span_with_its_tokens(opened, played, spans):
    """Names of the conventions, so that any viewer knows them."""
    with agent_span("case-1"), tool_span("siem__siem_search_events"):
        await opened().say(ASKED)
    chat, tool, agent = spans()

    assert (chat.name, tool.name, agent.name) == (
        "chat m",
        "execute_tool siem__siem_search_events",
        "invoke_agent mcpsoc",
    )
    told = dict(chat.attributes)
    assert told.pop("server.port") == int(played.url.split(":")[2].split("/")[0])
    assert told.pop("gen_ai.usage.input_tokens") > 0
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.request.max_tokens": 1500,
        "gen_ai.output.type": "json",
        "server.address": "127.0.0.1",
        "gen_ai.response.model": "played",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.usage.cache_read.input_tokens": 0,
    }
    assert agent.attributes["gen_ai.conversation.id"] == "case-1"
    assert chat.parent.span_id == tool.context.span_id


async def test_content_is_told_only_on_request_and_without_secrets(opened, spans):
    """Prompts hold what a site would not send to its traces."""
    await opened().say(ASKED)
    await opened(trace_content=True).say(ASKED)
    without, whole = (json.dumps(dict(span.attributes), default=str) for span in spans())

    assert "why?" not in without
    assert "hello" not in without
    assert "why?" in whole
    assert "hello" in whole
    assert "hunter2" not in whole
    assert KEY not in without + whole


async def test_a_failure_is_told_by_its_kind_alone(opened, played, spans):
    """Words of an endpoint may be anybody's."""
    played.trouble = "error"
    with pytest.raises(ModelError):
        await opened().say(ASKED)
    (span,) = spans()

    assert span.attributes["error.type"] == "EndpointFailedError"
    assert span.status.status_code.name == "ERROR"
    assert "it broke" not in span.to_json()
