"""A structured answer from a model, in whichever way it can give one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from agent.brain.endpoint.modes import ModeMemory
from agent.brain.endpoint.protocol import Endpoint, Mode
from agent.models import JsonObject, Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decided(Generic[T]):
    """A structured answer that could be read."""

    value: T
    messages: tuple[JsonObject, ...]
    """What it added to the conversation: the answer, and before it a first try and what was said about that."""
    usage: Usage
    mode: Mode
    """How it was asked for in the end."""
    problems: tuple[str, ...] = ()
    """What had to be mended, each in words."""


async def decide(
    endpoint: Endpoint,
    messages: tuple[JsonObject, ...],
    schema: JsonObject,
    parse: Callable[[JsonObject], T],
    mode: Mode = "auto",
    *,
    memory: ModeMemory | None = None,
    schema_name: str = "decide",
    max_output_tokens: int | None = None,
) -> Decided[T]:
    """Ask for an object that fits `schema`. `parse` raises ValueError, in words a model can mend.

    `memory`: where the mode that works is remembered; without it `auto` finds out every time.
    Raises: RefusedError, NonsenseError after one repair, and every other ModelError of the endpoint; `usage` of the
    error is what all the calls cost."""
    raise NotImplementedError
