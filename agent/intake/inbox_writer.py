"""Accepted alerts go to disk in groups: while one transaction is written, the next group gathers.

A sender's await ends after the commit, never before: between the two, nothing is accepted. A group is a handful of
statements however many rows it has, since between any two of them the thread may have to wait for the event loop.
"""

import asyncio
import json
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.intake.errors import InboxError
from agent.intake.inbox_database import open_inbox_database
from agent.intake.inbox_rows import Incoming, Posted
from knowledge.trust.sqlite_files import transaction

log = logging.getLogger(__name__)

MOST_ROWS: Final = 200
"""Rows of one transaction."""
MOST_BYTES: Final = 8_000_000
"""Of one transaction that is more than one job: it is in memory several times over."""

_LAST: Final = "SELECT coalesce(max(id), 0) FROM inbox"
_INSERT: Final = """
INSERT INTO inbox (world, sha256, key, format, raw, sender, received_at, status, due_at)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), CAST(json_extract(value, '$[4]') AS BLOB), json_extract(value, '$[5]'),
    :now, 'queued', 0
FROM json_each(:items) WHERE true ORDER BY key ON CONFLICT DO NOTHING
"""
_FIND: Final = """
SELECT json_group_array(json_array(item.key, inbox.id, inbox.status)) FROM json_each(:items) AS item
CROSS JOIN inbox ON inbox.id = coalesce(
    (SELECT id FROM inbox WHERE world = json_extract(item.value, '$[0]') AND key = json_extract(item.value, '$[2]')),
    (SELECT id FROM inbox WHERE world = json_extract(item.value, '$[0]') AND sha256 = json_extract(item.value, '$[1]'))
)
"""
"""A key says more than the bytes: what a sender calls the same is the same."""


@dataclass(frozen=True, slots=True)
class Job:
    """A few alerts of one sender, and who waits for them."""

    incoming: Sequence[Incoming]
    written: asyncio.Future[list[Posted]]

    @property
    def size(self) -> int:
        """Bytes of the alerts."""
        return sum(len(item.raw) for item in self.incoming)


class Writer:
    """Groups what is written. Everybody who writes does so on one event loop."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._jobs: deque[Job] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbox-writer")
        self._db: sqlite3.Connection | None = None
        self._drain: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, incoming: Sequence[Incoming]) -> list[Posted]:
        """Returns once all are on disk. Raises: InboxError when one of them could not be written."""
        if self._closed:
            raise InboxError(f"the inbox {self._path} is closed")
        loop = asyncio.get_running_loop()
        starts = range(0, len(incoming), MOST_ROWS)
        jobs = [Job(incoming[start : start + MOST_ROWS], loop.create_future()) for start in starts]
        self._jobs.extend(jobs)
        if self._drain is None or self._drain.done():
            self._drain = loop.create_task(self._write_all(), name="inbox-writer")
        written = await asyncio.gather(*(job.written for job in jobs))
        return [posted for part in written for posted in part]

    def close(self) -> None:
        """Finish the transaction under way and close the file; whoever still waits is not told that it was accepted."""
        if self._closed:
            return
        self._closed = True
        self._thread.submit(self._close_file)
        self._thread.shutdown(wait=True)

    async def _write_all(self) -> None:
        """Group after group, until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._jobs:
            group = self._next()
            incoming = [item for job in group for item in job.incoming]
            try:
                posted = await loop.run_in_executor(self._thread, self._commit, incoming)
            except (sqlite3.Error, InboxError) as error:  # a full disk would fill the log with traces
                log.error("inbox_write_failed rows=%s error=%s", len(incoming), error)
                _refuse(group, InboxError(f"cannot write the inbox {self._path}: {error}"))
            except Exception as error:
                log.exception("inbox_write_failed rows=%s", len(incoming))
                _refuse(group, InboxError(f"cannot write the inbox {self._path}: {error}"))
            else:
                _tell(group, posted)

    def _next(self) -> list[Job]:
        """The jobs of the next transaction, in the order they came."""
        group = [self._jobs.popleft()]
        rows, size = len(group[0].incoming), group[0].size
        while (
            self._jobs and rows + len(self._jobs[0].incoming) <= MOST_ROWS and size + self._jobs[0].size <= MOST_BYTES
        ):
            group.append(self._jobs.popleft())
            rows, size = rows + len(group[-1].incoming), size + group[-1].size
        return group

    def _commit(self, incoming: Sequence[Incoming]) -> list[Posted]:
        """One transaction, on disk when this returns. Runs in the writer's thread."""
        if self._db is None:
            self._db = open_inbox_database(self._path, "FULL")
        values = {"items": json.dumps([_values(item) for item in incoming]), "now": self._clock()}
        with transaction(self._db):
            last = int(self._db.execute(_LAST).fetchone()[0])
            self._db.execute(_INSERT, values)
            found = json.loads(self._db.execute(_FIND, values).fetchone()[0])
        return _posted(last, sorted(found))

    def _close_file(self) -> None:
        if self._db is not None:
            self._db.close()


def _values(item: Incoming) -> list[str | None]:
    return [item.world, item.sha256, item.key_sha256, item.format, item.raw.decode("utf-8"), item.sender]


def _posted(last: int, found: Sequence[tuple[int, int, str]]) -> list[Posted]:
    """A row is new when its number is, and the first time it occurs."""
    seen: set[int] = set()
    posted = []
    for _, row, status in found:
        posted.append(Posted.model_validate({"id": row, "status": status, "duplicate": row <= last or row in seen}))
        seen.add(row)
    return posted


def _tell(group: Sequence[Job], posted: Sequence[Posted]) -> None:
    """Wake the senders that still wait."""
    start = 0
    for job in group:
        end = start + len(job.incoming)
        if not job.written.done():
            job.written.set_result(list(posted[start:end]))
        start = end


def _refuse(group: Sequence[Job], error: InboxError) -> None:
    for job in group:
        if not job.written.done():
            job.written.set_exception(error)
