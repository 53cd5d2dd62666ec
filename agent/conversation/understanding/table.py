"""The table of intents: which words and which kinds of things speak for which intent."""

from importlib.resources import files

import yaml

from agent.conversation.models import EntityType
from agent.models import Model


class Group(Model):
    """Phrases that mean alike; the group counts once."""

    weight: float
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()


class Row(Model):
    """What speaks for one intent."""

    why: str
    entities: dict[EntityType, float] = {}
    groups: tuple[Group, ...] = ()


class Table(Model):
    """Every intent's row, by its name."""

    rows: dict[str, Row]


def load_table() -> Table:
    """The shipped table."""
    text = (files("agent.conversation.understanding") / "table.yaml").read_text("utf-8")
    return Table(rows=yaml.load(text, Loader=yaml.CSafeLoader))
