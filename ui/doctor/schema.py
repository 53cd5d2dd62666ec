"""Which version a database's tables are of."""

import sqlite3
from contextlib import closing
from pathlib import Path

from agent.cases.database import HEAD
from servers.lab.schema import VERSION


def case_schema(path: Path) -> str | None:
    """The revision of a case store's tables when it is not this code's; None when it is."""
    return _other(path, "SELECT version_num FROM alembic_version", HEAD)


def lab_schema(path: Path) -> str | None:
    """The version of a lab's tables when it is not this code's; None when it is."""
    return _other(path, "SELECT value FROM meta WHERE key = 'schema'", VERSION)


def _other(path: Path, query: str, expected: str) -> str | None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            row = connection.execute(query).fetchone()
    except sqlite3.Error:
        return "?"
    found = str(row[0]) if row else "?"
    return None if found == expected else found
