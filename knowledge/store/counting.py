"""How much there is: counts by what can be filtered by, and bytes on disk."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.sql import ColumnElement

from knowledge.store.tables import documents, sections


def sections_by(connection: Connection, column: ColumnElement[str]) -> dict[str, int]:
    """Number of sections for each value of a column of their documents."""
    asked = select(column, func.count()).select_from(sections.join(documents)).group_by(column).order_by(column)
    return {value: int(count) for value, count in connection.execute(asked)}


def document_count(connection: Connection) -> int:
    """Number of documents, whoever may read them."""
    return int(connection.execute(select(func.count()).select_from(documents)).scalar_one())


def bytes_on_disk(paths: Iterable[Path]) -> int:
    """Of files and folders; what is not there counts nothing."""
    files = (file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]))
    return sum(_size(file) for file in files)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0
