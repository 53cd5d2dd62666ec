"""Opening the case database: engine, pragmas, and the migrations that bring it to the present form."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from agent.cases.errors import StoreError
from knowledge.trust.sqlite_files import sqlite_engine

HEAD: Final = "0001"
"""The revision this code reads and writes."""

_PRAGMAS: Final = ("synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON")


def open_database(url: str) -> Engine:
    """An engine for `url`, its database made or migrated to the present form.

    Raises: StoreError when it cannot be opened, is no database, or was made by a newer version."""
    try:
        engine = _engine(url)
        with engine.begin() as connection:
            _migrate(connection, url)
    except (ArgumentError, SQLAlchemyError, OSError) as error:
        raise StoreError(f"cannot open the case store {url}: {error}") from error
    return engine


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return sqlite_engine(parsed, _PRAGMAS)
    return create_engine(parsed)


def _migrate(connection: Connection, url: str) -> None:
    current = _revision(connection)
    if current == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", (Path(__file__).parent / "migrations").as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise StoreError(f"the case store {url} was made by a newer version (revision {current})") from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
