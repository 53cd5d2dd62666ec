"""How documents get into the ledger, what a change of them takes along, and how a person makes one the operator's own.

All of it happens in one transaction: a reader sees the documents as they were or as they are.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from knowledge.errors import DocumentError, NotThereError
from knowledge.models import Changes, Document, Section
from knowledge.store.reading import moment, portions
from knowledge.store.tables import documents, gone, ledger, readers, sections, stale, vectors

_SEPARATOR: Final = "\x00"


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger holds of a document, as far as a change is decided by it."""

    origin: str
    given: str
    text: str
    promoted_by: str | None
    promoted_at: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a write will do."""

    new: tuple[Document, ...]
    changed: tuple[Document, ...]
    removed: tuple[str, ...]

    @property
    def changes(self) -> Changes:
        """As it is told."""
        return Changes(tuple(d.id for d in self.new), tuple(d.id for d in self.changed), self.removed)


def planned(connection: Connection, wanted: Mapping[str, Document], origin: str | None) -> Plan:
    """What has to be written so that these documents are there; with an origin: that it holds no other.

    Raises: DocumentError for a document whose id another origin holds."""
    known = _known(connection, list(wanted))
    for document in wanted.values():
        if document.id in known and known[document.id].origin != document.origin:
            held = known[document.id].origin
            raise DocumentError(f"{document.id} from {document.origin!r}: {held!r} holds a document of this id")
    new = tuple(document for document in wanted.values() if document.id not in known)
    changed = tuple(d for d in wanted.values() if d.id in known and known[d.id].given != d.sha256)
    held_now = connection.scalars(select(documents.c.id).where(documents.c.origin == origin)) if origin else ()
    return Plan(new, changed, tuple(sorted(key for key in held_now if key not in wanted)))


def carry_out(connection: Connection, plan: Plan) -> None:
    """Write it. The caller holds the ledger and has not committed since the plan was made."""
    revision = raise_revision(connection)
    known = _known(connection, [document.id for document in plan.changed])
    _drop(connection, plan.removed, revision)
    for document in plan.changed:
        _overwrite(connection, document, known[document.id], revision)
    for part in portions(plan.new):
        _add(connection, part, revision)


def removal(connection: Connection, ids: Sequence[str]) -> Plan:
    """Those of these documents that are there go."""
    there = set(_known(connection, ids))
    return Plan((), (), tuple(key for key in dict.fromkeys(ids) if key in there))


def make_own(connection: Connection, document_id: str, by: str, at: datetime) -> None:
    """A T2 document becomes T0; one that is T0 stays as it is. Raises: NotThereError when there is none."""
    provenance = connection.scalar(select(documents.c.provenance).where(documents.c.id == document_id))
    if provenance is None:
        raise NotThereError(f"the knowledge base holds no document {document_id!r}")
    if provenance == "T0":
        return
    promoted = {"provenance": "T0", "promoted_by": by, "promoted_at": moment(at)}
    connection.execute(update(documents).where(documents.c.id == document_id).values(promoted))
    revision = raise_revision(connection)
    connection.execute(update(sections).where(sections.c.document == document_id).values(revision=revision))


def raise_revision(connection: Connection) -> int:
    """The number of this write."""
    asked = update(ledger).values(revision=ledger.c.revision + 1).returning(ledger.c.revision)
    return int(connection.execute(asked).scalar_one())


def section_sha(section: Section) -> str:
    """Of what is searched of a section: with another one its vectors are worth nothing."""
    return sha256(_SEPARATOR.join((section.title, section.heading, section.text, *section.asked)).encode()).hexdigest()[
        :16
    ]


def vector_id(section_id: str, sha: str) -> str:
    """The id of a vector in the projection. It never means another text: nothing there has to be overwritten."""
    return f"{section_id}@{sha[:8]}"


def text_sha(document: Document) -> str:
    """Of what is read in a document."""
    parts = (part for section in document.sections for part in (section.id, section.heading, section.text))
    return sha256(_SEPARATOR.join((document.title, *parts)).encode()).hexdigest()


def forget_vectors(connection: Connection, section_ids: Sequence[str], revision: int) -> None:
    """Drop the vectors of sections, and note it for those who have them."""
    v = vectors.c
    for part in portions(section_ids):
        rows = connection.execute(select(v.embedder, v.section, v.sha).where(v.section.in_(part))).all()
        if not rows:
            continue
        lost = [{"embedder": e, "id": vector_id(section, sha), "revision": revision} for e, section, sha in rows]
        connection.execute(insert(stale), lost)
        connection.execute(delete(vectors).where(v.section.in_(part)))


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, _Known]:
    d = documents.c
    asked = select(d.id, d.origin, d.given, d.text, d.promoted_by, d.promoted_at)
    rows = (row for part in portions(ids) for row in connection.execute(asked.where(d.id.in_(part))))
    return {row[0]: _Known(*row[1:]) for row in rows}


def _drop(connection: Connection, ids: Sequence[str], revision: int) -> None:
    for part in portions(ids):
        lost = list(connection.scalars(select(sections.c.id).where(sections.c.document.in_(part))))
        _bury(connection, lost, revision)
        connection.execute(delete(documents).where(documents.c.id.in_(part)))


def _bury(connection: Connection, section_ids: Sequence[str], revision: int) -> None:
    forget_vectors(connection, section_ids, revision)
    for part in portions(section_ids):
        connection.execute(delete(gone).where(gone.c.section.in_(part)))
        connection.execute(insert(gone), [{"section": key, "revision": revision} for key in part])


def _add(connection: Connection, new: Sequence[Document], revision: int) -> None:
    connection.execute(insert(documents), [_row(document) for document in new])
    _insert_readers(connection, new)
    _insert_sections(connection, [(document, section) for document in new for section in document.sections], revision)


def _overwrite(connection: Connection, document: Document, known: _Known, revision: int) -> None:
    """With its text unchanged, what a person promoted stays promoted; sections that stay as they are keep vectors."""
    row = _row(document)
    if known.promoted_by and document.provenance == "T2" and known.text == row["text"]:
        row |= {"provenance": "T0", "promoted_by": known.promoted_by, "promoted_at": known.promoted_at}
    asked = select(sections.c.id, sections.c.sha).where(sections.c.document == document.id)
    held = {key.id: key.sha for key in connection.execute(asked)}
    wanted = {section.id: section_sha(section) for section in document.sections}
    _bury(connection, [key for key in held if key not in wanted], revision)
    forget_vectors(connection, [key for key, sha in wanted.items() if key in held and held[key] != sha], revision)
    connection.execute(update(documents).where(documents.c.id == document.id).values(row))
    connection.execute(delete(readers).where(readers.c.document == document.id))
    _insert_readers(connection, [document])
    connection.execute(delete(sections).where(sections.c.document == document.id, sections.c.id.not_in(list(wanted))))
    for place, section in enumerate(document.sections):
        if section.id in held:
            values = _section_row(section, document.id, place, revision)
            connection.execute(update(sections).where(sections.c.id == section.id).values(values))
    _insert_sections(connection, [(document, part) for part in document.sections if part.id not in held], revision)


def _insert_sections(connection: Connection, parts: Sequence[tuple[Document, Section]], revision: int) -> None:
    places = {section.id: place for document, _ in parts for place, section in enumerate(document.sections)}
    rows = [_section_row(section, document.id, places[section.id], revision) for document, section in parts]
    for part in portions(rows):
        connection.execute(insert(sections), part)
        connection.execute(delete(gone).where(gone.c.section.in_([row["id"] for row in part])))


def _section_row(section: Section, document_id: str, place: int, revision: int) -> dict[str, object]:
    return {
        "id": section.id,
        "document": document_id,
        "place": place,
        "heading": section.heading,
        "text": section.text,
        "asked": section.asked,
        "sha": section_sha(section),
        "revision": revision,
    }


def _insert_readers(connection: Connection, new: Sequence[Document]) -> None:
    rows = [
        {"document": document.id, "tenant": tenant, "name": name, "place": place}
        for document in new
        for tenant, names in ((True, document.readers.tenants), (False, document.readers.roles))
        for place, name in enumerate(dict.fromkeys(names))
    ]
    if rows:
        connection.execute(insert(readers), rows)


def _row(document: Document) -> dict[str, str | int | bool | None]:
    return {
        "id": document.id,
        "title": document.title,
        "provenance": document.provenance,
        "kind": document.kind,
        "language": document.language,
        "origin": document.origin,
        "source": document.source,
        "valid_from": None if document.valid_from is None else moment(document.valid_from),
        "valid_until": None if document.valid_until is None else moment(document.valid_until),
        "any_tenant": not document.readers.tenants,
        "any_role": not document.readers.roles,
        "promoted_by": document.promoted_by,
        "promoted_at": None,
        "given": document.sha256,
        "text": text_sha(document),
    }
