"""The threads of conversations: threads, runs, steps and evidence in one SQLite file that several processes share.

Every change is one transaction. Steps and evidence are only ever added, and only to a run that is still going on: a
run that somebody stopped, in whichever process, takes nothing more.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from agent.conversation.errors import (
    EvidenceNotFoundError,
    RunBusyError,
    RunNotFoundError,
    RunOverError,
    ThreadNotFoundError,
    ThreadStoreError,
)
from agent.conversation.models import Answer, ChatStep, Run, RunStatus, Thread
from agent.models import Evidence
from knowledge.trust.sqlite_files import transaction, use_write_ahead_log

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS threads (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, owner TEXT NOT NULL, title TEXT NOT NULL, case_id TEXT, language TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS threads_newest ON threads (tenant, updated_at);
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, thread_id TEXT NOT NULL REFERENCES threads (id),
    question TEXT NOT NULL, author TEXT NOT NULL, status TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
    answer TEXT, holder TEXT NOT NULL, attempts INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_of_thread ON runs (thread_id, number);
CREATE UNIQUE INDEX IF NOT EXISTS one_run_at_a_time ON runs (thread_id) WHERE status = 'running';
CREATE TABLE IF NOT EXISTS steps (
    run_id TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evidence (
    number INTEGER PRIMARY KEY AUTOINCREMENT, thread_id TEXT NOT NULL REFERENCES threads (id), id TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (id), document TEXT NOT NULL, UNIQUE (thread_id, id)
);
CREATE INDEX IF NOT EXISTS evidence_of_run ON evidence (run_id);
"""
_RUN: Final = ("id", "thread_id", "question", "author", "status", "started_at", "ended_at")
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(datetime)

Row = dict[str, str | int | None]


class ThreadStore:
    """Threads in the database at `path`, made on first use. May be used from several threads and processes.

    Raises: ThreadStoreError when the database cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _opened(path)
        except (OSError, sqlite3.Error) as error:
            raise ThreadStoreError(f"cannot open the threads {path}: {error}") from error

    def close(self) -> None:
        """Close the database, once what is under way in it is done; later uses raise sqlite3.ProgrammingError."""
        with self._lock:
            self._db.close()

    def create(self, thread: Thread) -> Thread:
        """Keep a new thread."""
        document = thread.model_dump(mode="json")
        with self._writing() as db:
            db.execute(
                "INSERT INTO threads VALUES"
                " (:id, :tenant, :owner, :title, :case_id, :language, :created_at, :updated_at)",
                document,
            )
        return thread

    def get(self, thread_id: str, tenant: str) -> Thread:
        """One thread. Raises: ThreadNotFoundError, also when it is another tenant's."""
        rows = self._rows("SELECT * FROM threads WHERE id = ? AND tenant = ?", thread_id, tenant)
        if not rows:
            raise ThreadNotFoundError(f"there is no thread {thread_id!r}")
        return Thread.model_validate(rows[0])

    def threads(self, tenant: str, owner: str | None = None, limit: int = 200) -> tuple[Thread, ...]:
        """The tenant's threads, the one used last first."""
        query = (
            "SELECT * FROM threads WHERE tenant = ? AND (? IS NULL OR owner = ?) ORDER BY updated_at DESC, id LIMIT ?"
        )
        return tuple(map(Thread.model_validate, self._rows(query, tenant, owner, owner, limit)))

    def start(self, run: Run, holder: str, title: str = "") -> Run:
        """Keep a new run, held by that process; `title` names a thread that has none yet.

        Raises: RunBusyError while another run of the thread is going on."""
        started = run.model_dump(mode="json")["started_at"]
        with self._writing() as db:
            if (busy := _running(db, run.thread_id)) is not None:
                raise RunBusyError(f"thread {run.thread_id} is still answering run {busy}", busy)
            db.execute(
                "INSERT INTO runs (id, thread_id, question, author, status, started_at, holder, attempts)"
                " VALUES (?, ?, ?, ?, 'running', ?, ?, 1)",
                (run.id, run.thread_id, run.question, run.author, started, holder),
            )
            db.execute(
                "UPDATE threads SET updated_at = ?, title = iif(title = '', ?, title) WHERE id = ?",
                (started, title, run.thread_id),
            )
        return run

    def run(self, run_id: str, tenant: str) -> Run:
        """One run. Raises: RunNotFoundError, also when it is another tenant's."""
        query = (
            "SELECT * FROM runs WHERE id = ? AND EXISTS"
            " (SELECT 1 FROM threads WHERE threads.id = runs.thread_id AND threads.tenant = ?)"
        )
        if not (rows := self._rows(query, run_id, tenant)):
            raise RunNotFoundError(f"there is no run {run_id!r}")
        return _run(rows[0])

    def runs(self, thread_id: str) -> tuple[Run, ...]:
        """The thread's runs, oldest first."""
        rows = self._rows("SELECT * FROM runs WHERE thread_id = ? ORDER BY number", thread_id)
        return tuple(map(_run, rows))

    def held(self, tenant: str) -> tuple[tuple[Run, str, int], ...]:
        """Every running run of the tenant, with the process that holds it and how often it was begun."""
        query = (
            "SELECT * FROM runs WHERE status = 'running' AND thread_id IN"
            " (SELECT id FROM threads WHERE tenant = ?) ORDER BY number"
        )
        return tuple((_run(row), str(row["holder"]), int(row["attempts"] or 0)) for row in self._rows(query, tenant))

    def take_over(self, run_id: str, gone: str, holder: str) -> bool:
        """Hold a running run that `gone` held before; False when somebody else was quicker."""
        with self._writing() as db:
            taken = db.execute(
                "UPDATE runs SET holder = ?, attempts = attempts + 1"
                " WHERE id = ? AND holder = ? AND status = 'running'",
                (holder, run_id, gone),
            )
        return taken.rowcount == 1

    def append(self, step: ChatStep) -> ChatStep:
        """Add a step to a running run; its number is given here. Raises: RunOverError when the run has ended."""
        with self._writing() as db:
            _still_running(db, step.run_id)
            return _append(db, step)

    def steps(self, run_id: str, after: int = 0) -> tuple[ChatStep, ...]:
        """The run's steps with a number above `after`, in order."""
        rows = self._rows("SELECT document FROM steps WHERE run_id = ? AND seq > ? ORDER BY seq", run_id, after)
        return tuple(ChatStep.model_validate_json(str(row["document"])) for row in rows)

    def end(
        self, run_id: str, status: RunStatus, at: datetime, last: ChatStep | None = None, answer: Answer | None = None
    ) -> bool:
        """End a running run with its last step; False when it had ended already."""
        moment = _MOMENT.dump_python(at, mode="json")
        with self._writing() as db:
            ended = db.execute(
                "UPDATE runs SET status = ?, ended_at = ?, answer = ? WHERE id = ? AND status = 'running'",
                (status, moment, answer.model_dump_json() if answer else None, run_id),
            )
            if ended.rowcount and last is not None:
                _append(db, last)
            return ended.rowcount == 1

    def add_evidence(self, thread_id: str, run_id: str, items: Sequence[Evidence]) -> None:
        """Keep answers in the thread. Raises: RunOverError when the run has ended."""
        rows = [(thread_id, item.id, run_id, item.model_dump_json()) for item in items]
        with self._writing() as db:
            _still_running(db, run_id)
            db.executemany("INSERT INTO evidence (thread_id, id, run_id, document) VALUES (?, ?, ?, ?)", rows)

    def evidence(self, thread_id: str, limit: int = 100) -> tuple[Evidence, ...]:
        """The newest evidence of the thread, oldest first."""
        query = "SELECT document FROM evidence WHERE thread_id = ? ORDER BY number DESC LIMIT ?"
        rows = self._rows(query, thread_id, limit)
        return tuple(Evidence.model_validate_json(str(row["document"])) for row in reversed(rows))

    def evidence_of_run(self, run_id: str) -> tuple[str, ...]:
        """Ids of the evidence that the run added."""
        rows = self._rows("SELECT id FROM evidence WHERE run_id = ? ORDER BY number", run_id)
        return tuple(str(row["id"]) for row in rows)

    def evidence_item(self, thread_id: str, evidence_id: str) -> Evidence:
        """One piece of evidence. Raises: EvidenceNotFoundError."""
        query = "SELECT document FROM evidence WHERE thread_id = ? AND id = ?"
        if not (rows := self._rows(query, thread_id, evidence_id)):
            raise EvidenceNotFoundError(f"thread {thread_id} has no evidence {evidence_id!r}")
        return Evidence.model_validate_json(str(rows[0]["document"]))

    def told(self, thread_id: str, text: str) -> bool:
        """Whether a notice of these words was given in the thread before."""
        query = (
            "SELECT 1 FROM steps JOIN runs ON runs.id = steps.run_id WHERE runs.thread_id = ?"
            " AND json_extract(document, '$.kind') = 'notice' AND json_extract(document, '$.text') = ? LIMIT 1"
        )
        return bool(self._rows(query, thread_id, text))

    def asked(self, tenant: str, author: str, limit: int = 500) -> tuple[datetime, ...]:
        """When that person asked in any thread of the tenant, the latest first."""
        query = (
            "SELECT started_at FROM runs JOIN threads ON threads.id = runs.thread_id"
            " WHERE tenant = ? AND author = ? ORDER BY number DESC LIMIT ?"
        )
        return tuple(_MOMENT.validate_python(row["started_at"]) for row in self._rows(query, tenant, author, limit))

    def counts(self, tenant: str) -> dict[RunStatus, int]:
        """Runs of the tenant by status."""
        query = (
            "SELECT status, count(*) AS runs FROM runs JOIN threads ON threads.id = runs.thread_id WHERE tenant = ?"
            " GROUP BY status"
        )
        rows = self._rows(query, tenant)
        return TypeAdapter(dict[RunStatus, int]).validate_python({row["status"]: row["runs"] for row in rows})

    def _rows(self, query: str, *values: str | int | None) -> list[Row]:
        with self._lock:
            cursor = self._db.execute(query, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._db):
            yield self._db


def _opened(path: Path) -> sqlite3.Connection:
    """Raises: ThreadStoreError when a newer version made the file."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    use_write_ahead_log(db.execute)
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("PRAGMA foreign_keys=ON")
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > _VERSION:
        db.close()
        raise ThreadStoreError(f"the threads {path} were made by a newer version (form {version})")
    if version < _VERSION:
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    return db


def _running(db: sqlite3.Connection, thread_id: str) -> str | None:
    row = db.execute("SELECT id FROM runs WHERE thread_id = ? AND status = 'running'", (thread_id,)).fetchone()
    return str(row[0]) if row else None


def _still_running(db: sqlite3.Connection, run_id: str) -> None:
    row = db.execute("SELECT status FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None or row[0] != "running":
        raise RunOverError(f"run {run_id} is {row[0] if row else 'unknown'}")


def _append(db: sqlite3.Connection, step: ChatStep) -> ChatStep:
    newest = db.execute("SELECT coalesce(max(seq), 0) FROM steps WHERE run_id = ?", (step.run_id,)).fetchone()
    numbered = step.model_copy(update={"seq": int(newest[0]) + 1})
    db.execute("INSERT INTO steps VALUES (?, ?, ?)", (numbered.run_id, numbered.seq, numbered.model_dump_json()))
    return numbered


def _run(row: Row) -> Run:
    answer = row["answer"]
    parsed = Answer.model_validate_json(str(answer)) if answer else None
    return Run.model_validate({name: row[name] for name in _RUN} | {"answer": parsed})
