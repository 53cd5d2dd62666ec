"""The projection of the ledger's vectors in Chroma: how it follows, how damage is found, how it is made anew.

The ledger notes what is about to be done before it is done, and how far the projection is after Chroma has it. Whoever
finds another state than `clean` has vectors look for themselves before it is believed.
"""

import logging
import platform
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from knowledge.errors import StoreError
from knowledge.store import embeddings
from knowledge.store.chroma import BATCH, Chroma, ChromaTrouble
from knowledge.store.database import Database
from knowledge.store.ownership import Ownership
from knowledge.store.reading import revision_of
from knowledge.store.records import Matrix, ProjectionState
from knowledge.store.tables import projections

log = logging.getLogger(__name__)

_WORTH_IT: Final = 1_000
"""So many vectors are searched exactly before a folder is told of them: it takes 0.1 ms, to import Chroma a second."""
_CHECKPOINT: Final = 1_000
"""Operations in Chroma's log from which on the index file is written; 1,000 take a quarter of a second to replay."""
_SAMPLE: Final = 300
_ALLOWED: Final = 0.02
"""Part of the sample that may miss itself: an approximate index without damage loses just under one per cent."""
_SAME: Final = 0.9999
_LOOKED_AT: Final = 10
_PAUSE_S: Final = 30.0
"""After trouble with Chroma, search is exact for so long."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the projection has come, as the ledger has it."""

    embedder: str
    collection: str
    watermark: int = 0
    state: str = "clean"
    pending: int = 0
    rebuilt_because: str | None = None


class Projection:
    """Chroma for one ledger. Safe to use from several threads."""

    def __init__(self, database: Database, home: Path, url: str) -> None:
        self._database = database
        self._chroma = Chroma(home / "chroma", url)
        in_home = database.file is not None and database.file.parent == home
        self._place = url or ("home" if in_home else f"{platform.node()}:{home}")
        self.ownership = Ownership(home)
        self._guard = threading.RLock()
        self._open = ""
        self._trouble_until = 0.0
        self._worker: threading.Thread | None = None

    @property
    def worth_it(self) -> int:
        """How many vectors may be new before it should know of them; a server is there to be used."""
        return _WORTH_IT if self._chroma.local else 1

    def mark(self, connection: Connection) -> Mark | None:
        """How far it is; None when there is none yet."""
        p = projections.c
        asked = select(p.embedder, p.collection, p.watermark, p.state, p.pending, p.rebuilt_because)
        row = connection.execute(asked.where(p.place == self._place)).first()
        return None if row is None else Mark(*row)

    def state(self, mark: Mark | None) -> ProjectionState:
        """For this process; asking takes the ownership when it is free."""
        if (self._chroma.local and not self.ownership.taken()) or self._troubled():
            return "exact"
        return "rebuilt" if mark is not None and mark.rebuilt_because else "ready"

    def nearest(self, mark: Mark, vectors: Matrix, count: int) -> list[tuple[str, float]] | None:
        """Ids and cosines closest to a vector among those up to the watermark; None: it cannot tell now.

        It never waits for one who writes."""
        if not self._guard.acquire(blocking=False):
            return None
        try:
            if self._open != mark.collection:
                self._open = ""
                return None
            return self._chroma.nearest(vectors, count)[0]
        except ChromaTrouble as trouble:
            self._condemn(trouble)
            return None
        finally:
            self._guard.release()

    def ready(self, embedder_id: str) -> bool:
        """Whether it can be asked now; opens it and looks for damage when that has not been done yet."""
        if self._troubled() or not self._guard.acquire(blocking=False):
            return False
        try:
            if self._open:
                return True
            with self._database.reading() as connection:
                mark = self.mark(connection)
            if mark is None or mark.embedder != embedder_id or mark.watermark == 0:
                return False
            return self._opened(mark)
        except ChromaTrouble as trouble:
            self._condemn(trouble)
            return False
        finally:
            self._guard.release()

    def wake(self) -> None:
        """Have it catch up in the background, if this process owns it and nothing is on the way already."""
        if self._troubled() or (self._worker is not None and self._worker.is_alive()) or not self.ownership.taken():
            return
        self._worker = threading.Thread(target=self._work, name="knowledge-projection")
        self._worker.start()

    def catch_up(self, tell: Callable[[int, int], None] | None = None, *, anew: bool = False) -> None:
        """Bring it to the ledger's revision, and its index file too when that is due. Nothing when another owns it.

        Raises: StoreError when Chroma fails."""
        if not self.ownership.taken():
            return
        try:
            with self._guard:
                self._prepared(anew=anew)
            while self._step(tell) and threading.main_thread().is_alive():
                pass
            with self._guard:
                self._checkpoint()
        except ChromaTrouble as trouble:
            self._condemn(trouble)
            raise StoreError(f"Chroma failed: {trouble}") from trouble

    def settle(self) -> None:
        """Wait for what is done in the background."""
        if self._worker is not None:
            self._worker.join()

    def close(self) -> None:
        """Let go of Chroma and of the ownership."""
        with self._guard:
            self._chroma.close()
            self._open = ""
        self.ownership.release()

    def _work(self) -> None:
        try:
            self.catch_up()
        except StoreError:
            log.warning("the projection of the knowledge base does not follow; search is exact", exc_info=True)

    def _prepared(self, *, anew: bool) -> None:
        with self._database.reading() as connection:
            mark, live = self.mark(connection), embeddings.live_embedder(connection)
        if live is None:
            return
        if mark is None or mark.embedder != live.id or anew:
            self._make(live.id, mark, None)
        else:
            self._opened(mark)

    def _opened(self, mark: Mark) -> bool:
        """Open the collection; a damaged one is replaced by an empty one, which is not ready. Raises: ChromaTrouble."""
        if self._open == mark.collection:
            return True
        if not self.ownership.taken():
            self._open = mark.collection if not self._chroma.local and self._chroma.has(mark.collection) else ""
            return bool(self._open)
        damage = self._damage(mark)
        if damage is not None:
            log.warning("the projection of the knowledge base is made anew: %s", damage)
            self._make(mark.embedder, mark, damage)
            return False
        self._open = mark.collection
        if mark.state != "clean":
            self._note(replace(mark, state="clean"))
        return True

    def _damage(self, mark: Mark) -> str | None:
        try:
            if not self._chroma.has(mark.collection):
                return "its collection is not there"
            with self._database.reading() as connection:
                whole = embeddings.count_until(connection, mark.embedder, mark.watermark)
            there = self._chroma.count()
            if there < whole:
                return f"it holds {there} of {whole} vectors"
            return None if mark.state == "clean" and self._chroma.local else self._missing(mark)
        except ChromaTrouble as trouble:
            if not self._chroma.local:
                raise
            return f"it cannot be read ({trouble})"

    def _missing(self, mark: Mark) -> str | None:
        """Let a sample of the vectors look for themselves."""
        with self._database.reading() as connection:
            rows = embeddings.sample(connection, mark.embedder, mark.watermark, _SAMPLE)
        vectors = np.array([np.frombuffer(row[1], dtype=np.float32) for row in rows])
        rows = [row for row, length in zip(rows, np.linalg.norm(vectors, axis=-1), strict=True) if length > 0]
        if not rows:
            return None
        vectors = vectors[np.linalg.norm(vectors, axis=-1) > 0]
        found = self._chroma.nearest(vectors, _LOOKED_AT)
        missed = sum(not _itself(key, near) for (key, _), near in zip(rows, found, strict=True))
        if missed <= _ALLOWED * len(rows):
            return None
        return f"{missed} of {len(rows)} vectors no longer found themselves (it was {mark.state!r} when it stopped)"

    def _make(self, embedder_id: str, old: Mark | None, because: str | None) -> None:
        fresh = Mark(embedder_id, f"sections-{secrets.token_hex(6)}", rebuilt_because=because)
        self._chroma.make(fresh.collection, "" if old is None else old.collection)
        self._note(fresh)
        self._open = fresh.collection

    def _step(self, tell: Callable[[int, int], None] | None) -> bool:
        """Take over a batch; whether there is more."""
        with self._guard:
            with self._database.reading() as connection:
                mark, live, now = self.mark(connection), embeddings.live_embedder(connection), revision_of(connection)
                if mark is None or live is None or mark.embedder != live.id or mark.collection != self._open:
                    return False
                rows, until = _whole_revisions(embeddings.newer(connection, live.id, mark.watermark, BATCH), now)
                lost = embeddings.dropped(connection, live.id, mark.watermark, until)
                ahead = embeddings.behind(connection, live.id, until)
            if rows or lost:
                self._note(replace(mark, state="writing"))
                self._write(rows, lost)
            if until > mark.watermark:
                self._note(replace(mark, watermark=until, pending=mark.pending + len(rows) + len(lost)))
            if tell is not None:
                done = self._chroma.count()
                tell(done, done + ahead)
            return until < now

    def _write(self, rows: list[tuple[str, str, int, bytes]], lost: list[str]) -> None:
        if lost:
            self._chroma.delete(lost)
        if rows:
            matrix = np.frombuffer(b"".join(row[3] for row in rows), dtype=np.float32).reshape(len(rows), -1)
            self._chroma.add([row[1] for row in rows], matrix)

    def _checkpoint(self) -> None:
        with self._database.reading() as connection:
            mark = self.mark(connection)
        if mark is None or mark.pending < _CHECKPOINT or mark.collection != self._open or not self._chroma.local:
            return
        if self._chroma.count() == 0:
            return
        self._note(replace(mark, state="checkpointing"))
        self._chroma.checkpoint()
        self._note(replace(mark, pending=0))

    def _note(self, mark: Mark) -> None:
        """Durable before anything else is done. A mark of the same collection never goes back."""
        values = {name: getattr(mark, name) for name in Mark.__slots__}
        with self._database.writing() as connection:
            held = self.mark(connection)
            if held is not None and held.collection == mark.collection:
                values["watermark"] = max(held.watermark, mark.watermark)
            connection.execute(delete(projections).where(projections.c.place == self._place))
            connection.execute(insert(projections).values(place=self._place, **values))

    def _condemn(self, trouble: ChromaTrouble) -> None:
        """What fails is not asked again for a while, and then looked at before it is believed."""
        log.warning("Chroma failed, search is exact for %.0f s: %s", _PAUSE_S, trouble)
        with self._guard:
            self._open = ""
            self._chroma.close()
        self._trouble_until = time.monotonic() + _PAUSE_S
        with self._database.reading() as connection:
            mark = self.mark(connection)
        if mark is not None and self.ownership.taken():
            self._note(replace(mark, state="failed"))

    def _troubled(self) -> bool:
        return time.monotonic() < self._trouble_until


def _whole_revisions(
    rows: list[tuple[str, str, int, bytes]], now: int
) -> tuple[list[tuple[str, str, int, bytes]], int]:
    """As many of the rows as make whole revisions, and the revision that the projection has then."""
    if len(rows) < BATCH:
        return rows, now
    last = rows[-1][2]
    if rows[0][2] == last:
        return rows, last
    return [row for row in rows if row[2] < last], last - 1


def _itself(key: str, near: list[tuple[str, float]]) -> bool:
    """A vector found itself, or one that is equal to it."""
    return any(found == key or cosine >= _SAME for found, cosine in near)
