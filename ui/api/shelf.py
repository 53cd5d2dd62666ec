"""The documents of one home, as a person reads them: lists, contents, and a section with its place."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Final

from knowledge.errors import KnowledgeError
from knowledge.models import KINDS, Document, DocumentLine, Filter, Kind
from knowledge.opening import open_knowledge
from knowledge.settings import Settings
from knowledge.store import KnowledgeStore
from ui.api.errors import Refusal
from ui.api.models_knowledge import (
    KnowledgeContents,
    KnowledgeDocument,
    KnowledgeDocuments,
    KnowledgeHeading,
    KnowledgeSection,
)

CHINESE: Final = "zh/"
"""How the id of the Chinese twin of an English document begins."""


class Shelf:
    """Opens the knowledge base of a home on first need. May be used from several threads."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = Lock()
        self._store: KnowledgeStore | None = None

    def documents(self, wanted: Filter, kind: Kind | None, limit: int, offset: int) -> KnowledgeDocuments:
        """The documents that this filter allows, by kind."""
        lines = sorted(self._opened().documents(wanted), key=lambda line: (KINDS.index(line.kind), line.id))
        asked = [line for line in lines if kind is None or line.kind == kind]
        page = tuple(_document(line) for line in asked[offset : offset + limit])
        return KnowledgeDocuments(documents=page, total=len(asked), kinds=Counter(line.kind for line in lines))

    def contents(self, document_id: str, wanted: Filter) -> KnowledgeContents | None:
        """One document with its headings; None when there is none that this reader may read."""
        document = self._read(document_id, wanted)
        if document is None:
            return None
        return KnowledgeContents(document=_described(document), sections=_headings(document))

    def section(self, section_id: str, wanted: Filter) -> KnowledgeSection | None:
        """One section and where it stands; None when there is none that this reader may read."""
        found = self._opened().section(section_id, wanted)
        document = self._read(found.document, wanted) if found else None
        if found is None or document is None:
            return None
        return KnowledgeSection(
            id=found.id,
            title=found.title,
            section=found.heading,
            text=found.text,
            document=_described(document),
            contents=_headings(document),
            twin=self._twin(document, found.id, wanted),
        )

    def _twin(self, document: Document, section_id: str, wanted: Filter) -> str | None:
        """The section at the same place of the document in the other language; its first when they differ in form."""
        other = document.id.removeprefix(CHINESE) if document.id.startswith(CHINESE) else CHINESE + document.id
        twin = self._read(other, wanted)
        if twin is None or twin.language == document.language or not twin.sections:
            return None
        alike = len(twin.sections) == len(document.sections)
        place = [section.id for section in document.sections].index(section_id) if alike else 0
        return twin.sections[place].id

    def _read(self, document_id: str, wanted: Filter) -> Document | None:
        """A document of which this reader may read at least one section."""
        store = self._opened()
        document = store.document(document_id)
        if document is None or not document.sections:
            return None
        return document if store.section(document.sections[0].id, wanted) else None

    def _opened(self) -> KnowledgeStore:
        with self._lock:
            if self._store is None:
                try:
                    self._store = open_knowledge(self._home, Settings()).store
                except KnowledgeError as error:
                    raise Refusal(
                        503, "no_knowledge", "the knowledge base cannot be opened", "mcpsoc doctor"
                    ) from error
            return self._store


def _document(line: DocumentLine) -> KnowledgeDocument:
    return KnowledgeDocument.model_validate(asdict(line))


def _described(document: Document) -> KnowledgeDocument:
    return KnowledgeDocument(
        id=document.id,
        title=document.title,
        provenance=document.provenance,
        kind=document.kind,
        language=document.language,
        origin=document.origin,
        source=document.source,
        sections=len(document.sections),
        promoted_by=document.promoted_by,
    )


def _headings(document: Document) -> tuple[KnowledgeHeading, ...]:
    return tuple(KnowledgeHeading(id=section.id, heading=section.heading) for section in document.sections)
