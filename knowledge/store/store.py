"""The knowledge base on disk: knowledge.db is the truth, the Chroma collection beside it a projection for searching.

One process owns the projection, by a lock file. Any other searches the vectors of knowledge.db exactly and never opens
the Chroma path: a second reader of it would silently miss what the owner wrote. Nothing else imports chromadb.
"""

import fcntl
import io
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from knowledge.embed import Embedder
from knowledge.errors import NotThereError, StoreError
from knowledge.models import EVERYTHING, SHIPPED, Changes, Document, DocumentLine, Filter, Section
from knowledge.settings import Settings
from knowledge.store.records import Embedded, Held, Matrix, ProjectionState, StoreStats

if TYPE_CHECKING:
    from chromadb.api.collection_configuration import CreateCollectionConfiguration
    from chromadb.api.models.Collection import Collection as Stored

_CONFIGURATION: "CreateCollectionConfiguration" = {"hnsw": {"space": "cosine", "ef_search": 300}}
"""The default `ef_search` finds only nine of the ten nearest."""
_VERSION = 1
_BATCH = 5_000
_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, provenance TEXT NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sections (
  id TEXT PRIMARY KEY, document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, place INTEGER NOT NULL,
  heading TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (
  section TEXT PRIMARY KEY, embedder TEXT NOT NULL, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS embedders (id TEXT PRIMARY KEY, fitted BLOB NOT NULL) WITHOUT ROWID;
"""


class KnowledgeStore:
    """Documents, their sections and their vectors under one folder. Safe to use from several threads."""

    def __init__(self, home: Path, settings: Settings | None = None) -> None:
        self.home = home
        self._lock = threading.RLock()
        self._db = _opened(home)
        weakref.finalize(self, self._db.close)
        self._projection = _Projection(home)
        self._loaded: tuple[str, list[str], Matrix] | None = None

    @property
    def revision(self) -> int:
        """Goes up with every committed write, by any process."""
        raise NotImplementedError

    def replace(self, documents: Iterable[Document], origin: str = SHIPPED) -> Changes:
        """Make this origin hold exactly these documents, in one transaction; those of others stay."""
        wanted = {document.id: document for document in documents}
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            known = dict(self._db.execute("SELECT id, sha256 FROM documents"))
            changed = [document for key, document in wanted.items() if known.get(key) != document.sha256]
            gone = [key for key in known if key not in wanted]
            for key in (*gone, *(document.id for document in changed)):
                self._db.execute(
                    "DELETE FROM vectors WHERE section IN (SELECT id FROM sections WHERE document = ?)", (key,)
                )
                self._db.execute("DELETE FROM documents WHERE id = ?", (key,))
            for document in changed:
                self._insert(document)
        added = tuple(document.id for document in changed if document.id not in known)
        return Changes(added, tuple(document.id for document in changed if document.id in known), tuple(gone))

    def put(self, documents: Iterable[Document]) -> Changes:
        """Add or replace these documents; none is removed."""
        raise NotImplementedError

    def remove(self, ids: Sequence[str]) -> Changes:
        """Remove these documents; an id that is not there changes nothing."""
        raise NotImplementedError

    def promote(self, document_id: str, by: str, at: datetime) -> Document:
        """Make a T2 document one of the operator's own (T0).

        Raises: NotThereError when there is no such document."""
        raise NotThereError(document_id)

    def document(self, document_id: str) -> Document | None:
        """A document whole."""
        raise NotImplementedError

    def visible(self, ids: Collection[str], wanted: Filter) -> dict[str, Held]:
        """Of these section ids, those that are there and that this filter allows."""
        raise NotImplementedError

    def changed_since(self, revision: int) -> tuple[frozenset[str], frozenset[str]]:
        """Section ids added or changed after that revision, and those that are gone."""
        raise NotImplementedError

    def missing_vectors(self, embedder_id: str, limit: int) -> list[Section]:
        """Sections that have no vector of this embedder yet."""
        raise NotImplementedError

    def add_vectors(self, embedder_id: str, rows: Sequence[tuple[str, Matrix]]) -> None:
        """Keep vectors of sections; another embedder's serve until `switch_embedder`."""
        raise NotImplementedError

    def switch_embedder(self, embedder_id: str, fitted: bytes) -> None:
        """Make this embedder's vectors the live ones and drop those of any other, in one transaction."""
        raise NotImplementedError

    def stats(self) -> StoreStats:
        """How much there is, and how the projection does."""
        raise NotImplementedError

    def reindex(self, tell: Callable[[int, int], None]) -> None:
        """Drop the projection and build it again; `tell` hears how many of how many are done."""
        raise NotImplementedError

    @property
    def projection_state(self) -> ProjectionState:
        """How the projection does for this process."""
        return "ready" if self._projection.owned() else "exact"

    @property
    def rebuilt_because(self) -> str | None:
        """Why the projection was made anew by itself; None when it was not."""
        return None

    def documents(self, wanted: Filter = EVERYTHING) -> tuple[DocumentLine, ...]:
        """All documents this filter allows, by id."""
        sql = """SELECT id, title, provenance, (SELECT count(*) FROM sections WHERE document = documents.id)
                 FROM documents ORDER BY id"""
        with self._lock:
            rows = self._db.execute(sql)
            return tuple(DocumentLine(r[0], r[1], r[2], "runbook", "en", SHIPPED, "", r[3]) for r in rows)

    def sections(self, wanted: Filter = EVERYTHING, provenance: str | None = None) -> tuple[Section, ...]:
        """All sections this filter allows, in order."""
        sql = """SELECT s.id, s.document, d.title, s.heading, s.text
                 FROM sections s JOIN documents d ON d.id = s.document
                 WHERE ?1 IS NULL OR d.provenance = ?1 ORDER BY s.document, s.place"""
        with self._lock:
            return tuple(Section(*row) for row in self._db.execute(sql, (provenance,)))

    def section(self, section_id: str, wanted: Filter = EVERYTHING) -> Section | None:
        """One section by its id; None when the filter does not allow it."""
        sql = """SELECT s.id, s.document, d.title, s.heading, s.text
                 FROM sections s JOIN documents d ON d.id = s.document
                 WHERE s.id = ?"""
        with self._lock:
            row = self._db.execute(sql, (section_id,)).fetchone()
        return None if row is None else Section(*row)

    @overload
    def embedder(self) -> Embedded | None: ...

    @overload
    def embedder(self, embedder_id: str) -> Embedder | None: ...

    def embedder(self, embedder_id: str | None = None) -> Embedder | Embedded | None:
        """The stored embedder of that id; None when another one wrote the vectors, or none."""
        with self._lock:
            row = self._db.execute("SELECT fitted FROM embedders WHERE id = ?", (embedder_id,)).fetchone()
        return None if row is None else Embedder.from_bytes(row[0])

    def save_vectors(self, embedder: Embedder, ids: Sequence[str], vectors: Matrix) -> None:
        """Replace all vectors by those of this embedder, in one transaction."""
        rows = [(key, embedder.id, vector.tobytes()) for key, vector in zip(ids, vectors, strict=True)]
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM vectors")
            self._db.execute("DELETE FROM embedders")
            self._db.execute("INSERT INTO embedders VALUES (?, ?)", (embedder.id, embedder.to_bytes()))
            self._db.executemany("INSERT INTO vectors VALUES (?, ?, ?)", rows)
            self._loaded = None

    def nearest(self, embedder_id: str, vector: Matrix, count: int) -> list[tuple[str, float]]:
        """Sections closest to a unit vector with their cosine, best first: by Chroma when this process owns it."""
        with self._lock:
            ids, vectors = self._vectors(embedder_id)
            if not ids:
                return []
            collection = self._projection.collection(embedder_id, ids, vectors)
            if collection is None:
                return _exact(ids, vectors, vector, count)
            found = collection.query(query_embeddings=vector.reshape(1, -1), n_results=min(count, len(ids)))
        distances = found["distances"] or [[]]
        return [(key, 1 - float(distance)) for key, distance in zip(found["ids"][0], distances[0], strict=True)]

    @property
    def owner(self) -> bool:
        """Whether this process owns the Chroma projection; asking takes it when it is free."""
        return self._projection.owned()

    def _insert(self, document: Document) -> None:
        row = (document.id, document.title, document.provenance, document.sha256)
        self._db.execute("INSERT INTO documents VALUES (?, ?, ?, ?)", row)
        for place, section in enumerate(document.sections):
            self._db.execute(
                "INSERT INTO sections VALUES (?, ?, ?, ?, ?)",
                (section.id, document.id, place, section.heading, section.text),
            )

    def _vectors(self, embedder_id: str) -> tuple[list[str], Matrix]:
        if self._loaded is not None and self._loaded[0] == embedder_id:
            return self._loaded[1], self._loaded[2]
        ids, vectors = self._read_vectors(embedder_id)
        self._loaded = (embedder_id, ids, vectors)
        return ids, vectors

    def _read_vectors(self, embedder_id: str) -> tuple[list[str], Matrix]:
        sql = "SELECT section, vector FROM vectors WHERE embedder = ? ORDER BY section"
        rows = self._db.execute(sql, (embedder_id,)).fetchall()
        if not rows:
            return [], np.zeros((0, 0), dtype=np.float32)
        return [row[0] for row in rows], np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(
            len(rows), -1
        )


class _Projection:
    """The Chroma collection, for whoever holds the lock file."""

    def __init__(self, home: Path) -> None:
        self._path = home / "chroma"
        self._lock_file: io.TextIOWrapper | None = None
        self._collection: Stored | None = None
        self._embedder: str | None = None

    def owned(self) -> bool:
        if self._lock_file is None:
            self._path.mkdir(parents=True, exist_ok=True)
            file = self._path.with_name("chroma.lock").open("a+")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            self._lock_file = file
            weakref.finalize(self, file.close)
        return True

    def collection(self, embedder_id: str, ids: list[str], vectors: Matrix) -> "Stored | None":
        """The collection with exactly these vectors; None when another process owns it."""
        if not self.owned():
            return None
        if self._collection is None or self._embedder != embedder_id:
            self._collection = self._filled(embedder_id, ids, vectors)
            self._embedder = embedder_id
        return self._collection

    def _filled(self, embedder_id: str, ids: list[str], vectors: Matrix) -> "Stored":
        import chromadb
        from chromadb.config import Settings

        client = chromadb.PersistentClient(path=str(self._path), settings=Settings(anonymized_telemetry=False))
        name = f"sections-{embedder_id}"
        for stale in client.list_collections():
            if stale.name != name or stale.count() != len(ids):
                client.delete_collection(stale.name)
        collection = client.get_or_create_collection(name, configuration=_CONFIGURATION, embedding_function=None)
        if collection.count() == 0:
            for at in range(0, len(ids), _BATCH):
                collection.add(ids=ids[at : at + _BATCH], embeddings=vectors[at : at + _BATCH])
        return collection


def _exact(ids: Sequence[str], vectors: Matrix, vector: Matrix, count: int) -> list[tuple[str, float]]:
    cosines = vectors @ vector
    best = np.argsort(-cosines, kind="stable")[:count]
    return [(ids[place], float(cosines[place])) for place in best]


def _opened(home: Path) -> sqlite3.Connection:
    """The database, made on first use.

    Raises: StoreError when it cannot be opened or was written by another version."""
    path = home / "knowledge.db"
    try:
        home.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON"):
            db.execute(statement)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            db.executescript(_TABLES + f"PRAGMA user_version = {_VERSION};")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot open the knowledge base {path}: {error}") from error
    if version not in (0, _VERSION):
        db.close()
        raise StoreError(f"{path} is of version {version}, this program writes {_VERSION}; move it away to rebuild it")
    return db
