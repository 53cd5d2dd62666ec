"""The kb server: reads only, over operator documents (T0). It gives context for a person or a brain, never evidence."""

import threading
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from knowledge.attack import find_technique, mentions, near
from knowledge.errors import KnowledgeError
from knowledge.search import Hit, Search
from knowledge.shipped import shipped
from knowledge.store import KnowledgeStore
from servers.kit import (
    T0,
    T1,
    Cursor,
    Limit,
    NotFoundError,
    Output,
    Reply,
    SecurityServer,
    ToolError,
    build_server,
    paged,
)
from servers.kit.inert import clipped
from servers.settings import Settings

Query = Annotated[str, Field(min_length=1, max_length=500)]
SectionId = Annotated[str, Field(min_length=1, max_length=200)]
Few = Annotated[int, Field(ge=1, le=20)]
TechniqueId = Annotated[str, Field(min_length=1, max_length=100)]
_SHOWN = 900
_MOST_SECTIONS = 20


class FoundSection(Output):
    """A section that fits a query."""

    id: Annotated[str, T0]
    title: Annotated[str, T0]
    section: Annotated[str, T0]
    score: Annotated[float, T1]
    """1 when both channels of the search put it first."""
    text: Annotated[str, T0]


class Hits(Output):
    """Sections that fit, best first."""

    rows: ClassVar[str | None] = "hits"
    hits: list[FoundSection]


class SectionText(Output):
    """One section whole."""

    id: Annotated[str, T0]
    title: Annotated[str, T0]
    section: Annotated[str, T0]
    text: Annotated[str, T0]


class DocumentLine(Output):
    """One document."""

    id: Annotated[str, T0]
    title: Annotated[str, T0]
    sections: Annotated[int, T1]


class Documents(Output):
    """The documents."""

    rows: ClassVar[str | None] = "documents"
    documents: list[DocumentLine]


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
    """Runbook sections that name it, its parent or a sub-technique of it; kb_get_section reads them."""


class OneTechnique(Output):
    """One technique."""

    technique: TechniqueFacts


class Library:
    """The knowledge base of a home folder, opened and brought up to date on first need."""

    def __init__(self, home: Path, dimensions: int) -> None:
        self._home = home
        self._dimensions = dimensions
        self._lock = threading.Lock()
        self._open: tuple[KnowledgeStore, Search] | None = None

    def opened(self) -> tuple[KnowledgeStore, Search]:
        """The store with the shipped documents in it, and the search over it.

        Raises: ToolError when the store cannot be used."""
        with self._lock:
            if self._open is None:
                try:
                    store = KnowledgeStore(self._home)
                    store.replace(shipped())
                except KnowledgeError as error:
                    raise ToolError("no_knowledge", "the knowledge base cannot be opened", "mcpsoc doctor") from error
                self._open = (store, Search(store, self._dimensions))
            return self._open


class Kb:
    """Tools over the knowledge base."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def kb_search(self, query: Query, limit: Few = 5) -> Reply[Hits]:
        """Runbook sections on a topic, ATT&CK id or question, best first; nothing when none fits."""
        found = self._library.opened()[1].search(query, limit)
        return Reply(Hits(hits=[_hit(hit) for hit in found]), f"{len(found)} sections")

    def kb_get_section(self, section_id: SectionId) -> Reply[SectionText]:
        """One section whole, by the id that kb_search gives."""
        found = self._library.opened()[0].section(section_id)
        if found is None:
            raise NotFoundError("no section has this id", "kb_search gives the ids")
        return Reply(SectionText(id=found.id, title=found.title, section=found.heading, text=found.text), "1 section")

    def kb_list_documents(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Documents]:
        """The documents of the knowledge base."""
        page = paged(self._library.opened()[0].documents(), limit, cursor)
        rows = [DocumentLine(id=row.id, title=row.title, sections=row.sections) for row in page.rows]
        text = f"{page.total} documents"
        return Reply(Documents(documents=rows), text, total=page.total, after=page.after, more=page.more)

    def kb_get_technique(self, technique_id: TechniqueId) -> Reply[OneTechnique]:
        """An ATT&CK technique by id (T1110.003) or name: name, tactics, parent, and the runbook sections on it."""
        found = find_technique(technique_id)
        if found is None:
            meant = "; ".join(near(technique_id))
            raise NotFoundError("ATT&CK has no such technique", f"did you mean {meant}?" if meant else "")
        sections = self._library.opened()[0].sections(provenance="T0")
        facts = TechniqueFacts(
            id=found.id,
            name=found.name,
            tactics=list(found.tactics),
            parent=found.parent,
            revoked_by=found.revoked_by,
            sections=[section.id for section in sections if mentions(found, section.text)][:_MOST_SECTIONS],
        )
        return Reply(OneTechnique(technique=facts), f"{found.id} {found.name}")

    def probe(self) -> str:
        """How much there is to search."""
        return f"{len(self._library.opened()[0].documents())} documents"


def build(home: Path, settings: Settings) -> SecurityServer:
    """The knowledge base kept in this folder."""
    kb = Kb(Library(home, settings.embedding_dimensions))
    return build_server(
        "kb",
        reads=[kb.kb_search, kb.kb_get_section, kb.kb_list_documents, kb.kb_get_technique],
        backend="real",
        synthetic=False,
        probe=kb.probe,
        settings=settings,
        timeout_s=settings.call_timeout_s,
    )


def _hit(hit: Hit) -> FoundSection:
    section = hit.section
    text = clipped(section.text, _SHOWN)
    return FoundSection(id=section.id, title=section.title, section=section.heading, score=hit.score, text=text)
