"""Tables of the case store. Every one carries the tenant; documents are JSON of our models."""

from typing import Final

from sqlalchemy import Boolean, Column, Float, ForeignKeyConstraint, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()

CASES: Final = Table(
    "cases",
    METADATA,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("world", String, nullable=False),
    Column("title", String, nullable=False),
    Column("status", String, nullable=False),
    Column("owner", String),
    Column("disposition", String),
    Column("severity", String),
    Column("priority", String),
    Column("likelihood", Float),
    Column("outcome", String),
    Column("basis", String),
    Column("techniques", Text, nullable=False),
    Column("human_disposition", String),
    Column("due_at", Float),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    Index("cases_queue", "tenant", "status", "priority", "due_at"),
    Index("cases_recent", "tenant", "created_at"),
)
"""One row per case: what the queue sorts and filters by, and in `document` all that has no table of its own.

Times are seconds since 1970 in UTC."""


def _part(name: str, *columns: Column[str] | Column[int] | Column[float], key: str = "position") -> Table:
    """A table of things that belong to a case and go with it."""
    return Table(
        name,
        METADATA,
        Column("case_id", String, primary_key=True),
        Column(key, String if key == "id" else Integer, primary_key=True),
        Column("tenant", String, nullable=False),
        *columns,
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=f"{name}_case", ondelete="CASCADE"),
    )


ALERTS: Final = _part(
    "alerts",
    Column("alert_id", String, nullable=False),
    Column("time", Float, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("rule_id", String, nullable=False),
    Column("rule_name", String, nullable=False),
    Column("document", Text, nullable=False),
)
"""Alerts of a case in the order they joined. `repeats`: how often the same came again within a day."""
Index("alerts_fingerprint", ALERTS.c.tenant, ALERTS.c.fingerprint, ALERTS.c.time)

EVIDENCE: Final = _part(
    "evidence",
    Column("position", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    Column("document", Text, nullable=False),
    key="id",
)
"""Evidence of a case; rows are only ever added."""

NOTES: Final = _part(
    "notes",
    Column("at", Float, nullable=False),
    Column("author", String, nullable=False),
    Column("document", Text, nullable=False),
)
"""Notes people wrote; rows are only ever added."""

HUMAN_VERDICTS: Final = _part(
    "human_verdicts",
    Column("at", Float, nullable=False),
    Column("author", String, nullable=False),
    Column("disposition", String, nullable=False),
    Column("reason_code", String, nullable=False),
    Column("document", Text, nullable=False),
)
"""Every closing by a person, also those of cases that were reopened; the last one stands in the case."""

TIES: Final = Table(
    "ties",
    METADATA,
    Column("tenant", String, primary_key=True),
    Column("tie", String, primary_key=True),
    Column("case_id", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("time", Float, nullable=False),
    ForeignKeyConstraint(["case_id"], ["cases.id"], name="ties_case", ondelete="CASCADE"),
    Index("ties_case_id", "case_id"),
)
"""What may tie another alert to an alert of a case: process, logon session, flow, source address."""

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("case_id", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String, nullable=False),
    Index("events_tenant", "tenant", "seq"),
    sqlite_autoincrement=True,
)
"""What changed, in order: whoever remembers the last `seq` can ask for what came after."""

COUNTERS: Final = Table(
    "counters", METADATA, Column("name", String, primary_key=True), Column("value", Integer, nullable=False)
)
"""Sequences that have to work in every database alike."""
