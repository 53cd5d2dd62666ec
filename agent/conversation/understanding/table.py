"""The table of intents: which words and which kinds of things speak for which intent."""

from functools import cache, cached_property
from importlib.resources import files

import yaml

from agent.conversation.models import EntityType
from agent.models import Model
from agent.wording import Language


class Group(Model):
    """Phrases that mean alike; the group counts once."""

    weight: float
    beside: bool = False
    """Whether it counts only where another group of the intent does."""
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()

    @cached_property
    def phrases(self) -> tuple[tuple[str, ...], ...]:
        """The English phrases, as words in lower case."""
        return tuple(tuple(phrase.lower().split()) for phrase in self.en)


class Row(Model):
    """What speaks for one intent."""

    why: str
    missing: float = 1.2
    """Points lost when nothing of `needs` is known."""
    needs: tuple[EntityType, ...] = ()
    """One of these has to be known; empty when nothing has."""
    entities: dict[EntityType, float] = {}
    window: float = 0.0
    filters: float = 0.0
    kinds: float = 0.0
    asked: dict[EntityType, float] = {}
    """What an attribute that is asked for adds, by the kind of thing that has it."""
    actor: float = 0.0
    recorded: float = 0.0
    watched: float = 0.0
    """What a sensor beside a host adds."""
    ask: dict[Language, str]
    """The question that chooses it, with `{it}` for what it is about."""
    groups: tuple[Group, ...] = ()


class Table(Model):
    """Every intent's row, by its name."""

    rows: dict[str, Row]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every English word of every phrase."""
        groups = (group for row in self.rows.values() for group in row.groups)
        return frozenset(word for group in groups for phrase in group.phrases for word in phrase)


@cache
def load_table() -> Table:
    """The shipped table."""
    text = (files("agent.conversation.understanding") / "table.yaml").read_text("utf-8")
    return Table.model_validate({"rows": yaml.load(text, Loader=yaml.CSafeLoader)})
