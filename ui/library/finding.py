"""The knowledge base read by the person at this machine: searched, listed, opened, counted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from knowledge.errors import NotThereError
from knowledge.models import Document, DocumentLine, Kind, Language, Section
from knowledge.search import Hit
from knowledge.store import StoreStats
from ui.home import Home
from ui.library.opening import open_base
from ui.library.reading import readable


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave."""

    own: tuple[Hit, ...]
    outside: tuple[Hit, ...]


def find(home: Home, query: str, kind: Kind | None, language: Language | None, *, limit: int, outside: bool) -> Found:
    """Sections that fit, best first; outside ones apart, and only if asked. Raises: StoreError."""
    search = open_base(home).search
    own = search.search(query, limit, readable(home, kind=kind, language=language, provenance="T0"))
    if not outside:
        return Found(tuple(own), ())
    others = search.search(query, limit, readable(home, kind=kind, language=language, provenance="T2"))
    return Found(tuple(own), tuple(others))


def open_at(home: Home, name: str) -> tuple[Document, tuple[Section, ...]]:
    """The document of that id with all its sections, or with the one section of that id.

    Raises: NotThereError, also for what another tenant's documents say."""
    store, wanted = open_base(home).store, readable(home)
    section = store.section(name, wanted)
    document = store.document(section.document if section else name)
    if document is None or not any(line.id == document.id for line in store.documents(wanted)):
        raise NotThereError(f"no section or document {name!r}: mcpsoc kb search finds them")
    return document, (section,) if section else document.sections


def listed(home: Home, kind: Kind | None, language: Language | None, *, outside: bool) -> tuple[DocumentLine, ...]:
    """The documents by id; those of the operator too unless `outside`."""
    wanted = readable(home, kind=kind, language=language, provenance="T2" if outside else None)
    return open_base(home).store.documents(wanted)


def whole_documents(home: Home, kind: Kind | None) -> Iterator[Document]:
    """Every document that may be read, whole."""
    store = open_base(home).store
    for line in store.documents(readable(home, kind=kind)):
        document = store.document(line.id)
        if document is not None:
            yield document


def counted(home: Home) -> StoreStats:
    """How much there is."""
    return open_base(home).store.stats()


def index_again(home: Home, tell: Callable[[int, int], None]) -> StoreStats:
    """Build what is searched anew from the documents."""
    base = open_base(home)
    base.search.refresh(tell, refit=True)
    base.store.reindex(tell)
    return base.store.stats()
