"""Spans of model calls, tool calls and investigations, by OpenTelemetry's conventions for generative AI.

Where they go is for whoever runs the process to configure; without that they cost next to nothing. What was said is in
them only when `MCPSOC_MODEL_TRACE_CONTENT` is on, and then without secrets.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and .../gen-ai-agent-spans/
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from agent.brain.endpoint.protocol import Asked, Said
from agent.models import JsonObject
from knowledge.trust.masking import mask_value

_SCOPE: Final = "mcpsoc"
_PROVIDER: Final = "openai"
"""The protocol that is spoken; who really answers, a compatible endpoint does not say."""
AGENT: Final = "mcpsoc"


@contextmanager
def chat_span(model: str, host: str, port: int | None, asked: Asked, *, content: bool) -> Iterator[Span]:
    """Around one answer of a model."""
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDER,
        "gen_ai.request.model": model,
        "gen_ai.output.type": "json" if asked.schema else "text",
        "server.address": host,
    }
    if port is not None:
        attributes["server.port"] = port
    if asked.max_output_tokens is not None:
        attributes["gen_ai.request.max_tokens"] = asked.max_output_tokens
    if content:
        attributes["gen_ai.input.messages"] = _dumped(asked.messages)
    with _span(f"chat {model}", SpanKind.CLIENT, attributes) as span:
        yield span


def tell_answer(span: Span, said: Said, *, content: bool) -> None:
    """What came back."""
    span.set_attributes(
        {
            "gen_ai.response.model": said.model,
            "gen_ai.response.finish_reasons": [said.finish],
            "gen_ai.usage.input_tokens": said.usage.input_tokens,
            "gen_ai.usage.output_tokens": said.usage.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": said.usage.cached_tokens,
        }
    )
    if content:
        span.set_attribute("gen_ai.output.messages", _dumped([said.message]))


@contextmanager
def tool_span(name: str) -> Iterator[Span]:
    """Around one call of a tool; `name` is its full name, `server__tool`."""
    attributes: dict[str, AttributeValue] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
    with _span(f"execute_tool {name}", SpanKind.INTERNAL, attributes) as span:
        yield span


@contextmanager
def agent_span(conversation: str) -> Iterator[Span]:
    """Around one investigation or one question; `conversation` is the id of the case or the thread."""
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": AGENT,
        "gen_ai.conversation.id": conversation,
    }
    with _span(f"invoke_agent {AGENT}", SpanKind.INTERNAL, attributes) as span:
        yield span


@contextmanager
def _span(name: str, kind: SpanKind, attributes: dict[str, AttributeValue]) -> Iterator[Span]:
    """An error is told by its kind alone: its words may be an outsider's."""
    tracer = trace.get_tracer(_SCOPE)
    with tracer.start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise


def _dumped(messages: Sequence[JsonObject]) -> str:
    return json.dumps([mask_value(message) for message in messages], ensure_ascii=False)
