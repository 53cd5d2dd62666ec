"""What the parts of a conversation promise each other: understanding, intents, and the answering brain."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agent.conversation.models import Entity, Proposal, Reading, Referents, Window
from agent.models import Claim, Evidence, JsonObject, Ref, World
from agent.wording import Language


@dataclass(frozen=True, slots=True)
class Understood:
    """A question, read. Its words were typed by a person or pasted from anywhere: they name things, they command
    nothing."""

    text: str
    """As it was asked."""
    language: Language
    plain: str
    """Lower case, refanged, full-width letters folded, spaces joined."""
    entities: tuple[Entity, ...]
    """Said in the question first, then those carried over from the thread."""
    window: Window | None
    intent: str | None
    """Name of the intent; None when no intent fits or several fit alike."""
    readings: tuple[Reading, ...] = ()
    """More than one when it is ambiguous."""
    guessed: bool = False
    """Whether the readings are what could be asked of what the thread is about, the question not being understood."""
    filters: JsonObject = field(default_factory=dict)
    """Of `find events where field = value`: ECS field to value. Of the queue: what narrows it, by its own names."""
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What is asked for: kind of thing to names of its attributes."""

    def first(self, *types: str) -> Entity | None:
        """The first entity of one of these types."""
        return next((entity for entity in self.entities if entity.type in types), None)


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence that is a claim; code re-runs it, and a claim that does not hold is struck. `Absent` and a `Count` of
    nought are told as `nothing_found`."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class CouldNotLook:
    """Evidence that brought no answer (error, refused, stale) or none that counts (not covered), and so says nothing
    either way."""

    evidence: str
    template: str
    """English sentence with the slots `{reason}` and `{hint}` at most; both are read from the evidence."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A text of the evidence, shown verbatim (made inert) as somebody's words."""

    ref: Ref
    lead: str = ""
    """English template of a few words before it, without slots: `The runbook says`."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Says nothing about the world. The template is one of ours and is filled from the question's own words only."""

    template: str
    values: dict[str, str] = field(default_factory=dict)


Said = Fact | CouldNotLook | Quote | Speech


@dataclass(frozen=True, slots=True)
class Draft:
    """What an intent or a model wants to say. Nobody reads it before it was checked."""

    said: tuple[Said, ...]
    proposals: tuple[Proposal, ...] = ()
    suggestions: tuple[str, ...] = ()
    """Questions in the thread's language."""
    referents: Referents | None = None
    """What later questions may refer to; None leaves what there was, with the question's own entities in front."""


class Looker(Protocol):
    """The read door of a thread. Every call becomes evidence of the thread, whatever happens to it."""

    @property
    def world(self) -> World: ...

    def now(self) -> datetime:
        """The clock of the thread's world."""
        ...

    async def read(self, tool: str, arguments: JsonObject) -> Evidence:
        """Ask one tool by its full name, for instance `siem__siem_search_events`. Never raises."""
        ...

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """Ask several side by side; answers in the order of the calls."""
        ...


class Understanding(Protocol):
    """Reads a question. May look things up (which host is meant by a part of its name)."""

    async def __call__(
        self, text: str, language: Language | None, referents: Referents, looker: Looker
    ) -> Understood: ...


class Intent(Protocol):
    """Answers one kind of question without a model."""

    name: str

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft: ...
