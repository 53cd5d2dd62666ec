"""The table of `words.yaml`: which members hold names, and which words of names are nobody's."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, TypeAlias

import yaml
from pydantic import BeforeValidator

from agent.models import Model

NameKind: TypeAlias = Literal["host", "account", "person", "organisation", "id", "outside", "address", "seen"]


def _split(text: object) -> object:
    return frozenset(text.split()) if isinstance(text, str) else text


Words = Annotated[frozenset[str], BeforeValidator(_split)]
"""Words written one after the other."""


class NameWords(Model):
    """The whole table."""

    members: dict[NameKind, Words]
    nobody: Words
    nobody_either: frozenset[str]
    common: Words
    roles: Words
    everybodys: Words
    second_level: Words

    def is_nobody(self, name: str) -> bool:
        """Whether the name is one that everybody has."""
        return name.lower() in self.nobody or name.lower() in self.nobody_either


@cache
def name_words() -> NameWords:
    """The table, read once."""
    text = files("agent.replay.aliases").joinpath("words.yaml").read_text(encoding="utf-8")
    return NameWords.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


@cache
def kinds_by_member() -> Mapping[str, NameKind]:
    """The last parts of a member's path, letters only, to what its value names."""
    return {member: kind for kind, members in name_words().members.items() for member in members}
