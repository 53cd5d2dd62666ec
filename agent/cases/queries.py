"""The queue: which cases to show, and in which order."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, not_, or_, select

from agent.cases.rows import moment
from agent.cases.tables import ALERTS, CASES
from agent.models import (
    Basis,
    CaseStatus,
    Disposition,
    Model,
    Outcome,
    Priority,
    Severity,
    UtcTime,
    World,
)

Sort = Literal["priority", "due", "recent"]
"""`priority`: overdue first, then P1 to P4, then by due time. `recent`: newest first."""


class CaseQuery(Model):
    """Which cases; what is left out does not restrict. Times are measured against `now`, the case's clock."""

    now: UtcTime
    tenant: str | None = None
    world: World | None = None
    status: tuple[CaseStatus, ...] = ()
    priority: tuple[Priority, ...] = ()
    disposition: tuple[Disposition, ...] = ()
    owner: str | None = None
    overdue: bool | None = None
    text: str | None = None
    """Part of the id, the title or a technique; case does not matter."""
    rule_id: str | None = None
    ids: tuple[str, ...] | None = None
    """Only these cases."""
    since: UtcTime | None = None
    """Created at this time or later."""
    sort: Sort = "priority"
    limit: int = 50
    offset: int = 0


class CaseSummary(Model):
    """One line of the queue."""

    id: str
    tenant: str
    world: World
    title: str
    status: CaseStatus
    owner: str | None
    disposition: Disposition | None
    human_disposition: Disposition | None
    severity: Severity | None
    priority: Priority | None
    likelihood: float | None
    outcome: Outcome | None
    basis: Basis | None
    techniques: tuple[str, ...]
    created_at: UtcTime
    updated_at: UtcTime
    due_at: UtcTime | None
    overdue: bool
    alerts: int
    repeats: int
    """Duplicates that came in and made no alert of their own."""
    synthetic: bool


class Counts(Model):
    """How many cases fit a query, whatever its limit and offset."""

    total: int
    by_status: dict[CaseStatus, int]
    by_priority: dict[Priority, int]
    """Of those that have one."""


def counting(query: CaseQuery) -> Select[tuple[object, ...]]:
    """The SELECT whose rows `counts` adds up: status, priority, number."""
    fitting = select(CASES.c.status, CASES.c.priority, func.count().label("cases"))
    return fitting.where(*_conditions(query, overdue(query.now))).group_by(CASES.c.status, CASES.c.priority)


def counts(rows: Sequence[Row[tuple[object, ...]]]) -> Counts:
    """The rows of `counting`, added up."""
    by_status: Counter[str] = Counter()
    by_priority: Counter[str] = Counter()
    for row in rows:
        by_status[row.status] += row.cases
        by_priority.update({row.priority: row.cases} if row.priority else {})
    total = sum(by_status.values())
    return Counts.model_validate({"total": total, "by_status": by_status, "by_priority": by_priority})


def statement(query: CaseQuery) -> Select[tuple[object, ...]]:
    """The SELECT whose rows `summary` reads."""
    late = overdue(query.now)
    counted = select(func.count(), func.coalesce(func.sum(ALERTS.c.repeats), 0)).where(ALERTS.c.case_id == CASES.c.id)
    alerts = counted.with_only_columns(func.count()).scalar_subquery()
    repeats = counted.with_only_columns(func.coalesce(func.sum(ALERTS.c.repeats), 0)).scalar_subquery()
    columns = [column for column in CASES.c if column.name not in ("document", "version")]
    chosen = select(*columns, alerts.label("alerts"), repeats.label("repeats"), late.label("overdue"))
    return (
        chosen.where(*_conditions(query, late))
        .order_by(*_order(query.sort, late))
        .limit(query.limit)
        .offset(query.offset)
    )


def overdue(now: datetime) -> ColumnElement[bool]:
    """Not acknowledged although the due time has passed."""
    waiting = not_(CASES.c.status.in_(("taken", "closed")))
    return and_(waiting, func.coalesce(CASES.c.due_at < now.timestamp(), literal(False)))


def summary(row: Row[tuple[object, ...]]) -> CaseSummary:
    """One row of `statement` as a model."""
    values = dict(row._mapping)
    for name in ("created_at", "updated_at", "due_at"):
        values[name] = None if values[name] is None else moment(values[name])
    return CaseSummary.model_validate({**values, "techniques": tuple(str(values["techniques"]).split())})


def _conditions(query: CaseQuery, late: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, wanted in ((CASES.c.tenant, query.tenant), (CASES.c.world, query.world), (CASES.c.owner, query.owner)):
        if wanted is not None:
            found.append(column == wanted)
    for column, several in (
        (CASES.c.status, query.status),
        (CASES.c.priority, query.priority),
        (CASES.c.disposition, query.disposition),
    ):
        if several:
            found.append(column.in_(several))
    if query.overdue is not None:
        found.append(late if query.overdue else not_(late))
    if query.since is not None:
        found.append(CASES.c.created_at >= query.since.timestamp())
    if query.text:
        texts = (CASES.c.id, CASES.c.title, CASES.c.techniques)
        found.append(or_(*(column.icontains(query.text, autoescape=True) for column in texts)))
    if query.ids is not None:
        found.append(CASES.c.id.in_(query.ids))
    if query.rule_id is not None:
        found.append(CASES.c.id.in_(select(ALERTS.c.case_id).where(ALERTS.c.rule_id == query.rule_id)))
    return found


def _order(sort: Sort, late: ColumnElement[bool]) -> tuple[ColumnElement[object], ...]:
    latest = (CASES.c.created_at.desc(), func.length(CASES.c.id).desc(), CASES.c.id.desc())
    due = CASES.c.due_at.asc().nulls_last()
    if sort == "recent":
        return latest
    if sort == "due":
        return (due, *latest)
    return (case((late, 0), else_=1), CASES.c.priority.asc().nulls_last(), due, *latest)
