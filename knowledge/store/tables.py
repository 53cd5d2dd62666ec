"""The tables of the ledger, the same in SQLite and PostgreSQL.

`revision` columns hold the revision of the write that last touched a row; what an index has not seen yet is newer than
the revision it knows.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Lines(TypeDecorator[tuple[str, ...]]):
    """Some phrases, one to a line."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:
        return "\n".join(" ".join(phrase.split()) for phrase in value or ())

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple((value or "").splitlines())


VERSION: Final = 2
"""Of these tables; another program's files are refused, version 1 is made anew."""

metadata: Final = MetaData()

ledger: Final = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("identity", String, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("embedder", String, nullable=True),
    Column("switched", BigInteger, nullable=False),
)
"""One row. `switched`: the revision at which the embedder became the live one.
Writers hold it until they commit, so revisions appear in the order of their numbers."""

documents: Final = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("provenance", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("language", String, nullable=False),
    Column("origin", String, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=True),
    Column("valid_until", BigInteger, nullable=True),
    Column("any_tenant", Boolean, nullable=False),
    Column("any_role", Boolean, nullable=False),
    Column("promoted_by", Text, nullable=True),
    Column("promoted_at", BigInteger, nullable=True),
    Column("given", String, nullable=False),
    Column("text", String, nullable=False),
)
"""Times are microseconds since 1970, UTC.
`given`: digest of the document as it was brought; `text`: of what is read in it, which a promotion stands for."""

readers: Final = Table(
    "readers",
    metadata,
    Column("document", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("tenant", Boolean, primary_key=True),
    Column("name", String, primary_key=True),
    Column("place", Integer, nullable=False),
)
"""Tenants (`tenant`) and roles (not) that may read a document; one that has none of a sort is open to all of it."""

sections: Final = Table(
    "sections",
    metadata,
    Column("id", String, primary_key=True),
    Column("document", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("asked", Lines, nullable=False),
    Column("sha", String, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
    Index("sections_by_document", "document", "place"),
)

gone: Final = Table(
    "gone",
    metadata,
    Column("section", String, primary_key=True),
    Column("revision", BigInteger, nullable=False, index=True),
)
"""Sections that were there once."""

embedders: Final = Table(
    "embedders",
    metadata,
    Column("id", String, primary_key=True),
    Column("fitted", LargeBinary, nullable=False),
)

vectors: Final = Table(
    "vectors",
    metadata,
    Column("embedder", String, primary_key=True),
    Column("section", ForeignKey("sections.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("sha", String, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("vectors_by_revision", "embedder", "revision"),
)
"""Vectors of the sections as they are now: with another text a section loses its vector."""

stale: Final = Table(
    "stale",
    metadata,
    Column("embedder", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Index("stale_by_revision", "embedder", "revision"),
)
"""Vectors that were there once, by the id they have in the projection."""

projections: Final = Table(
    "projections",
    metadata,
    Column("place", String, primary_key=True),
    Column("embedder", String, nullable=False),
    Column("collection", String, nullable=False),
    Column("watermark", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("rebuilt_because", Text, nullable=True),
)
"""How far each projection has come. `state`: `clean`, or what was going on if nobody lived to say that it ended;
`pending`: operations that lie in Chroma's log and not in its index file yet."""
