"""One story's telemetry put into another's: what decides a verdict, seen by exchanging exactly that.

Two stories of one family raise the same alert apart from ids, names and times. So their alerts say which name of the
one stands for which name of the other, and how far their clocks are apart; with that, a question about one story can
be asked of the other, and the answer brought back.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from agent.models import Alert, Evidence, JsonObject
from evals.planting import Reader
from knowledge.trust.canonical import sha256_of

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_TIMELESS = frozenset({"@timestamp", "kibana.alert.uuid", "event.id"})


@dataclass(frozen=True, slots=True)
class Translation:
    """From the names and times of one story to those of another."""

    names: Mapping[str, str]
    shift: timedelta

    @classmethod
    def between(cls, source: Alert, target: Alert) -> "Translation":
        """Words of `source` to words of `target`, from the fields in which their alerts differ."""
        theirs = {item.name: item.value for item in source.fields}
        ours = {item.name: item.value for item in target.fields}
        pairs = {
            str(value): str(ours[name])
            for name, value in theirs.items()
            if name in ours and name not in _TIMELESS and isinstance(value, str) and value != ours[name]
        }
        return cls(pairs, target.time - source.time)

    def value(self, value: JsonValue) -> JsonValue:
        """The value in the other story's words."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return (
            {str(self.value(key)): self.value(item) for key, item in value.items()}
            if isinstance(value, dict)
            else value
        )

    def arguments(self, arguments: JsonObject) -> JsonObject:
        """The arguments of a call in the other story's words."""
        return {name: self.value(item) for name, item in arguments.items()}

    def _text(self, text: str) -> str:
        moved = _TIME.sub(lambda match: self._time(match[0]), text)
        if not self.names:
            return moved
        longest_first = sorted(self.names, key=len, reverse=True)
        pattern = r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)"
        return re.sub(pattern, lambda match: self.names[match[0]], moved)

    def _time(self, text: str) -> str:
        moved = datetime.fromisoformat(text) + self.shift
        return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class TransplantDoor:
    """Answers about one story, of which those that `replaced` picks are another story's, brought over."""

    inner: Reader
    there: Translation
    """From this story to the other."""
    back: Translation
    """From the other story to this."""
    replaced: Callable[[Evidence], bool]

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """The answers, some of them transplanted."""
        own = await self.inner.read_many(calls)
        other = await self.inner.read_many([(tool, self.there.arguments(arguments)) for tool, arguments in calls])
        return [self._chosen(ours, theirs) for ours, theirs in zip(own, other, strict=True)]

    def _chosen(self, ours: Evidence, theirs: Evidence) -> Evidence:
        if not (self.replaced(ours) or self.replaced(theirs)):
            return ours
        data = self.back.value(theirs.data)
        return theirs.model_copy(
            update={"id": ours.id, "arguments": ours.arguments, "data": data, "sha256": sha256_of(data)}
        )
