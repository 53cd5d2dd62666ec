"""Vectors and their embedders in the ledger. One embedder is live; another's vectors wait until they are complete."""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from knowledge.models import Section
from knowledge.store.reading import portions
from knowledge.store.records import Embedded, Matrix
from knowledge.store.tables import documents, embedders, ledger, sections, stale, vectors
from knowledge.store.writing import raise_revision, section_sha, vector_id


def live_embedder(connection: Connection) -> Embedded | None:
    """The one whose vectors are searched."""
    asked = select(embedders.c.id, embedders.c.fitted).join(ledger, ledger.c.embedder == embedders.c.id)
    row = connection.execute(asked).first()
    return None if row is None else Embedded(row.id, bytes(row.fitted))


def without_vector(connection: Connection, embedder_id: str, limit: int) -> list[Section]:
    """Sections that this embedder has not embedded as they are now."""
    s = sections.c
    mine = and_(vectors.c.section == s.id, vectors.c.embedder == embedder_id)
    whole = select(s.id, s.document, documents.c.title, s.heading, s.text, s.asked)
    asked = whole.join(documents).outerjoin(vectors, mine)
    rows = connection.execute(asked.where(vectors.c.section.is_(None)).order_by(s.document, s.place).limit(limit))
    return [Section(*row) for row in rows]


def keep(connection: Connection, embedder_id: str, rows: Mapping[str, Matrix], embedded: Mapping[str, str]) -> int:
    """Keep vectors of sections whose text is still what was embedded (section to digest); how many those are.

    No revision has more than MOST_VALUES of them: the projection takes whole revisions."""
    current = _digests(connection, list(rows))
    fresh = {key: sha for key, sha in current.items() if embedded.get(key, sha) == sha}
    if not fresh:
        return 0
    for part in portions(fresh.items()):
        revision = raise_revision(connection)
        keys = [key for key, _ in part]
        ids = [vector_id(key, sha) for key, sha in part]
        connection.execute(delete(vectors).where(vectors.c.embedder == embedder_id, vectors.c.section.in_(keys)))
        connection.execute(delete(stale).where(stale.c.embedder == embedder_id, stale.c.id.in_(ids)))
        connection.execute(
            insert(vectors),
            [
                {
                    "embedder": embedder_id,
                    "section": key,
                    "sha": sha,
                    "revision": revision,
                    "vector": np.asarray(rows[key], dtype=np.float32).tobytes(),
                }
                for key, sha in part
            ],
        )
    return len(fresh)


def make_live(connection: Connection, embedder_id: str, fitted: bytes) -> None:
    """From now on this embedder's vectors are searched; those of any other are dropped."""
    connection.execute(delete(embedders))
    connection.execute(insert(embedders).values(id=embedder_id, fitted=fitted))
    connection.execute(delete(vectors).where(vectors.c.embedder != embedder_id))
    connection.execute(delete(stale).where(stale.c.embedder != embedder_id))
    connection.execute(update(ledger).values(embedder=embedder_id, switched=raise_revision(connection)))


def newer(
    connection: Connection, embedder_id: str, revision: int, limit: int | None = None
) -> list[tuple[str, str, int, bytes]]:
    """Vectors written after a revision, oldest first: section, its id in the projection, revision, vector."""
    v = vectors.c
    asked = select(v.section, v.sha, v.revision, v.vector).where(v.embedder == embedder_id, v.revision > revision)
    rows = connection.execute(asked.order_by(v.revision, v.section).limit(limit))
    return [(section, vector_id(section, sha), at, bytes(vector)) for section, sha, at, vector in rows]


def dropped(connection: Connection, embedder_id: str, revision: int, until: int) -> list[str]:
    """Vectors that went after a revision and until another, by their id in the projection."""
    asked = select(stale.c.id).where(stale.c.embedder == embedder_id, stale.c.revision.between(revision + 1, until))
    return list(connection.scalars(asked))


def living(connection: Connection, embedder_id: str, ids: Sequence[str]) -> dict[str, str]:
    """Of these ids of the projection those that stand for a section as it is now, with that section's id."""
    found: dict[str, str] = {}
    for part in portions(key.rpartition("@")[0] for key in ids):
        asked = select(vectors.c.section, vectors.c.sha)
        rows = connection.execute(asked.where(vectors.c.embedder == embedder_id, vectors.c.section.in_(part)))
        found |= {vector_id(section, sha): section for section, sha in rows}
    return {key: found[key] for key in ids if key in found}


def behind(connection: Connection, embedder_id: str, revision: int) -> int:
    """How many vectors came or went after a revision."""
    counted = (
        select(func.count()).select_from(table).where(table.c.embedder == embedder_id, table.c.revision > revision)
        for table in (vectors, stale)
    )
    return sum(int(connection.execute(asked).scalar_one()) for asked in counted)


def count_until(connection: Connection, embedder_id: str, revision: int) -> int:
    """How many of the vectors that live now were written up to a revision."""
    asked = select(func.count()).select_from(vectors)
    return int(
        connection.execute(asked.where(vectors.c.embedder == embedder_id, vectors.c.revision <= revision)).scalar_one()
    )


def sample(connection: Connection, embedder_id: str, revision: int, size: int) -> list[tuple[str, bytes]]:
    """Some vectors written up to a revision, at random: id in the projection, vector."""
    v = vectors.c
    known = select(v.section).where(v.embedder == embedder_id, v.revision <= revision)
    chosen = list(connection.scalars(known.order_by(func.random()).limit(size)))
    asked = select(v.section, v.sha, v.vector).where(v.embedder == embedder_id, v.section.in_(chosen))
    return [(vector_id(section, sha), bytes(vector)) for section, sha, vector in connection.execute(asked)]


def digest_of(section: Section) -> str:
    """What `keep` compares: of the text a vector was made from."""
    return section_sha(section)


def _digests(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in portions(ids):
        asked = select(sections.c.id, sections.c.sha).where(sections.c.id.in_(part))
        found |= {row.id: row.sha for row in connection.execute(asked)}
    return found
