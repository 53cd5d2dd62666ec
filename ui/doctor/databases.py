"""Checks of the databases in a home: whole, of this version, untampered, and not from the future."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from knowledge.trust.audit import AuditLog
from knowledge.trust.errors import TrustError
from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings

LONGEST_S = 1.0
"""How long one database is examined; a larger one is examined as far as that goes."""
SKEW = timedelta(minutes=5)
REMAKE_LAB = "mcpsoc lab create --force"
STEPS = 10_000
"""SQLite instructions between two looks at the clock."""


def check_integrity(around: Surroundings) -> Iterator[Problem]:
    """Every database can be opened and read."""
    for path in _databases(around):
        reason = damage(path)
        if reason is not None:
            yield Problem(
                around.t("{path} is damaged: {reason}", path=path, reason=reason),
                around.t("stop MCPSoc and bring {path} back from a backup, or move it away to begin anew", path=path),
            )


def check_schema(around: Surroundings) -> Iterator[Problem]:
    """Tables are those of this version of the code."""
    from ui.doctor.schema import case_schema, lab_schema

    for path, other in ((around.home.cases, case_schema), (around.home.lab, lab_schema)):
        if path.exists() and damage(path) is None and (version := other(path)) is not None:
            fix = around.t("make a backup, then run any command that uses it; a lab: {command}", command=REMAKE_LAB)
            yield Problem(around.t("{path} is of version {version}, not this code's", path=path, version=version), fix)


def check_audit(around: Surroundings) -> Iterator[Problem]:
    """The audit chain is unbroken."""
    path = around.home.audit
    if not path.exists() or damage(path) is not None:
        return
    try:
        with closing(AuditLog(path)) as log:
            report = log.verify()
    except TrustError as error:
        yield Problem(str(error), around.t("see: {command}", command="mcpsoc audit verify"))
        return
    for tenant in report.tenants:
        if tenant.problems:
            yield Problem(
                around.t(
                    "the audit log of {tenant} does not fit: {reason}", tenant=tenant.tenant, reason=tenant.problems[0]
                ),
                around.t(
                    "keep the file as it is and find out who changed it; see: {command}", command="mcpsoc audit verify"
                ),
            )


def check_clock(around: Surroundings) -> Iterator[Problem]:
    """Neither this machine's clock nor the lab's is behind what was already written."""
    latest = max((time for path in _databases(around) if (time := _written(path)) is not None), default=around.now)
    if latest > around.now + SKEW:
        yield Problem(
            around.t(
                "files in {path} were written at {time}, later than now", path=around.home.root, time=f"{latest:%F %R}"
            ),
            around.t("set this machine's clock"),
        )
    if (behind := _lab_behind(around.home.lab)) is not None:
        now, newest = behind
        yield Problem(
            around.t("the lab's clock says {now}, but it has an alert of {newest}", now=now, newest=newest),
            around.t("make the lab again: {command}", command=REMAKE_LAB),
        )


def _databases(around: Surroundings) -> list[Path]:
    root = around.home.root
    return [path for path in sorted(root.glob("*.db")) if path.is_file()] if root.is_dir() else []


def damage(path: Path) -> str | None:
    """Why a database cannot be relied on; None when nothing was found within LONGEST_S."""
    end = monotonic() + LONGEST_S
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.set_progress_handler(lambda: int(monotonic() > end), STEPS)
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            return None if answer == "ok" else answer
    except sqlite3.OperationalError as error:
        return None if "interrupted" in str(error) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)


def _written(path: Path) -> datetime | None:
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone()


def _lab_behind(path: Path) -> tuple[str, str] | None:
    """The lab's now and its newest alert, when the alert is the later of the two."""
    if not path.exists() or damage(path) is not None:
        return None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            now = connection.execute("SELECT value FROM meta WHERE key = 'now'").fetchone()
            newest = connection.execute("SELECT max(time) FROM alerts").fetchone()
    except sqlite3.Error:
        return None
    if not now or not newest or newest[0] is None or int(newest[0]) <= int(now[0]):
        return None
    return str(now[0]), str(newest[0])
