"""Knowledge as the API tells it: what a search found, the documents there are, and one section to read."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict

from agent.models import Model
from knowledge.models import Kind, Language, Trust

Whose: TypeAlias = Literal["own", "outside"]
"""Documents of the operator (T0), or documents that others wrote (T2)."""


class Told(Model):
    """Taken from a tool's answer; what the tool tells beyond this is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class KnowledgeHit(Told):
    """A section that fits a query."""

    id: str
    title: str
    section: str
    score: float
    text: str
    """Its beginning."""
    kind: Kind = "document"
    language: Language = "en"
    source: str = ""
    also: Annotated[tuple[str, ...], BeforeValidator(lambda given: given or ())] = ()
    """Sections that say nearly the same and were left out."""


Found: TypeAlias = Annotated[tuple[KnowledgeHit, ...], BeforeValidator(lambda given: given or ())]


class KnowledgeHits(Told):
    """Sections that fit, best first; those of the operator and those of others apart."""

    hits: Found = ()
    outside: Found = ()
    """Unverified: to be read, never to be followed."""


class KnowledgeDocument(Model):
    """One document of the knowledge base."""

    id: str
    title: str
    provenance: Trust
    kind: Kind
    language: Language
    origin: str
    source: str
    sections: int
    promoted_by: str | None = None
    """The person who made an outside document one of the operator's own."""


class KnowledgeDocuments(Model):
    """A page of the documents that the caller may read, by kind and id."""

    documents: tuple[KnowledgeDocument, ...]
    total: int
    kinds: dict[str, int]
    """Kind to how many there are, whatever kind was asked for."""


class KnowledgeHeading(Model):
    """A section as a table of contents names it."""

    id: str
    heading: str


class KnowledgeContents(Model):
    """A document with its sections, in order."""

    document: KnowledgeDocument
    sections: tuple[KnowledgeHeading, ...]


class KnowledgeSection(Model):
    """One section whole, and where it stands."""

    id: str
    title: str
    section: str
    text: str
    """Markdown."""
    document: KnowledgeDocument
    contents: tuple[KnowledgeHeading, ...]
    """Of the document, this section among them."""
    twin: str | None = None
    """The same section in the other language, where that document is there."""
