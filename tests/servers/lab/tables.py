"""What the lab's tables say, read without any server."""

import sqlite3
from contextlib import closing
from pathlib import Path


def rows(lab: Path, sql: str) -> list[tuple[str, ...]]:
    """All rows of an answer."""
    with closing(sqlite3.connect(lab)) as db:
        return db.execute(sql).fetchall()


def first(lab: Path, sql: str) -> tuple[str, ...]:
    """The first of them."""
    return rows(lab, sql)[0]


def value(lab: Path, sql: str) -> str:
    """The first value of the first row, as text."""
    return str(first(lab, sql)[0])
