"""Documents and sections as the ledger holds them, and who may see which."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select

from knowledge.models import Document, DocumentLine, Filter, Readers, Section
from knowledge.store.records import Held
from knowledge.store.tables import documents, gone, ledger, readers, sections

Item = TypeVar("Item")
MOST_VALUES: Final = 5_000
"""In one statement; the databases have limits."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Head:
    """The one row of the ledger that every search starts from."""

    revision: int
    embedder: str | None
    switched: int
    """Revision of the last switch: what is in memory from before may be vectors that were dropped."""


def head_of(connection: Connection) -> Head:
    """The state that this transaction sees."""
    row = connection.execute(select(ledger.c.revision, ledger.c.embedder, ledger.c.switched)).one()
    return Head(row.revision, row.embedder, row.switched)


def revision_of(connection: Connection) -> int:
    """The number of committed writes so far."""
    return int(connection.execute(select(ledger.c.revision)).scalar_one())


def identity_of(connection: Connection) -> str:
    """Which database this is."""
    return str(connection.execute(select(ledger.c.identity)).scalar_one())


def portions(items: Iterable[Item], size: int = MOST_VALUES) -> Iterator[list[Item]]:
    """The items, so many at a time."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def allowed(wanted: Filter) -> list[ColumnElement[bool]]:
    """What a row of `documents` has to fulfil for this reader and wish."""
    now = moment(wanted.at or datetime.now(UTC))
    conditions: list[ColumnElement[bool]] = [
        or_(documents.c.valid_from.is_(None), documents.c.valid_from <= now),
        or_(documents.c.valid_until.is_(None), documents.c.valid_until > now),
        or_(documents.c.any_tenant, _named(wanted.tenant, tenant=True)),
        or_(documents.c.any_role, *(_named(role, tenant=False) for role in wanted.roles)),
    ]
    if wanted.kinds:
        conditions.append(documents.c.kind.in_(wanted.kinds))
    if wanted.languages:
        conditions.append(documents.c.language.in_(wanted.languages))
    if wanted.provenance:
        conditions.append(documents.c.provenance.in_(wanted.provenance))
    if wanted.origins:
        conditions.append(documents.c.origin.in_(wanted.origins))
    return conditions


def document_lines(connection: Connection, wanted: Filter) -> tuple[DocumentLine, ...]:
    """The documents a filter allows, by id."""
    count = select(func.count()).where(sections.c.document == documents.c.id).scalar_subquery()
    d = documents.c
    asked = select(d.id, d.title, d.provenance, d.kind, d.language, d.origin, d.source, count, d.promoted_by)
    rows = connection.execute(asked.where(*allowed(wanted)).order_by(d.id))
    return tuple(DocumentLine(*row) for row in rows)


def document_of(connection: Connection, document_id: str) -> Document | None:
    """One document with its sections and readers, whoever may read it."""
    row = connection.execute(select(documents).where(documents.c.id == document_id)).first()
    if row is None:
        return None
    parts = connection.execute(_joined().where(sections.c.document == document_id).order_by(sections.c.place))
    return Document(
        row.id,
        row.title,
        row.provenance,
        tuple(Section(*part) for part in parts),
        kind=row.kind,
        language=row.language,
        origin=row.origin,
        source=row.source,
        valid_from=_time(row.valid_from),
        valid_until=_time(row.valid_until),
        readers=_readers_of(connection, document_id),
        promoted_by=row.promoted_by,
    )


def sections_of(connection: Connection, wanted: Filter) -> tuple[Section, ...]:
    """The sections a filter allows, document by document."""
    rows = connection.execute(_joined().where(*allowed(wanted)).order_by(sections.c.document, sections.c.place))
    return tuple(Section(*row) for row in rows)


def held_of(connection: Connection, ids: Collection[str], wanted: Filter | None) -> dict[str, Held]:
    """Of these sections those that are there and that the filter allows; without one: whoever may read them."""
    conditions = [] if wanted is None else allowed(wanted)
    found: dict[str, Held] = {}
    about = (documents.c.kind, documents.c.language, documents.c.provenance, documents.c.source)
    for part in portions(ids):
        asked = _joined().add_columns(*about).where(sections.c.id.in_(part), *conditions)
        for row in connection.execute(asked):
            found[row.id] = Held(Section(*row[:6]), row.kind, row.language, row.provenance, row.source)
    return found


def changed_of(connection: Connection, revision: int) -> tuple[frozenset[str], frozenset[str]]:
    """Sections added or changed after a revision, and those that are gone."""
    changed = connection.scalars(select(sections.c.id).where(sections.c.revision > revision))
    lost = connection.scalars(select(gone.c.section).where(gone.c.revision > revision))
    return frozenset(changed), frozenset(lost)


def moment(time: datetime) -> int:
    """Microseconds since 1970; a time without a zone is UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _time(stored: int | None) -> datetime | None:
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)


def _joined() -> Select[str, str, str, str, str, tuple[str, ...]]:
    """What a Section is made of, in its order."""
    s = sections.c
    return select(s.id, s.document, documents.c.title, s.heading, s.text, s.asked).join(documents)


def _named(name: str, *, tenant: bool) -> ColumnElement[bool]:
    """A tenant or a role is among the readers of a document."""
    r = readers.c
    return exists().where(r.document == documents.c.id, r.tenant == tenant, r.name == name)


def _readers_of(connection: Connection, document_id: str) -> Readers:
    asked = select(readers.c.tenant, readers.c.name).where(readers.c.document == document_id).order_by(readers.c.place)
    rows = connection.execute(asked).all()
    return Readers(tuple(row.name for row in rows if row.tenant), tuple(row.name for row in rows if not row.tenant))
