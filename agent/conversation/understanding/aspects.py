"""What a question asks for: attributes of the kinds of things, by the words that ask for them."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import TypeAlias

import yaml

from agent.conversation.models import EntityType
from agent.conversation.understanding.scoring import in_order
from agent.models import Model

Asked: TypeAlias = Mapping[EntityType, tuple[str, ...]]
"""Kind of thing to the attributes of it that are asked for."""


class Aspects(Model):
    """`aspects.yaml`."""

    of: dict[EntityType, dict[str, tuple[str, ...]]]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every English word of every phrase."""
        phrases = (phrase for names in self.of.values() for said in names.values() for phrase in said)
        return frozenset(word for phrase in phrases if phrase.isascii() for word in phrase.split())


def load_aspects() -> Aspects:
    """The shipped attributes."""
    text = (files("agent.conversation.understanding") / "aspects.yaml").read_text("utf-8")
    return Aspects.model_validate({"of": yaml.load(text, Loader=yaml.CSafeLoader)})


def asked_for(aspects: Aspects, words: Sequence[str], plain: str) -> Asked:
    """The attributes whose words are in the question, of every kind of thing that has one."""
    found = {
        kind: tuple(name for name, said in names.items() if any(_says(phrase, words, plain) for phrase in said))
        for kind, names in aspects.of.items()
    }
    return {kind: names for kind, names in found.items() if names}


def _says(phrase: str, words: Sequence[str], plain: str) -> bool:
    if not phrase.isascii():
        return phrase in plain
    if re.search(rf"(?<![a-z]){re.escape(phrase)}(?![a-z])", plain):
        return True
    return in_order(phrase.split(), words)
