"""Documents brought into the knowledge base by a person: T2, unless that person says that they are the operator's own.

What comes from outside never takes the place of a document of another origin: an id is no proof of anything."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from agent.wording import Language as SpokenLanguage
from knowledge.importers import Imported, Refusal, read, read_attack, read_kev
from knowledge.models import SHIPPED, Changes, Document, Kind, Language, Trust
from knowledge.store import KnowledgeStore
from ui.home import Home
from ui.library.auditing import Told, tell
from ui.library.casefiles import read_cases
from ui.library.filing import read_written
from ui.library.opening import open_base

CASES: Final = "cases:"
Tell = Callable[[int, int], None]
"""Told how many sections of how many can be found already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to be added, and as what."""

    target: str
    """Path, address, `attack:PATH`, `kev:PATH` or `cases:`."""
    kind: Kind | None = None
    language: Language | None = None
    owner: str | None = None
    """Who says that it is the operator's own; None leaves it T2."""
    pseudonymise: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it."""

    origin: str
    changes: Changes
    documents: int
    sections: int
    refused: tuple[Refusal, ...]
    others: int


def add_documents(home: Home, wish: Wish, who: str, speaks: SpokenLanguage, progress: Tell) -> Added:
    """Read, keep, make searchable, and write it to the audit log.

    Raises: DocumentError when it cannot be read at all; UsageError when there are no cases; StoreError."""
    found = _read(home, wish, speaks)
    base = open_base(home)
    documents, refused = _admitted(base.store, [_as_wished(item, wish) for item in found.documents], wish)
    changes = _keep(base.store, documents, found, whole=_is_whole(wish) and not refused and not found.refused)
    base.search.refresh(progress)
    if len(changes):
        counts = {"added": len(changes.added), "changed": len(changes.changed), "removed": len(changes.removed)}
        tell(home, Told("knowledge.added", who, {"origin": found.origin, "own": wish.owner is not None, **counts}))
    sections = sum(len(document.sections) for document in documents)
    return Added(found.origin, changes, len(documents), sections, (*found.refused, *refused), found.others)


def _read(home: Home, wish: Wish, speaks: SpokenLanguage) -> Imported:
    provenance: Trust = "T2" if wish.owner is None else "T0"
    scheme, _, rest = wish.target.partition(":")
    if wish.target == CASES:
        return read_cases(home, speaks, pseudonymise=wish.pseudonymise)
    if scheme == "attack":
        return read_attack(Path(rest).expanduser(), provenance=provenance)
    if scheme == "kev":
        return read_kev(Path(rest).expanduser(), provenance=provenance)
    written = read_written(Path(wish.target).expanduser(), provenance)
    return written or read(wish.target, provenance=provenance, kind=wish.kind, language=wish.language)


def _as_wished(document: Document, wish: Wish) -> Document:
    return replace(
        document,
        provenance="T2" if wish.owner is None else "T0",
        promoted_by=wish.owner,
        kind=wish.kind or document.kind,
        language=wish.language or document.language,
    )


def _admitted(store: KnowledgeStore, documents: list[Document], wish: Wish) -> tuple[list[Document], list[Refusal]]:
    """Those that may be kept; an outside document neither replaces one of another origin nor calls itself shipped."""
    admitted: list[Document] = []
    refused: list[Refusal] = []
    for document in documents:
        held = store.document(document.id)
        if wish.owner is None and document.origin == SHIPPED:
            refused.append(Refusal(document.id, "it says that it comes with the product; add it with --own if it does"))
        elif wish.owner is None and held is not None and held.origin != document.origin:
            refused.append(Refusal(document.id, f"a document of {held.origin} has this id; remove that one first"))
        else:
            admitted.append(document)
    return admitted, refused


def _keep(store: KnowledgeStore, documents: list[Document], found: Imported, *, whole: bool) -> Changes:
    """With the whole of an origin at hand, what is gone there goes here; otherwise nothing goes."""
    if whole and documents and all(document.origin == found.origin for document in documents):
        return store.replace(documents, found.origin)
    return store.put(documents)


def _is_whole(wish: Wish) -> bool:
    """One file is not all of its folder; what comes of cases lies beside their notes."""
    return wish.target != CASES and not Path(wish.target).expanduser().is_file()
