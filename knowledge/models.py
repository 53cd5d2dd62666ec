"""What the knowledge base holds: documents, cut into sections, each with where it comes from and who may read it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from knowledge.trust.canonical import sha256_of

Trust: TypeAlias = Literal["T0", "T2"]
"""Who wrote a document: T0 the operator or we, T2 anybody else. Only a person raises it."""
Language: TypeAlias = Literal["en", "zh"]
Kind: TypeAlias = Literal["runbook", "tactic", "procedure", "technique", "advisory", "case", "note", "document"]
KINDS: Final[tuple[Kind, ...]] = (
    "runbook", "tactic", "procedure", "technique", "advisory", "case", "note", "document",
)  # fmt: skip
SHIPPED: Final = "shipped"
"""Origin of the documents that come with the product."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read a document; empty: everybody."""

    tenants: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """One of them is enough."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a document; what a search finds, a citation opens and a person reads."""

    id: str
    """`document#heading-in-small-letters`, the same as long as document and heading stay the same."""
    document: str
    title: str
    """Of the document."""
    heading: str
    """With the headings above it: `Contain > First hour`."""
    text: str
    """Markdown."""
    asked: tuple[str, ...] = ()
    """How people ask for it in their own words: searched, never shown."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document with its sections, in order."""

    id: str
    title: str
    provenance: Trust
    sections: tuple[Section, ...]
    kind: Kind = "document"
    language: Language = "en"
    origin: str = SHIPPED
    """What brought it: `shipped`, `attack`, `kev`, `cases`, or the folder or repository it was read from."""
    source: str = ""
    """Where to look it up: a path, an address, a case id."""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    """Outside these times it is kept and not found."""
    readers: Readers = field(default_factory=Readers)
    promoted_by: str | None = None
    """The person who made a T2 document one of the operator's own (T0)."""

    @property
    def sha256(self) -> str:
        """Of everything that is searched, shown or decided by."""
        parts: list[JsonValue] = [
            [section.id, section.heading, section.text, list(section.asked)] for section in self.sections
        ]
        times: list[JsonValue] = [time.isoformat() if time else None for time in (self.valid_from, self.valid_until)]
        readers: list[JsonValue] = [list(self.readers.tenants), list(self.readers.roles)]
        about: list[JsonValue] = [self.id, self.title, self.provenance, self.kind, self.language, self.origin]
        return sha256_of([*about, self.source, times, readers, self.promoted_by, parts])


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sections a search or a listing may give. Empty: all that this reader may read."""

    kinds: tuple[Kind, ...] = ()
    languages: tuple[Language, ...] = ()
    provenance: tuple[Trust, ...] = ()
    origins: tuple[str, ...] = ()
    tenant: str = ""
    """Who asks: documents of other tenants are not there. Empty: only those that any tenant may read."""
    roles: tuple[str, ...] = ()
    at: datetime | None = None
    """Valid then; None: now."""


EVERYTHING: Final = Filter()
"""All that anybody may read."""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document as it is listed."""

    id: str
    title: str
    provenance: Trust
    kind: Kind
    language: Language
    origin: str
    source: str
    sections: int
    promoted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a write did to the documents of an origin."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)
