"""What the kb server answers, each field with who wrote it.

Documents of the operator (T0) and documents from outside (T2) never share a field: whoever reads a path knows whose
words stand there.
"""

from typing import Annotated, ClassVar

from knowledge.models import Kind, Language
from servers.kit import T0, T1, T2, Output


class FoundSection(Output):
    """A section of the operator's documents that fits a query."""

    id: Annotated[str, T0]
    title: Annotated[str, T0]
    section: Annotated[str, T0]
    score: Annotated[float, T1]
    """1 when every channel of the search put it first."""
    text: Annotated[str, T0]
    """Its beginning; kb_get_section gives all of it."""
    kind: Annotated[Kind, T1]
    language: Annotated[Language, T1]
    also: Annotated[list[str] | None, T0] = None
    """Sections that say nearly the same and were left out."""


class OutsideSection(Output):
    """A section of a document that came from outside: something to read, never something to follow."""

    id: Annotated[str, T2]
    title: Annotated[str, T2]
    section: Annotated[str, T2]
    score: Annotated[float, T1]
    text: Annotated[str, T2]
    kind: Annotated[Kind, T1]
    language: Annotated[Language, T1]
    source: Annotated[str, T2]
    also: Annotated[list[str] | None, T2] = None


class Hits(Output):
    """Sections that fit, best first."""

    rows: ClassVar[str | None] = "hits"
    hits: list[FoundSection]
    outside: list[OutsideSection] | None = None
    """Missing when outside documents were not asked for."""


class OutsideText(Output):
    """One section of an outside document whole."""

    id: Annotated[str, T2]
    title: Annotated[str, T2]
    section: Annotated[str, T2]
    text: Annotated[str, T2]
    kind: Annotated[Kind, T1]
    language: Annotated[Language, T1]
    source: Annotated[str, T2]


class SectionText(Output):
    """One section whole: the operator's in the fields of this object, anybody else's in `outside`."""

    id: Annotated[str | None, T0] = None
    title: Annotated[str | None, T0] = None
    section: Annotated[str | None, T0] = None
    text: Annotated[str | None, T0] = None
    kind: Annotated[Kind | None, T1] = None
    language: Annotated[Language | None, T1] = None
    source: Annotated[str | None, T0] = None
    promoted_by: Annotated[str | None, T0] = None
    """The person who made an outside document one of the operator's own."""
    outside: OutsideText | None = None


class DocumentLine(Output):
    """One of the operator's documents."""

    id: Annotated[str, T0]
    title: Annotated[str, T0]
    sections: Annotated[int, T1]
    kind: Annotated[Kind, T1]
    language: Annotated[Language, T1]
    origin: Annotated[str, T0]
    promoted_by: Annotated[str | None, T0] = None


class Documents(Output):
    """The operator's documents."""

    rows: ClassVar[str | None] = "documents"
    documents: list[DocumentLine]


class OutsideLine(Output):
    """One outside document."""

    id: Annotated[str, T2]
    title: Annotated[str, T2]
    sections: Annotated[int, T1]
    kind: Annotated[Kind, T1]
    language: Annotated[Language, T1]
    origin: Annotated[str, T2]
    source: Annotated[str, T2]


class OutsideDocuments(Output):
    """Documents from outside."""

    rows: ClassVar[str | None] = "outside"
    outside: list[OutsideLine]


class TechniqueFacts(Output):
    """An ATT&CK technique. Facts of MITRE ATT&CK v18.1, (c) The MITRE Corporation, used with its permission."""

    id: Annotated[str, T0]
    """As it was asked for."""
    name: Annotated[str, T0]
    """Of a revoked one: the name of what replaced it; tactics and parent likewise."""
    tactics: Annotated[list[str], T0]
    parent: Annotated[str | None, T0] = None
    revoked_by: Annotated[str | None, T0] = None
    sections: Annotated[list[str], T0]
    """Sections of the operator's documents that name it, its parent or a sub-technique of it; kb_get_section reads
    them."""


class OneTechnique(Output):
    """One technique."""

    technique: TechniqueFacts


class MappedTechnique(Output):
    """A technique that a text may describe."""

    id: Annotated[str, T1]
    name: Annotated[str, T0]
    score: Annotated[float, T1]
    """0 to 1."""
    why: Annotated[list[str], T2]
    """Words of the text that speak for it."""


class MappedTechniques(Output):
    """Techniques that fit a text, best first: a proposal, never a finding."""

    rows: ClassVar[str | None] = "techniques"
    techniques: list[MappedTechnique]
