"""The questions of the suite `chat`, as they stand in its tables.

    worlds.yaml        the labs, each with a few stories under nicknames
    development.yaml   conversations that may be looked at while the chat is built
    held_out.yaml      other phrasings over other labs, which are only counted
    practice.yaml      many more voices over the labs of development; run by name, never by default
    model.yaml         ten conversations of four questions, for a chat with a language model

A question names things by what they are in its lab: `{spray.source}`, `{desk:3|tail}`. `evals.suites.chat_cast` fills
them in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import yaml
from pydantic import Field, ValidationError

from agent.models import Model
from agent.wording import Language
from evals.errors import DataBrokenError

FOLDER = Path(__file__).with_name("chat")
Split: TypeAlias = Literal["development", "held_out", "model", "practice"]
SPLITS: tuple[Split, ...] = ("development", "held_out")
"""Those of the suite `chat`."""
Argument: TypeAlias = str | list[str] | dict[str, str]
IntentName: TypeAlias = Literal[
    "case_summary",
    "claim_evidence",
    "entity_profile",
    "entity_activity",
    "affected",
    "similar_cases",
    "technique",
    "containment",
    "open_alerts",
    "changes",
    "why_open",
    "what_would_change",
    "sensor_fresh",
    "find_events",
    "knowledge",
    "capabilities",
]
"""What a question is about, for counting; the chat may take it for something else and still answer right."""


Table = TypeVar("Table", bound=Model)


class World(Model):
    """One lab."""

    seed: int
    stories: dict[str, str]
    """Nickname to `family/kind`."""

    def wanted(self) -> list[tuple[str, str]]:
        """The stories as the lab takes them."""
        return [(family, kind) for family, _, kind in (text.partition("/") for text in self.stories.values())]


class Meanwhile(Model):
    """What somebody else does to a case before a question is asked; ten minutes pass."""

    act: Literal["take", "note", "close", "wait"]
    """`wait`: nobody does anything."""
    case: str = ""
    by: str = ""


class Turn(Model):
    """One question, and where its answer is found."""

    ask: str
    intent: IntentName
    truth: str
    """Name in `evals.suites.chat_truth.TRUTHS`."""
    of: dict[str, Argument] = {}
    """Its arguments; slots in them are filled like those of the question."""
    meanwhile: Meanwhile | None = None


class Conversation(Model):
    """Questions asked one after the other in a thread of their own."""

    seed: int
    about: str | None = None
    """Slot of the case the thread is opened on."""
    turns: tuple[Turn, ...] = Field(min_length=1)


class _Worlds(Model):
    worlds: tuple[World, ...]


class _Questions(Model):
    conversations: tuple[Conversation, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A conversation with its place in the tables."""

    id: str
    """`held_out-7`; its second question is `held_out-7.2`."""
    split: Split
    conversation: Conversation


def load_worlds(folder: Path = FOLDER) -> tuple[World, ...]:
    """The labs of the suite. Raises: DataBrokenError for a table that is none."""
    return _read(folder / "worlds.yaml", _Worlds).worlds


def load_conversations(splits: Sequence[Split] = SPLITS, folder: Path = FOLDER) -> tuple[Asked, ...]:
    """All conversations of these tables, in their order. Raises: DataBrokenError for a table that is none."""
    return tuple(asked for split in splits for asked in _asked(folder, split))


def language_of(question: str) -> Language:
    """The language a question is in: Chinese when it has a Chinese character."""
    return "zh" if any("\u4e00" <= sign <= "\u9fff" for sign in question) else "en"


def _asked(folder: Path, split: Split) -> Iterator[Asked]:
    table = _read(folder / f"{split}.yaml", _Questions)
    for number, conversation in enumerate(table.conversations, start=1):
        yield Asked(f"{split}-{number}", split, conversation)


def _read(path: Path, table: type[Table]) -> Table:
    try:
        return table.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (ValidationError, yaml.YAMLError) as error:
        raise DataBrokenError(f"{path}: {error}") from error
