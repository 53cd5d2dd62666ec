"""One SELECT over tables that are made for it, in memory: it sees nothing else and ends within its bounds.

SQLite itself says what a statement touches: an authorizer refuses everything but reading the listed tables through
listed functions, so that no way of writing the same thing differently gets past it.

Source: sqlite.org/c3ref/set_authorizer.html, sqlite.org/c3ref/c_limit_attached.html.
"""

import math
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from servers.endpoint.models import Cell
from servers.errors import ToolError
from servers.kit import Problem

Kind: TypeAlias = str
Rows: TypeAlias = Iterable[Sequence[Cell]]

MOST_ROWS: Final = 10_000
"""Rows a table is filled with."""
MOST_ANSWERS: Final = 1_000
"""Rows of an answer."""
MOST_SCANS: Final = 4
"""Tables a statement may open; the same one twice counts twice."""
MOST_STEPS: Final = 8_000
"""Thousands of steps of SQLite's machine."""
_MOST_BYTES: Final = 8_000_000
"""What an answer may hold."""
_NAME: Final = 200
"""Characters of the name of a column."""
_LONGEST: Final = 100_000
"""Bytes of one value."""
_FUNCTIONS: Final = frozenset(
    {"abs", "avg", "coalesce", "count", "date", "datetime", "glob", "group_concat", "hex", "ifnull", "iif", "instr"}
    | {"length", "like", "lower", "ltrim", "max", "min", "nullif", "replace", "round", "row_number", "rtrim"}
    | {"strftime", "substr", "substring", "sum", "time", "total", "trim", "typeof", "unixepoch", "upper"}
)
_BOUNDS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LONGEST,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 10_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 60,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 5,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 12,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what it is called, its columns with their types, and what fills it when it is asked for."""

    columns: Mapping[str, Kind]
    rows: Callable[[], Rows]
    unseen: Callable[[], Problem | None] = lambda: None
    """Why rows may be missing in it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a statement gave."""

    columns: tuple[str, ...]
    rows: list[list[Cell]]
    tables: tuple[str, ...]
    """Those it read."""
    cut: tuple[str, ...]
    """Those of them that had more rows than are taken."""
    more: bool
    """Whether the answer had more rows than are given."""


def answer(sql: str, tables: Mapping[str, Table], seconds: float = 3.0) -> Answered:
    """Run one SELECT. Raises: ToolError for anything else, for what is too large, and what the tables raise."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        for name, table in tables.items():
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.columns.items())
            db.execute(f'CREATE TABLE "{name}" ({columns})')
        for bound, value in _BOUNDS.items():
            db.setlimit(bound, value)
        wanted = _wanted(db, sql, tables)
        cut = [name for name in wanted if _filled(db, name, tables[name])]
        return _answered(db, sql, tables, wanted, tuple(cut), time.monotonic() + seconds)


def _wanted(db: sqlite3.Connection, sql: str, tables: Mapping[str, Table]) -> tuple[str, ...]:
    """The tables a statement reads, found out by having SQLite compile it. Raises: ToolError when it may not run."""
    gate = _Gate(tables)
    db.set_authorizer(gate.allows)
    try:
        program = db.execute(f"EXPLAIN {sql}").fetchall()
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        raise _refused(sql, tables, gate.why) from None
    finally:
        db.set_authorizer(None)
    if sum(step[1] == "OpenRead" for step in program) > MOST_SCANS:
        raise ToolError("too_large", f"the query opens more than {MOST_SCANS} tables", "ask in smaller steps")
    return tuple(sorted(gate.read))


def _filled(db: sqlite3.Connection, name: str, table: Table) -> bool:
    """Put the rows into a table; whether some were left out."""
    rows = list(islice(iter(table.rows()), MOST_ROWS + 1))
    places = ", ".join("?" * len(table.columns))
    db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, len(table.columns))
    db.executemany(" ".join(("INSERT INTO", f'"{name}"', "VALUES", f"({places})")), rows[:MOST_ROWS])
    db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 0)
    return len(rows) > MOST_ROWS


def _answered(
    db: sqlite3.Connection,
    sql: str,
    tables: Mapping[str, Table],
    wanted: tuple[str, ...],
    cut: tuple[str, ...],
    until: float,
) -> Answered:
    gate, steps = _Gate(tables), iter(range(MOST_STEPS))
    db.set_authorizer(gate.allows)
    db.set_progress_handler(lambda: next(steps, None) is None or time.monotonic() > until, 1_000)
    try:
        cursor = db.execute(sql)
        rows = list(islice(_bounded(cursor), MOST_ANSWERS + 1))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise ToolError("too_large", "the query took too long and was ended", "ask for less at once") from None
        raise _refused(sql, tables, gate.why) from None
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        raise _refused(sql, tables, gate.why) from None
    columns = tuple(str(column[0])[:_NAME] for column in cursor.description or ())
    given = [[_cell(value) for value in row] for row in rows[:MOST_ANSWERS]]
    return Answered(columns, given, wanted, cut, len(rows) > MOST_ANSWERS)


def _bounded(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Rows, as long as they are not too many bytes. Raises: ToolError."""
    size = 0
    for row in rows:
        size += sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)
        if size > _MOST_BYTES:
            raise ToolError("too_large", "the answer is too large", "ask for fewer columns or rows")
        yield row


class _Gate:
    """What a statement may do, asked by SQLite while it compiles it."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = {name.lower(): name for name in tables}
        self.read: set[str] = set()
        self.why = ""

    def allows(self, action: int, one: str | None, other: str | None, database: str | None, inner: str | None) -> int:
        """SQLite's question: an action with its two names."""
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and (name := self._tables.get((one or "").lower())) is not None:
            self.read.add(name)
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (other or "").lower() in _FUNCTIONS:
            return sqlite3.SQLITE_OK
        kinds = {sqlite3.SQLITE_FUNCTION: "a function", sqlite3.SQLITE_READ: "a table"}
        self.why = kinds.get(action, "a command")
        return sqlite3.SQLITE_DENY


def _refused(sql: str, tables: Mapping[str, Table], why: str) -> ToolError:
    """Told in our own words: what SQLite says quotes the statement."""
    known = [name for name in tables if re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
    hint = "; ".join(f"{name}: {', '.join(tables[name].columns)}" for name in known[:2])
    message = f"the query uses {why} it may not" if why else "this is not one SELECT that SQLite understands"
    return ToolError("invalid_query", message, hint or f"tables: {', '.join(tables)}")


def _cell(value: object) -> Cell:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float) else None
