"""What was changed: every change from its intent on, so that none happens twice, is forgotten or outlives its time.

intent -> done | unknown | failed, and from done or unknown -> ended, when it was taken back or another took its place.
A record at intent whose turn is over was left by a crash: whoever has the turn reads it back.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from knowledge.trust.owned_files import turn
from knowledge.trust.sqlite_files import use_write_ahead_log
from servers.errors import RefusedError, ToolError
from servers.kit.answer import JsonObject
from servers.kit.changes import Expiry, Risk, Undo, Verified

State: TypeAlias = Literal["intent", "done", "unknown", "failed", "ended"]
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS actions (
  action_id TEXT PRIMARY KEY, server TEXT NOT NULL, place TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL,
  target TEXT NOT NULL, undo_tool TEXT, lapses_at REAL, document TEXT NOT NULL, UNIQUE (server, place, key));
CREATE INDEX IF NOT EXISTS open_actions ON actions (server, place, state, lapses_at)
  WHERE state IN ('intent', 'done', 'unknown');
"""


@dataclass(frozen=True, slots=True)
class Action:
    """One change and what became of it."""

    action_id: str
    server: str
    place: str
    """Which backend it happened at: another one is never asked to end it."""
    tool: str
    key: str
    """Idempotency key."""
    arguments: JsonObject
    target: str
    blast_radius: str
    risk: Risk
    undo: Undo | None
    expires_at: datetime | None
    expiry: Expiry | None
    lapses: Literal["backend", "server"]
    began_at: datetime
    state: State = "intent"
    verified: Verified | None = None
    """None before it was read back."""
    answer: JsonObject | None = None
    """The envelope the caller got; None when a crash came first."""
    gone_at: datetime | None = None
    """When it was noticed that its effect is not there any longer, although it should be."""

    def in_force(self, now: datetime) -> bool:
        """Whether its effect should be there: what holds stays beyond its time, until a person ends it."""
        return self.expiry == "hold" or self.expires_at is None or now < self.expires_at

    @property
    def lapses_at(self) -> float | None:
        """When this server has to end it, in seconds since 1970; None: it has not."""
        ours = self.expiry == "lapse" and self.lapses == "server" and self.undo is not None
        return self.expires_at.timestamp() if ours and self.expires_at is not None else None


_DOCUMENT: Final = TypeAdapter(Action)


@dataclass(frozen=True, slots=True)
class Open:
    """What may be in force."""

    actions: Sequence[Action]
    unreadable: Sequence[str]
    """Ids of records that nobody can look after or end."""


class ActionStore:
    """Actions in one file that all processes over one home share; without a path, in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, server: str) -> Iterator[bool]:
        """Whether it is our turn to change something at this server. The kernel ends the turn of a killed process.

        Raises: ToolError when the folder cannot be written to."""
        if self._path is None:
            yield True
            return
        with ExitStack() as leaving:
            with _explained():
                lock = self._path.with_name(f".{self._path.name}.{server}.lock")
                ours = leaving.enter_context(turn(lock, wait=False))
            yield ours

    def begin(self, action: Action) -> None:
        """Write the intent down; it is on the disk when this returns.

        Raises: ToolError when it cannot be written, or its key is taken."""
        undo = None if action.undo is None else action.undo.tool
        place = (action.action_id, action.server, action.place, action.key, action.state, action.target)
        with self._lock, _explained():
            self._db.execute(
                "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*place, undo, action.lapses_at, _DOCUMENT.dump_json(action).decode()),
            )

    def settle(self, action: Action) -> None:
        """Write down what became of it. Raises: ToolError when it cannot be written."""
        with self._lock, _explained():
            self._db.execute(
                "UPDATE actions SET state = ?, document = ? WHERE action_id = ?",
                (action.state, _DOCUMENT.dump_json(action).decode(), action.action_id),
            )

    def find(self, server: str, place: str, key: str) -> Action | None:
        """The change that was made under this key. Raises: RefusedError when its record cannot be read."""
        found = self._rows("server = ? AND place = ? AND key = ?", server, place, key)
        if any(action is None for _, action in found):
            why = "the record under this idempotency key cannot be read"
            raise RefusedError(why, "look at the backend what became of it, then take a new key", "record_unreadable")
        return next((action for _, action in found), None)

    def open(self, server: str, place: str) -> Open:
        """Changes that may be in force and can be taken back, and those nobody knows the outcome of."""
        lasting = "(state IN ('intent', 'unknown') OR state = 'done' AND undo_tool IS NOT NULL)"
        rows = self._rows(f"server = ? AND place = ? AND {lasting}", server, place)
        return Open([action for _, action in rows if action], [row for row, action in rows if action is None])

    def left(self, server: str, place: str) -> Sequence[Action]:
        """Intents nobody knows the outcome of. Ask in your turn: there it means that a process died over them."""
        return self._read("server = ? AND place = ? AND state = 'intent'", server, place)

    def due(self, server: str, place: str, now: datetime) -> Sequence[Action]:
        """Effects in force that this server should have ended by now."""
        open_and_over = "server = ? AND place = ? AND state IN ('done', 'unknown') AND lapses_at <= ?"
        return self._read(open_and_over, server, place, now.timestamp())

    def waiting(self, server: str, place: str, now: datetime) -> bool:
        """Whether anything is left or due."""
        return bool(self.left(server, place) or self.due(server, place, now))

    def in_force(self, action: Action, undo_tool: str) -> Sequence[Action]:
        """Other effects in force at the same target, that is taken back by this tool."""
        alike = "server = ? AND place = ? AND state IN ('done', 'unknown') AND undo_tool = ? AND target = ?"
        found = self._read(alike, action.server, action.place, undo_tool, action.target)
        return [each for each in found if each.action_id != action.action_id]

    def close(self) -> None:
        """Close the file, once what is under way in it is done."""
        with self._lock:
            if "_db" in vars(self):
                self._db.close()

    def _read(self, condition: str, *values: str | float) -> Sequence[Action]:
        """Actions, but for those whose record cannot be read. Raises: ToolError when none can."""
        return [action for _, action in self._rows(condition, *values) if action is not None]

    def _rows(self, condition: str, *values: str | float) -> Sequence[tuple[str, Action | None]]:
        """Ids, and the actions where they can be read, without making a file to find none in.

        Raises: ToolError when the file cannot be read."""
        if self._path is not None and "_db" not in vars(self) and not self._path.exists():
            return ()
        with self._lock, _explained():
            select = " ".join(("SELECT action_id, CAST(document AS BLOB) FROM actions WHERE", condition))
            rows = self._db.execute(select, values).fetchall()
        return [(action_id, _read_from(document)) for action_id, document in rows]

    @cached_property
    def _db(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self._path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10)
        use_write_ahead_log(db.execute)
        db.executescript("PRAGMA synchronous = FULL;" + _TABLE)
        return db


def _read_from(document: bytes) -> Action | None:
    """None: it is damaged, or of another version."""
    try:
        return _DOCUMENT.validate_json(document)
    except ValidationError:
        return None


@contextmanager
def _explained() -> Iterator[None]:
    """What keeps records from being kept, for whoever wanted a change."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = f"the record of changes cannot be used ({type(error).__name__})"
        raise ToolError("no_record", why, "look at actions.db in MCPSOC_HOME; nothing is changed without it") from error
