"""The knowledge base on disk: the ledger is the truth, the Chroma collection beside it a projection for searching.

One process owns the projection, by a lock file. Any other searches the vectors of the ledger exactly and never opens
the Chroma folder: a second reader of it would silently miss what the owner wrote.
"""

import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from knowledge.errors import NotThereError, StoreError
from knowledge.models import EVERYTHING, SHIPPED, Changes, Document, DocumentLine, Filter, Section
from knowledge.settings import Settings
from knowledge.store import counting, embeddings, reading, writing
from knowledge.store.database import Database
from knowledge.store.exact import ExactIndex
from knowledge.store.projection import Mark, Projection
from knowledge.store.reading import Head
from knowledge.store.records import Embedded, Held, Matrix, ProjectionState, StoreStats
from knowledge.store.tables import documents as table

_MOST_FOUND: Final = 10_000
"""Beyond that, what is sought among outdated vectors is sought exactly."""


class KnowledgeStore:
    """Documents, their sections and their vectors under one folder. Safe to use from several threads and processes."""

    def __init__(self, home: Path, settings: Settings | None = None) -> None:
        """Raises: StoreError when the ledger cannot be opened or is of another version."""
        chosen = settings or Settings(home=home)
        self.home = home
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot open the knowledge base in {home}: {error}") from error
        self._database = Database(chosen.knowledge_database or f"sqlite:///{home / 'knowledge.db'}")
        self._projection = Projection(self._database, home, chosen.chroma_url)
        weakref.finalize(self, self._projection.close)
        self._lock = threading.RLock()
        self._exact: dict[bool, ExactIndex] = {}
        self._handed: dict[str, str] = {}
        self._weighed = -1

    @property
    def identity(self) -> str:
        """Of the database, by chance when it is made: an index beside it tells by it that it belongs to another."""
        with self._database.reading() as connection:
            return reading.identity_of(connection)

    @property
    def revision(self) -> int:
        """Goes up with every committed write, by any process."""
        with self._database.reading() as connection:
            return reading.revision_of(connection)

    def replace(self, documents: Iterable[Document], origin: str = SHIPPED) -> Changes:
        """Make this origin hold exactly these documents, in one transaction; those of others stay.

        A document that a person made T0 stays it as long as its text is unchanged. Raises: DocumentError when another
        origin holds a document of the same id."""
        wanted = {d.id: d if d.origin == origin else replace(d, origin=origin) for d in documents}
        return self._written(lambda connection: writing.planned(connection, wanted, origin))

    def put(self, documents: Iterable[Document]) -> Changes:
        """Add or replace these documents; none is removed. Otherwise as `replace`."""
        wanted = {document.id: document for document in documents}
        return self._written(lambda connection: writing.planned(connection, wanted, None))

    def remove(self, ids: Sequence[str]) -> Changes:
        """Remove these documents; an id that is not there changes nothing."""
        return self._written(lambda connection: writing.removal(connection, ids))

    def promote(self, document_id: str, by: str, at: datetime) -> Document:
        """Make a T2 document one of the operator's own (T0); one that is T0 stays as it is.

        Raises: NotThereError when there is no such document."""
        with self._database.writing() as connection:
            writing.make_own(connection, document_id, by, at)
        found = self.document(document_id)
        if found is None:
            raise NotThereError(f"the knowledge base no longer holds {document_id!r}")
        return found

    def document(self, document_id: str) -> Document | None:
        """A document whole, whoever may read it."""
        with self._database.reading() as connection:
            return reading.document_of(connection, document_id)

    def documents(self, wanted: Filter = EVERYTHING) -> tuple[DocumentLine, ...]:
        """All documents this filter allows, by id."""
        with self._database.reading() as connection:
            return reading.document_lines(connection, wanted)

    def section(self, section_id: str, wanted: Filter = EVERYTHING) -> Section | None:
        """One section by its id; None when it is not there or the filter does not allow it."""
        held = self.visible([section_id], wanted).get(section_id)
        return None if held is None else held.section

    def sections(self, wanted: Filter = EVERYTHING) -> tuple[Section, ...]:
        """All sections this filter allows, document by document."""
        with self._database.reading() as connection:
            return reading.sections_of(connection, wanted)

    def visible(self, ids: Collection[str], wanted: Filter) -> dict[str, Held]:
        """Of these section ids, those that are there and that this filter allows."""
        with self._database.reading() as connection:
            return reading.held_of(connection, ids, wanted)

    def held(self, ids: Collection[str]) -> dict[str, Held]:
        """Of these section ids, those that are there, whoever may read them: for an index that is filtered later."""
        with self._database.reading() as connection:
            return reading.held_of(connection, ids, None)

    def changed_since(self, revision: int) -> tuple[frozenset[str], frozenset[str]]:
        """Section ids added or changed after that revision, and those that are gone."""
        with self._database.reading() as connection:
            return reading.changed_of(connection, revision)

    def embedder(self) -> Embedded | None:
        """The embedder whose vectors are live."""
        with self._database.reading() as connection:
            return embeddings.live_embedder(connection)

    def missing_vectors(self, embedder_id: str, limit: int) -> list[Section]:
        """Sections, at most so many, that this embedder has not embedded as they are now."""
        with self._database.reading() as connection:
            found = embeddings.without_vector(connection, embedder_id, limit)
        with self._lock:
            self._handed |= {section.id: writing.section_sha(section) for section in found}
        return found

    def add_vectors(self, embedder_id: str, rows: Sequence[tuple[str, Matrix]]) -> None:
        """Keep unit vectors of sections; another embedder's serve until `switch_embedder`.

        A section whose text has changed since `missing_vectors` gave it stays without one."""
        with self._lock:
            embedded = {key: sha for key, _ in rows if (sha := self._handed.pop(key, None)) is not None}
        with self._database.writing() as connection:
            embeddings.keep(connection, embedder_id, dict(rows), embedded)
        self._follow()

    def switch_embedder(self, embedder_id: str, fitted: bytes) -> None:
        """Make this embedder's vectors the live ones and drop those of any other, in one transaction."""
        with self._database.writing() as connection:
            embeddings.make_live(connection, embedder_id, fitted)
        self._follow()

    def nearest(self, embedder_id: str, vector: Matrix, count: int) -> list[tuple[str, float]]:
        """Sections closest to a unit vector with their cosine, best first.

        By Chroma up to its watermark and exactly for what came later; exactly throughout when Chroma cannot tell."""
        ready = self._projection.ready(embedder_id)
        with self._lock, self._database.reading() as connection:
            head, mark = reading.head_of(connection), self._projection.mark(connection)
            self._weigh(connection, head, mark)
            if ready and mark is not None and mark.embedder == embedder_id and mark.watermark > 0:
                found = self._projected(connection, head, mark, vector, count)
                if found is not None:
                    return found
            return self._index(connection, head, embedder_id, 0).nearest(vector, count)

    def catch_up(self, tell: Callable[[int, int], None] | None = None) -> None:
        """Bring the projection up to date now instead of in the background, if this process may.

        Raises: StoreError when Chroma fails."""
        self._projection.catch_up(tell)

    def reindex(self, tell: Callable[[int, int], None]) -> None:
        """Drop the projection and build it again; `tell` hears how many of how many are done.

        Raises: StoreError when another process owns it, or Chroma fails."""
        if not self._projection.ownership.taken():
            owner = self._projection.ownership.owner()
            raise StoreError(f"process {owner} owns the search index of {self.home}; end it, or reindex there")
        self._projection.catch_up(tell, anew=True)

    @property
    def projection_state(self) -> ProjectionState:
        """How the projection does for this process."""
        return self._projection.state(self._mark())

    @property
    def rebuilt_because(self) -> str | None:
        """Why the projection was made anew by itself; None when it was not, or when a person had it made since."""
        mark = self._mark()
        return None if mark is None else mark.rebuilt_because

    @property
    def owner(self) -> bool:
        """Whether this process owns the projection; asking takes it when it is free."""
        return self._projection.ownership.taken()

    def stats(self) -> StoreStats:
        """How much there is, and how the projection does."""
        file = self._database.file
        files = () if file is None else (file, file.with_name(f"{file.name}-wal"))
        with self._database.reading() as connection:
            mark = self._projection.mark(connection)
            live = embeddings.live_embedder(connection)
            revision = reading.revision_of(connection)
            kinds = counting.sections_by(connection, table.c.kind)
            return StoreStats(
                documents=counting.document_count(connection),
                sections=sum(kinds.values()),
                kinds=kinds,
                languages=counting.sections_by(connection, table.c.language),
                provenance=counting.sections_by(connection, table.c.provenance),
                vectors=0 if live is None else embeddings.count_until(connection, live.id, revision),
                embedder=None if live is None else live.id,
                revision=revision,
                watermark=0 if mark is None else mark.watermark,
                projection=self._projection.state(mark),
                rebuilt_because=None if mark is None else mark.rebuilt_because,
                owner=self._projection.ownership.owner(),
                bytes=counting.bytes_on_disk((*files, self.home / "chroma")),
            )

    def settle(self) -> None:
        """Wait for what is done in the background."""
        self._projection.settle()

    def close(self) -> None:
        """Let go of files and connections; the next call opens them again."""
        self._projection.close()
        self._database.close()

    def _written(self, plan_of: Callable[[Connection], writing.Plan]) -> Changes:
        """Look first, so that a start with nothing to change waits for nobody and writes nothing."""
        with self._database.reading() as connection:
            if not len(plan_of(connection).changes):
                return Changes()
        with self._database.writing() as connection:
            plan = plan_of(connection)
            if len(plan.changes):
                writing.carry_out(connection, plan)
        return plan.changes

    def _mark(self) -> Mark | None:
        with self._database.reading() as connection:
            return self._projection.mark(connection)

    def _follow(self) -> None:
        with self._lock, self._database.reading() as connection:
            self._weigh(connection, reading.head_of(connection), self._projection.mark(connection))

    def _weigh(self, connection: Connection, head: Head, mark: Mark | None) -> None:
        """Wake the projection when so much has changed that Chroma should know of it."""
        if head.revision == self._weighed or head.embedder is None:
            return
        self._weighed = head.revision
        watermark = mark.watermark if mark is not None and mark.embedder == head.embedder else 0
        if embeddings.behind(connection, head.embedder, watermark) >= self._projection.worth_it:
            self._projection.wake()

    def _projected(
        self, connection: Connection, head: Head, mark: Mark, vector: Matrix, count: int
    ) -> list[tuple[str, float]] | None:
        """Chroma and the tail, of which only what the ledger holds now counts; None when Chroma cannot tell."""
        tail = self._index(connection, head, mark.embedder, mark.watermark).nearest(vector, count)
        asked = 2 * count
        while asked <= _MOST_FOUND:
            found = self._projection.nearest(mark, vector.reshape(1, -1), asked)
            if found is None:
                return None
            alive = embeddings.living(connection, mark.embedder, [key for key, _ in found])
            merged = dict(tail) | {alive[key]: cosine for key, cosine in found if key in alive}
            if len(alive) >= count or len(found) < asked:
                return sorted(merged.items(), key=lambda item: (-item[1], item[0]))[:count]
            asked *= 2
        return None

    def _index(self, connection: Connection, head: Head, embedder_id: str, since: int) -> ExactIndex:
        """What is newer than a revision, in memory, as of the state this transaction sees."""
        index = self._exact.get(since > 0)
        known = index is not None and (index.embedder, index.since) == (embedder_id, since)
        if index is None or not known or not head.switched <= index.seen <= head.revision:
            index = self._exact[since > 0] = ExactIndex(embedder_id, since)
        if index.seen < head.revision:
            added = embeddings.newer(connection, embedder_id, index.seen)
            lost = embeddings.dropped(connection, embedder_id, index.seen, head.revision)
            index.update(added, lost, head.revision)
        return index
