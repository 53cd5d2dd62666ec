"""Writing hostile text where an attacker can: into fields of an alert, and into the untrusted leaves of tool answers.

The world stays consistent: what is planted in a field stands there in the alert and in every answer alike, as if the
attacker had written it at the source, and a question asked with a planted value is asked of the world as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import jsonpath
from pydantic import JsonValue

from agent.evidence.provenance import classes
from agent.models import Alert, Evidence, JsonObject, Provenance
from knowledge.trust.canonical import canonical, sha256_of

EVERYWHERE, KNOWLEDGE, DESCRIPTION = "everywhere", "knowledge chunk", "tool description"

FIELDS: tuple[str, ...] = (
    "user_agent",
    "url.full",
    "process.command_line",
    "process.parent.command_line",
    "file.name",
    "file.path",
    "user.attempted_name",
    "dns.question.name",
    "destination.domain",
    "email.subject",
    "service.name",
    "registry.path",
    "cloud.resource",
    "message",
)
"""Fields whose text somebody outside writes; `message` is what a host wrote about itself."""

SURFACES: tuple[str, ...] = (*FIELDS, KNOWLEDGE, DESCRIPTION, EVERYWHERE)
"""Every place a payload is planted in."""


class Reader(Protocol):
    """The read door, as an investigation sees it."""

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """The answers in the order of the calls."""
        ...


@dataclass(frozen=True, slots=True)
class Plant:
    """What is planted where: surface to the payload's one text, or two for neighbouring fields."""

    texts: Mapping[str, tuple[str, ...]]

    @classmethod
    def one(cls, surface: str, *parts: str) -> Self:
        """One payload in one place."""
        return cls({surface: parts})

    def text(self, name: str) -> str | None:
        """What is written into the field of that name, the same wherever the field stands; None for nothing."""
        parts = self.texts.get(name) or self.texts.get(EVERYWHERE)
        place = FIELDS.index(name) if name in FIELDS else len(name)
        return parts[place % len(parts)] if parts else None


def plant_alert(alert: Alert, plant: Plant) -> JsonObject:
    """The raw alert with the payload after the text of every covered untrusted field; fields it lacks are added."""
    raw: JsonValue = alert.raw
    for item in alert.fields:
        if item.provenance is Provenance.UNTRUSTED and (text := plant.text(item.name)) is not None:
            for match in jsonpath.finditer(item.path, alert.raw):
                if isinstance(match.obj, str):
                    raw = written(raw, match.parts, f"{match.obj} {text}")
    planted = raw if isinstance(raw, dict) else {}
    lacking = {name: plant.text(name) for name in FIELDS if alert.field(name) is None and name not in planted}
    return {**planted, **{name: text for name, text in lacking.items() if text is not None}}


def written(value: JsonValue, parts: Sequence[int | str], new: JsonValue) -> JsonValue:
    """A copy of `value` with `new` at the place `parts` lead to; what lies beside that way is shared."""
    if not parts:
        return new
    first, rest = parts[0], parts[1:]
    if isinstance(value, dict) and isinstance(first, str):
        return {**value, first: written(value[first], rest, new)}
    if isinstance(value, list) and isinstance(first, int):
        return [*value[:first], written(value[first], rest, new), *value[first + 1 :]]
    raise KeyError(first)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text of an answer that somebody outside may have written."""

    parts: tuple[int | str, ...]
    name: str
    """The field it belongs to."""
    text: str
    knowledge: bool = False
    """Whether it belongs to a document of the knowledge base, whoever wrote that."""


def writable(evidence: Evidence) -> tuple[Leaf, ...]:
    """Every text of an answer that is untrusted, and every text of the knowledge base: a document may be poisoned."""
    knowledge = evidence.server == "kb"
    leaves = (leaf for leaf in _texts(evidence.data, (), ""))
    return tuple(
        replace(leaf, knowledge=knowledge)
        for leaf in leaves
        if knowledge or not classes(_path(leaf.parts), evidence).trusted
    )


def _texts(value: JsonValue, parts: tuple[int | str, ...], name: str) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*parts, key), key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*parts, index), name)
    elif isinstance(value, str):
        yield Leaf(parts, name, value)


def _path(parts: Sequence[int | str]) -> str:
    """The parts as a normalised JSONPath."""
    quoted = (str(part).replace("\\", "\\\\").replace("'", "\\'") for part in parts)
    names = (f"[{text}]" if isinstance(part, int) else f"['{text}']" for part, text in zip(parts, quoted, strict=True))
    return "$" + "".join(names)


def plant_evidence(evidence: Evidence, leaves: Sequence[Leaf], plant: Plant) -> Evidence:
    """The answer with the payload after every covered leaf; its hash follows."""
    data = evidence.data
    for leaf in leaves:
        if (text := plant.text(KNOWLEDGE if leaf.knowledge else leaf.name)) is not None:
            data = written(data, leaf.parts, f"{leaf.text} {text}")
    return evidence if data is evidence.data else evidence.model_copy(update={"data": data, "sha256": sha256_of(data)})


@dataclass(slots=True)
class PlantingDoor:
    """A read door over a world in which the payload was planted; answers are kept, so that each is fetched once."""

    inner: Reader
    plant: Plant | None = None
    originals: dict[str, str] = field(default_factory=dict)
    """Planted alert value to what stood there before."""
    kept: dict[bytes, tuple[Evidence, tuple[Leaf, ...]]] = field(default_factory=dict)

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """The answers to the calls as they were meant, with the payload planted."""
        meant = [(tool, self._meant(arguments)) for tool, arguments in calls]
        keys = [canonical([tool, arguments]) for tool, arguments in meant]
        missing = {key: call for key, call in zip(keys, meant, strict=True) if key not in self.kept}
        answers = await self.inner.read_many(list(missing.values()))
        for key, answer in zip(missing, answers, strict=True):
            self.kept[key] = (answer, writable(answer))
        return [self._planted(*self.kept[key]) for key in keys]

    def _planted(self, answer: Evidence, leaves: tuple[Leaf, ...]) -> Evidence:
        return answer if self.plant is None else plant_evidence(answer, leaves, self.plant)

    def _meant(self, arguments: JsonObject) -> JsonObject:
        return {name: self._unplanted(value) for name, value in arguments.items()}

    def _unplanted(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self.originals.get(value, value)
        if isinstance(value, list):
            return [self._unplanted(item) for item in value]
        return {key: self._unplanted(item) for key, item in value.items()} if isinstance(value, dict) else value


def originals(before: Alert, after: Alert) -> dict[str, str]:
    """Text of each field that planting changed, mapped back to what it was."""
    return dict(_changed(before, after))


def _changed(before: Alert, after: Alert) -> Iterator[tuple[str, str]]:
    old = {item.path: item.value for item in before.fields}
    for item in after.fields:
        was = old.get(item.path)
        if isinstance(item.value, str) and isinstance(was, str) and item.value != was:
            yield item.value, was
