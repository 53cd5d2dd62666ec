"""Checks of the machine: interpreter, packages, SQLite, disk, port."""

import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings

LEAST_PYTHON = (3, 11)
LEAST_SQLITE = (3, 37, 0)
"""First release with STRICT tables."""


def check_python(around: Surroundings) -> Iterator[Problem]:
    """The interpreter is one the project supports."""
    if around.python < LEAST_PYTHON:
        found, least = (".".join(map(str, version)) for version in (around.python, LEAST_PYTHON))
        yield Problem(
            around.t("Python {found} is too old; MCPSoc needs {least} or newer", found=found, least=least),
            around.t("make the environment again: {command}", command="make clean setup PYTHON=python3.11"),
        )


def check_packages(around: Surroundings) -> Iterator[Problem]:
    """Every package the project needs is there, in a version it was made for."""
    t = around.t
    fix = t("install again: {command}", command="pip install -c constraints.txt -e '.[dev]'")
    for text in around.requirements:
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield Problem(t("the package {name} is missing", name=wanted.name), fix)
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            wants = str(wanted.specifier)
            yield Problem(
                t("{name} is version {found}, but {wanted} is needed", name=wanted.name, found=found, wanted=wants), fix
            )


def check_sqlite(around: Surroundings) -> Iterator[Problem]:
    """SQLite is new enough, and a database in the home can use a write-ahead log."""
    t = around.t
    if around.sqlite < LEAST_SQLITE:
        found, least = (".".join(map(str, version)) for version in (around.sqlite, LEAST_SQLITE))
        yield Problem(
            t("SQLite {found} is too old; {least} or newer is needed", found=found, least=least),
            t("use a Python built with a newer SQLite"),
        )
    mode = _journal_mode(around.home.root)
    if mode not in ("wal", None):
        yield Problem(
            t("databases in {path} cannot use a write-ahead log (mode is {mode})", path=around.home.root, mode=mode),
            t("move MCPSOC_HOME to a local disk; network file systems do not carry it"),
        )


def check_terminal(around: Surroundings) -> Iterator[Problem]:
    """The terminal can show what reports contain."""
    if around.encoding.lower().replace("-", "") != "utf8":
        yield Problem(
            around.t("the output's encoding is {name}; some characters cannot be shown", name=around.encoding or "?"),
            around.t("set {setting}", setting="PYTHONIOENCODING=utf-8"),
            serious=False,
        )


def check_disk(around: Surroundings) -> Iterator[Problem]:
    """There is room for cases and evidence."""
    free_mb = shutil.disk_usage(_existing(around.home.root)).free // 2**20
    if free_mb < around.least_free_mb:
        yield Problem(
            around.t("the disk of {path} is nearly full: {free} MB left", path=around.home.root, free=free_mb),
            around.t("make room, or move MCPSOC_HOME to a larger disk"),
        )


def check_port(around: Surroundings) -> Iterator[Problem]:
    """The port that `mcpsoc server --http` would listen on is free."""
    text = around.environment.get("MCPSOC_HTTP_PORT", "8321")
    port = int(text) if text.isdigit() and int(text) < 65536 else 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            yield Problem(
                around.t("port {port} on loopback is in use", port=port),
                around.t("stop what listens there, or choose another: {setting}", setting="MCPSOC_HTTP_PORT=8322"),
                serious=False,
            )


def _journal_mode(home: Path) -> str | None:
    """Journal mode a new database in `home` gets when it asks for a write-ahead log; None when none can be made."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".doctor-", dir=home) as folder,
            closing(sqlite3.connect(Path(folder) / "probe.db")) as connection,
        ):
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
    except (OSError, sqlite3.Error):
        return None


def _existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that is there."""
    return path if path.exists() else _existing(path.parent)
