"""What words of a hypothesis lead to which looks: `trails.yaml`, read once."""

import re
from functools import cache, cached_property
from importlib.resources import files
from typing import Final

import yaml
from pydantic import TypeAdapter

from agent.models import Model


class Trail(Model):
    """One kind of thing that can be hunted for."""

    id: str
    say: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    slot: str | None = None
    """Of a trail that no words choose: it is followed when nothing else is and the slot has a value."""
    because: str
    """Why its looks show it."""
    looks: tuple[str, ...]
    """Ids of questions in the playbook `hunt`."""
    needs: dict[str, tuple[str, ...]] = {}
    """Question id to the slots of which it needs one to say anything."""
    explained: dict[str, tuple[str, ...]] = {}
    """Reading id to the readings that explain it: a person decides then."""

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """One pattern for each phrase."""
        return tuple(_pattern(phrase) for phrase in self.say)

    def said_in(self, plain: str) -> list[tuple[int, int]]:
        """Where lower-case text says it; empty when it does not."""
        return [found.span() for pattern in self.patterns for found in pattern.finditer(plain)]

    def names(self, technique: str) -> bool:
        """Whether an ATT&CK id, or the one it belongs to, names the trail."""
        return any(item == technique or item.startswith(f"{technique}.") for item in self.techniques) or (
            technique.partition(".")[0] in self.techniques
        )


_GAP: Final = r"[\s\-_,]+"
_SOME: Final = rf"{_GAP}(?:[^\s]+{_GAP}){{0,3}}?"
"""What a `*` between words stands for: up to three words."""


def _pattern(phrase: str) -> re.Pattern[str]:
    if not phrase.isascii():
        return re.compile(re.escape(phrase))
    text, between = "", ""
    for word in phrase.split():
        if word == "*":
            between = _SOME
            continue
        text += between + re.escape(word).replace(r"\*", r"[a-z]*")
        between = _GAP
    return re.compile(rf"(?<![\w-]){text}(?![\w])", re.ASCII)


@cache
def trails() -> dict[str, Trail]:
    """Id to trail, in the order of the file."""
    text = (files("agent.hunting") / "trails.yaml").read_text("utf-8")
    rows = TypeAdapter(tuple[Trail, ...]).validate_python(yaml.load(text, Loader=yaml.CSafeLoader))
    return {row.id: row for row in rows}


@cache
def explanations() -> dict[str, frozenset[str]]:
    """Reading id to the readings that explain it, over all trails."""
    return {name: frozenset(by) for trail in trails().values() for name, by in trail.explained.items()}
