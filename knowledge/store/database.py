"""Opening the ledger: engine, pragmas, tables, and what is done with files of another version."""

import logging
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from knowledge.errors import StoreError
from knowledge.store.tables import VERSION, ledger, metadata
from knowledge.trust.sqlite_files import sqlite_engine

log = logging.getLogger(__name__)

_PRAGMAS: Final = ("synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON")
_MAKING: Final = 5_180_923
"""Any number: those who make the tables of one PostgreSQL database at once wait for each other by it."""
_OF_VERSION_1: Final = ("vectors", "embedders", "sections", "documents")


class Database:
    """The ledger. Each reader sees one state throughout; writers come one after the other."""

    def __init__(self, url: str) -> None:
        """Raises: StoreError when it cannot be opened, is no database, or is of another version."""
        self.url = url
        try:
            self._engine = _engine(url)
            weakref.finalize(self, self._engine.dispose)
            self.file = Path(self._engine.url.database or "") if self._sqlite else None
            with self._engine.begin() as connection:
                self._prepare(connection)
        except (ArgumentError, SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
            raise StoreError(f"cannot open the knowledge base {_shown(url)}: {error}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one committed state. Raises: StoreError when the database fails."""
        options = {"reading": True} if self._sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._telling(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer runs beside. Raises: StoreError when the database fails."""
        with self._telling(), self._engine.begin() as connection:
            connection.execute(select(ledger.c.id).with_for_update())
            yield connection

    def close(self) -> None:
        """Give the connections back; the next use opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise StoreError(f"the knowledge base {_shown(self.url)} failed: {error}") from error

    @property
    def _sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    def _prepare(self, connection: Connection) -> None:
        if self._sqlite:
            self._clear_version_1(connection)
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING})
        if not inspect(connection).has_table(ledger.name):
            metadata.create_all(connection)
            connection.execute(
                insert(ledger).values(id=1, version=VERSION, identity=uuid4().hex, revision=0, switched=0)
            )
        version = connection.execute(select(ledger.c.version)).scalar_one()
        if version != VERSION:
            raise StoreError(_refusal(self.url, version))

    def _clear_version_1(self, connection: Connection) -> None:
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version not in (0, 1, VERSION):
            raise StoreError(_refusal(self.url, version))
        if version == 1:
            log.warning("%s is of version 1, which held shipped documents only: made anew", _shown(self.url))
            for name in _OF_VERSION_1:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        if version != VERSION:
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return sqlite_engine(parsed, _PRAGMAS)
    return create_engine(parsed, pool_pre_ping=True)


def _refusal(url: str, version: int) -> str:
    return f"{_shown(url)} is of version {version}, this program writes {VERSION}; move it away to rebuild it"


def _shown(url: str) -> str:
    """Without the password; what cannot be read as an address is not told at all."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "MCPSOC_KNOWLEDGE_DATABASE"
