"""What a model reads and writes, in characters: the same ruler for every way of asking one."""

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from agent.models import JsonObject, Model

CHARS_PER_TOKEN: Final = 4
"""What a token is counted as: no tokenizer is the one of every model."""


def sent_text(messages: Sequence[JsonObject], definitions: Sequence[JsonObject] = ()) -> str:
    """All that a model reads of one request, in the order in which endpoints cache it: definitions, then messages.

    `definitions` are tools and the form of the answer, as they are sent; escapes of the JSON around a text are no part
    of what is read."""
    head = "".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in definitions)
    return head + "".join(said_text(message) for message in messages)


def said_text(message: Mapping[str, JsonValue]) -> str:
    """One message: who says it, what, and which tools it calls."""
    return "\n".join([str(message.get("role", "")), str(message.get("content") or ""), *_calls(message), ""])


def _calls(message: Mapping[str, JsonValue]) -> Iterator[str]:
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield f"{function.get('name')} {function.get('arguments')}"


class Spent(Model):
    """What the calls of one case come to, in tokens."""

    calls: int
    input: int
    output: int
    repeated: int
    """Of the input, what stands at the beginning of an earlier request of the run as well."""
    largest: int
    """Input of the largest request."""

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input + self.output


@dataclass(slots=True)
class Prefixes:
    """Every request so far, sorted: the one that has most of its beginning in common with another stands beside it."""

    _earlier: list[str] = field(default_factory=list)

    def repeated(self, request: str) -> int:
        """Characters at the beginning of `request` that an earlier request begins with; keeps the request."""
        place = bisect_left(self._earlier, request)
        longest = max((common(request, other) for other in self._earlier[max(0, place - 1) : place + 1]), default=0)
        self._earlier.insert(place, request)
        return longest


def common(first: str, second: str) -> int:
    """How many characters two texts begin with in common."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[low:middle] == second[low:middle] else (low, middle - 1)
    return low


@dataclass(slots=True)
class Meter:
    """Counts the calls of one case after the other."""

    prefixes: Prefixes = field(default_factory=Prefixes)
    _sent: list[int] = field(default_factory=list)
    _received: int = 0
    _repeated: int = 0

    def count(self, sent: str, received: str) -> None:
        """One call."""
        self._sent.append(len(sent))
        self._received += len(received)
        self._repeated += self.prefixes.repeated(sent)

    def case(self) -> Spent:
        """What was counted since the last case; begins the next."""
        spent = Spent(
            calls=len(self._sent),
            input=sum(self._sent) // CHARS_PER_TOKEN,
            output=self._received // CHARS_PER_TOKEN,
            repeated=self._repeated // CHARS_PER_TOKEN,
            largest=max(self._sent, default=0) // CHARS_PER_TOKEN,
        )
        self._sent, self._received, self._repeated = [], 0, 0
        return spent
