"""One case into and out of the tables, inside a transaction that somebody else began."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, func, insert, select, update

from agent.cases.errors import CaseConflictError, CaseNotFoundError
from agent.cases.rows import Row, alert_row, assemble, case_row, evidence_row, human_row, note_row, tie_rows
from agent.cases.tables import ALERTS, CASES, EVENTS, EVIDENCE, HUMAN_VERDICTS, NOTES, TIES
from agent.models import Case


def write_case(connection: Connection, case: Case) -> None:
    """Keep the case, whose `version` is already the new one.

    Raises: CaseConflictError when the stored version is not the one before, or stored evidence differs."""
    if case.version == 1:
        _insert_head(connection, case)
    else:
        _replace_head(connection, case)
    _add_alerts(connection, case)
    _add_evidence(connection, case)
    stored = _count(connection, NOTES, case.id)
    notes = [note_row(case, position, note) for position, note in enumerate(case.notes) if position >= stored]
    _insert(connection, NOTES, notes)
    _add_verdict(connection, case)


def read_case(connection: Connection, case_id: str, tenant: str | None) -> Case:
    """The whole case.

    Raises: CaseNotFoundError when there is none (in that tenant)."""
    query = select(CASES.c.document).where(CASES.c.id == case_id)
    head = connection.execute(query if tenant is None else query.where(CASES.c.tenant == tenant)).scalar()
    if head is None:
        raise CaseNotFoundError(f"there is no case {case_id!r}")
    alerts = connection.execute(
        select(ALERTS.c.document, ALERTS.c.fingerprint, ALERTS.c.repeats)
        .where(ALERTS.c.case_id == case_id)
        .order_by(ALERTS.c.position)
    ).all()
    joined = [(str(row.document), str(row.fingerprint), int(row.repeats)) for row in alerts]
    return assemble(head, joined, _documents(connection, EVIDENCE, case_id), _documents(connection, NOTES, case_id))


def tell(connection: Connection, tenant: str, case_id: str, at: datetime, kind: str) -> None:
    """Note that something changed."""
    connection.execute(insert(EVENTS).values(tenant=tenant, case_id=case_id, at=at.timestamp(), kind=kind))


def _insert_head(connection: Connection, case: Case) -> None:
    if connection.execute(select(CASES.c.version).where(CASES.c.id == case.id)).scalar() is not None:
        raise CaseConflictError(f"there is a case {case.id} already")
    _insert(connection, CASES, [case_row(case)])


def _replace_head(connection: Connection, case: Case) -> None:
    mine = (CASES.c.id == case.id, CASES.c.tenant == case.tenant, CASES.c.version == case.version - 1)
    if connection.execute(update(CASES).where(*mine).values(case_row(case))).rowcount != 1:
        raise CaseConflictError(f"{case.id} was saved by somebody else since it was read")


def _add_alerts(connection: Connection, case: Case) -> None:
    new = list(enumerate(case.alerts))[_count(connection, ALERTS, case.id) :]
    _insert(connection, ALERTS, [alert_row(case, position, alert) for position, alert in new])
    _insert(connection, TIES, [row for position, alert in new for row in tie_rows(case, position, alert)])


def _add_evidence(connection: Connection, case: Case) -> None:
    query = select(EVIDENCE.c.id, EVIDENCE.c.sha256).where(EVIDENCE.c.case_id == case.id)
    stored = {row.id: row.sha256 for row in connection.execute(query)}
    for item in case.evidence:
        if stored.get(item.id, item.sha256) != item.sha256:
            raise CaseConflictError(f"{item.id} of {case.id} is already stored with other data")
    new = [(position, item) for position, item in enumerate(case.evidence) if item.id not in stored]
    _insert(connection, EVIDENCE, [evidence_row(case, position, item) for position, item in new])


def _add_verdict(connection: Connection, case: Case) -> None:
    """Keep a closing by a person once, however often the case is saved after it."""
    if case.human is None:
        return
    position = _count(connection, HUMAN_VERDICTS, case.id)
    row = human_row(case, position, case.human)
    query = select(HUMAN_VERDICTS.c.document).where(HUMAN_VERDICTS.c.case_id == case.id)
    last = connection.execute(query.order_by(HUMAN_VERDICTS.c.position.desc()).limit(1)).scalar()
    if last != row["document"]:
        _insert(connection, HUMAN_VERDICTS, [row])


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))


def _count(connection: Connection, table: Table, case_id: str) -> int:
    return connection.execute(select(func.count()).select_from(table).where(table.c.case_id == case_id)).scalar_one()


def _documents(connection: Connection, table: Table, case_id: str) -> list[str]:
    query = select(table.c.document).where(table.c.case_id == case_id).order_by(table.c.position)
    return [str(document) for document in connection.execute(query).scalars()]
