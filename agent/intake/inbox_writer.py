"""The one thread that writes accepted alerts: what came while it was busy goes to disk in one transaction.

A sender's await ends after the commit, never before: between the two, nothing is accepted.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.intake.errors import InboxError
from agent.intake.inbox_database import open_inbox_database, transaction
from agent.intake.inbox_rows import Incoming, Posted

log = logging.getLogger(__name__)

MOST_ROWS: Final = 200
"""Rows of one transaction."""
CLOSE_S: Final = 30.0

_INSERT: Final = """
INSERT INTO inbox (world, sha256, key, format, raw, sender, received_at, status, due_at)
VALUES (:world, :sha256, :key, :format, :raw, :sender, :now, 'queued', 0)
ON CONFLICT DO NOTHING RETURNING id
"""
_FIND: Final = """
SELECT id, status FROM inbox WHERE world = :world AND (sha256 = :sha256 OR key = :key) ORDER BY key IS :key DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A few alerts of one sender, and who waits for them."""

    incoming: Sequence[Incoming]
    loop: asyncio.AbstractEventLoop
    written: asyncio.Future[list[Posted]]

    def tell(self, outcome: list[Posted] | InboxError) -> None:
        """Wake the sender; one that gave up waiting, or whose loop is gone, hears nothing."""
        try:
            self.loop.call_soon_threadsafe(self._settle, outcome)
        except RuntimeError:
            log.info("sender_gone rows=%s", len(self.incoming))

    def _settle(self, outcome: list[Posted] | InboxError) -> None:
        if self.written.done():
            return
        if isinstance(outcome, InboxError):
            self.written.set_exception(outcome)
        else:
            self.written.set_result(outcome)


class Writer:
    """Groups what is written; the thread starts with the first alert."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def write(self, incoming: Sequence[Incoming]) -> list[Posted]:
        """Returns once all are on disk. Raises: InboxError when one of them could not be written."""
        if self._closed:
            raise InboxError(f"the inbox {self._path} is closed")
        self._start()
        loop = asyncio.get_running_loop()
        starts = range(0, len(incoming), MOST_ROWS)
        jobs = [Job(incoming[start : start + MOST_ROWS], loop, loop.create_future()) for start in starts]
        for job in jobs:
            self._jobs.put(job)
        written = await asyncio.gather(*(job.written for job in jobs))
        return [posted for part in written for posted in part]

    def close(self) -> None:
        """Commit what is on its way and end the thread."""
        self._closed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(CLOSE_S)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            with closing(open_inbox_database(self._path, "FULL")) as db:
                while group := self._next():
                    self._commit(db, group)
        except InboxError as error:
            self._refuse_all(error)

    def _next(self) -> list[Job]:
        """The jobs of the next transaction; none when it is time to end."""
        job = self._jobs.get()
        group: list[Job] = []
        rows = 0
        while job is not None:
            group.append(job)
            rows += len(job.incoming)
            if rows >= MOST_ROWS or self._jobs.empty():
                return group
            job = self._jobs.get()
        if group:
            self._jobs.put(None)
        return group

    def _commit(self, db: sqlite3.Connection, group: list[Job]) -> None:
        try:
            with transaction(db):
                posted = [[self._insert(db, item) for item in job.incoming] for job in group]
        except Exception as error:
            log.exception("inbox_write_failed jobs=%s", len(group))
            for job in group:
                job.tell(InboxError(f"cannot write the inbox {self._path}: {error}"))
            return
        for job, rows in zip(group, posted, strict=True):
            job.tell(rows)

    def _insert(self, db: sqlite3.Connection, item: Incoming) -> Posted:
        values = {
            "world": item.world,
            "sha256": item.sha256,
            "key": item.key_sha256,
            "format": item.format,
            "raw": item.raw,
            "sender": item.sender,
            "now": self._clock(),
        }
        if (row := db.execute(_INSERT, values).fetchone()) is not None:
            return Posted(row["id"], "queued", duplicate=False)
        known = db.execute(_FIND, values).fetchone()
        return Posted(known["id"], known["status"], duplicate=True)

    def _refuse_all(self, error: InboxError) -> None:
        """The file cannot be opened: nobody waits for ever."""
        while (job := self._jobs.get()) is not None:
            job.tell(error)
