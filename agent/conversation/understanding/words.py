"""The words questions are asked with: names of sensors and fields, kinds of events, types of things, pronouns."""

from functools import cached_property
from importlib.resources import files

import yaml

from agent.conversation.models import EntityType
from agent.models import Model


class EventKind(Model):
    """A kind of event people ask for by words rather than by fields."""

    say: tuple[str, ...]
    filters: dict[str, str]
    sources: tuple[str, ...]
    """Sensors that see such events."""
    does: tuple[str, ...] = ()
    """What somebody does who leaves such events behind; counts only in `did it ...`."""


class Words(Model):
    """`words.yaml`."""

    sensors: dict[str, tuple[str, ...]]
    fields: dict[str, tuple[str, ...]]
    kinds: tuple[EventKind, ...]
    types: dict[EntityType, tuple[str, ...]]
    pronouns: dict[str, tuple[str, ...]]
    neutral: str
    short: dict[str, str]
    untitled: str
    attacks: dict[str, str]
    """ATT&CK technique that a case has, by what people call such an attack."""

    @cached_property
    def common(self) -> frozenset[str]:
        """Words that are never a name and never a misspelling."""
        typed = (word for words in self.types.values() for word in words)
        pointing = (word for words in self.pronouns.values() for word in words)
        kinds = (word for kind in self.kinds for phrase in kind.say for word in phrase.split())
        return frozenset((*self.neutral.split(), *typed, *pointing, *kinds))

    @cached_property
    def no_title(self) -> frozenset[str]:
        """Words before `case` that are no part of its title."""
        return frozenset(self.untitled.split())

    @cached_property
    def field_by_word(self) -> dict[str, str]:
        """ECS field by what people call it; its own name is one of these."""
        named = {word: name for name, words in self.fields.items() for word in words}
        return {**named, **{name: name for name in self.fields}}

    @cached_property
    def sensor_by_word(self) -> dict[str, str]:
        """Sensor by what people call it; longest words first."""
        named = [(word, name) for name, words in self.sensors.items() for word in (name, *words)]
        return dict(sorted(named, key=lambda pair: -len(pair[0])))


def load_words() -> Words:
    """The shipped words."""
    text = (files("agent.conversation.understanding") / "words.yaml").read_text("utf-8")
    return Words.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
