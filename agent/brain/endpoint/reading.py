"""Putting a streamed answer together. A stream that ends too early is not an answer, whatever it said so far."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from agent.brain.endpoint.errors import EndpointFailedError, NonsenseError
from agent.brain.endpoint.protocol import Asked, Said, ToolCall
from agent.models import JsonObject, Usage

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import Choice, ChoiceDeltaToolCall
    from openai.types.completion_usage import CompletionUsage

MOST_CHARS: Final = 400_000
"""Characters of one answer; a stream that goes on is cut off."""
MOST_CALLS: Final = 100
"""Tool calls of one answer; more of them, however empty, are no answer either."""
MOST_DEPTH: Final = 40
"""Objects and lists inside each other in one answer: what reads it goes down into each."""
NO_ANSWER: Final = "what came back is no answer of an OpenAI-compatible endpoint"


@dataclass(slots=True)
class _Call:
    id: str
    name: str = ""
    text: str = ""


@dataclass(slots=True)
class Gathering:
    """What has come of one answer."""

    text: str = ""
    refusal: str = ""
    finish: str | None = None
    model: str = ""
    first_at: float | None = None
    """When the first piece came, on the monotonic clock."""
    _calls: list[_Call] = field(default_factory=list)
    _places: dict[int, int] = field(default_factory=dict)
    _usage: "CompletionUsage | None" = None
    _choices: int = 0

    @property
    def begun(self) -> bool:
        """Whether anything came."""
        return self.first_at is not None

    @property
    def size(self) -> int:
        """Characters so far."""
        return len(self.text) + len(self.refusal) + sum(len(call.name) + len(call.text) for call in self._calls)

    def take(self, chunk: "ChatCompletionChunk") -> None:
        """Add one piece. Raises: EndpointFailedError when the answer has no end."""
        self.first_at = self.first_at or time.monotonic()
        self.model = chunk.model or self.model
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices or ():
            if not choice.index:
                self._take(choice)
        if len(self._calls) > MOST_CALLS:
            raise EndpointFailedError(f"the answer calls more than {MOST_CALLS} tools", status=200)
        if self.size > MOST_CHARS:
            raise EndpointFailedError(f"the answer did not end after {MOST_CHARS} characters", status=200)

    def _take(self, choice: "Choice") -> None:
        self._choices += 1
        self.finish = choice.finish_reason or self.finish
        if choice.delta is None:
            return
        self.text += _sendable(choice.delta.content)
        self.refusal += _sendable(choice.delta.refusal)
        for part in choice.delta.tool_calls or ():
            call = self._call(part)
            if part.function is not None:
                call.name += _sendable(part.function.name)
                call.text += _sendable(part.function.arguments)

    def _call(self, part: "ChoiceDeltaToolCall") -> _Call:
        """The call that this is a piece of. Some endpoints leave the index out, some give every call the same one."""
        index = part.index if part.index is not None else len(self._calls) - (0 if part.id else 1)
        known = self._places.get(index)
        if known is None or (part.id and self._calls[known].id not in ("", part.id)):
            self._places[index] = known = len(self._calls)
            self._calls.append(_Call(part.id or ""))
        return self._calls[known]

    def said(self, asked: Asked) -> Said:
        """The whole answer. Raises: EndpointFailedError, NonsenseError when it is none."""
        if not self.begun:
            raise EndpointFailedError(NO_ANSWER, status=200)
        if not self._choices:
            raise NonsenseError("the endpoint answered without a message")
        if self.finish is None:
            raise EndpointFailedError("the answer broke off in the middle")
        refusal = self.refusal or ("stopped by a content filter" if self.finish == "content_filter" else None)
        return Said(self.text, tuple(self._tool_calls()), refusal, self.finish, self.usage(asked), self.model)

    def _tool_calls(self) -> Iterator[ToolCall]:
        for number, call in enumerate(self._calls, 1):
            yield ToolCall(call.id or f"call-{number}", call.name, call.text, object_of(call.text or "{}"))

    def usage(self, asked: Asked) -> Usage:
        """One request: tokens as the endpoint counted them, else characters / 4. No price yet."""
        counted = _counted(self._usage)
        if counted is not None:
            given, cached, made = counted
            return Usage(calls=1, input_tokens=given, cached_tokens=cached, output_tokens=made, money=None)
        return Usage(
            calls=1, input_tokens=tokens_in(asked), output_tokens=-(-self.size // 4), money=None, estimated=True
        )


def _counted(usage: "CompletionUsage | None") -> tuple[int, int, int] | None:
    """Input, of that cached, and output; None where the endpoint does not say, or says what cannot be."""
    given, made = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
    if not isinstance(given, int) or not isinstance(made, int) or given < 0 or made < 0 or not given + made:
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or getattr(usage, "prompt_cache_hit_tokens", None)
    return given, min(max(cached, 0), given) if isinstance(cached, int) else 0, made


def object_of(text: str) -> JsonObject | None:
    """The JSON object that a text is; None when it is none, or one that nests without end."""
    try:
        found = json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and not _is_deeper(found, MOST_DEPTH) else None


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    """The members, without half characters, which nothing could keep or send."""
    return {_sendable(name): _whole(value) for name, value in pairs}


def _whole(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _sendable(value)
    return [_whole(item) for item in value] if isinstance(value, list) else value


def _sendable(text: str | None) -> str:
    """The text with half characters (lone surrogates) as question marks."""
    return (text or "").encode("utf-8", "replace").decode("utf-8")


def _is_deeper(value: JsonValue, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def written(asked: Asked) -> Sequence[str]:
    """Everything of a request that a model reads, as text."""
    parts = [*asked.messages, *asked.tools, *([asked.schema] if asked.schema else [])]
    return [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in parts]


def tokens_in(asked: Asked) -> int:
    """Tokens of a request where nobody counts them: characters / 4."""
    return -(-sum(map(len, written(asked))) // 4)
