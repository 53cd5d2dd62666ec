"""What a model is asked and what it says back: messages in Chat Completions form in, one message out."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from agent.models import JsonObject, Usage

Mode: TypeAlias = Literal["auto", "json_schema", "tool", "json"]
"""How a structured answer is asked for: by `response_format`, by one forced tool, in words, or whatever works."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Its bytes depend on nothing but these fields and the settings of the endpoint."""

    messages: tuple[JsonObject, ...]
    """As they are sent: `role`, `content`, and for calls `tool_calls` and `tool_call_id`."""
    schema: JsonObject | None = None
    """JSON schema that the answer has to fit, sent as a strict `response_format`."""
    schema_name: str = "decision"
    tools: tuple[JsonObject, ...] = ()
    """Tool definitions, as they are sent."""
    tool_choice: str | None = None
    """Name of the tool that has to be called; None leaves it to the model."""
    max_output_tokens: int | None = None
    """None: as the settings say."""
    timeout_s: float | None = None
    """How long the answer may take, where that is less than the settings say."""
    most_requests: int | None = None
    """How many requests may be sent for it, repeated ones included, where that is less than the settings say."""
    again: Callable[[], Awaitable[None]] | None = field(default=None, compare=False, repr=False)
    """Asked before each request after the first; raises ModelError where that must not be sent."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants."""

    id: str
    name: str
    text: str
    """The arguments as they came."""
    arguments: JsonObject | None
    """None when the text is no JSON object."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a model. Nothing in it is believed."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    """Why it will not answer, in the endpoint's words; a content filter counts as a refusal."""
    finish: str = "stop"
    """Why it stopped: `stop`, `tool_calls`, `length` (cut at the output limit), `content_filter`, or the endpoint's."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    """The model that answered, as the endpoint names it."""
    first_token_s: float | None = None
    """Seconds until the first piece of the answer came; None where it came whole or nobody measured."""

    @property
    def message(self) -> JsonObject:
        """The message as the next request repeats it."""
        told: JsonObject = {"role": "assistant", "content": self.text}
        if self.calls:
            told["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.text}}
                for call in self.calls
            ]
        return told


class Endpoint(Protocol):
    """One model at one place."""

    @property
    def name(self) -> str:
        """`model:` and the model's name, as cases and answers name it."""
        ...

    @property
    def shown(self) -> str:
        """The URL as a person is told it: without user, password and query."""
        ...

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent there stays here."""
        ...

    async def say(self, asked: Asked) -> Said:
        """The model's next message. Raises: ModelError."""
        ...


class InFront(ABC):
    """What stands in front of another endpoint and goes by its name."""

    __slots__ = ()

    @abstractmethod
    def _behind(self) -> Endpoint:
        """The endpoint that is asked."""

    @property
    def name(self) -> str:
        """As the endpoint behind is called."""
        return self._behind().name

    @property
    def shown(self) -> str:
        """As the endpoint behind is shown."""
        return self._behind().shown

    @property
    def on_this_machine(self) -> bool:
        """As the endpoint behind says."""
        return self._behind().on_this_machine
