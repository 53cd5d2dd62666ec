"""The case store: cases, their alerts and evidence in one database, each change one transaction.

Evidence and notes are only ever added. A save is refused when somebody else saved in between; `update` reads, changes
and saves again until it is nobody's turn but ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, insert, select, update

from agent.cases import lifecycle
from agent.cases.database import open_database
from agent.cases.errors import CaseConflictError, CaseNotFoundError
from agent.cases.lifecycle import DueIn, standard_due
from agent.cases.metrics import Metrics, read_metrics
from agent.cases.naming import Naming, naming
from agent.cases.queries import CaseQuery, CaseSummary, Counts, counting, counts, statement, summary
from agent.cases.relatives import relatives
from agent.cases.rows import moment
from agent.cases.similar import Similar, similar
from agent.cases.tables import ALERTS, CASES, COUNTERS, EVENTS, TIES
from agent.cases.ties import ties
from agent.cases.writing import read_case, tell, write_case
from agent.models import Alert, Case, CaseStatus, HumanVerdict

DUPLICATE_WITHIN: Final = timedelta(hours=24)
"""Two alerts of one fingerprint this close in time say the same thing once."""
CANDIDATES: Final = 100
_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An alert that already said the same thing."""

    case_id: str
    alert_id: str
    status: CaseStatus
    position: int
    """Of that alert in its case."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert of another case that shares something with the one at hand."""

    case_id: str
    status: CaseStatus
    alert: Alert


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed in a case."""

    seq: int
    tenant: str
    case_id: str
    at: datetime
    kind: str
    """`opened`, `saved`, `duplicate`, `taken`, `noted`, `closed` or `reopened`."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event with the title of its case."""

    event: Event
    title: str


class CaseStore:
    """Cases in the database at `url`, made on first use. May be used from several threads and processes.

    Raises: StoreError when the database cannot be opened."""

    def __init__(self, url: str, due_in: DueIn = standard_due) -> None:
        self.url = url
        self._due_in = due_in
        self._engine = open_database(url)
        self._reader = self._engine.execution_options(reading=True)

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def new_id(self) -> str:
        """The next case id: `C-1`, `C-2` ...; never given twice, also not to another tenant."""
        with self._engine.begin() as connection:
            counted = connection.execute(
                update(COUNTERS).where(COUNTERS.c.name == "case").values(value=COUNTERS.c.value + 1)
            )
            if counted.rowcount == 0:
                connection.execute(insert(COUNTERS).values(name="case", value=1))
            return f"C-{connection.execute(select(COUNTERS.c.value).where(COUNTERS.c.name == 'case')).scalar_one()}"

    def save(self, case: Case) -> Case:
        """Keep the case as it is now; returns it with its due time and its new version.

        Raises: CaseConflictError when the stored version is another than `case.version`, or evidence that is already
        stored under the same id is not the same."""
        return self._save(case, "saved")

    def get(self, case_id: str, tenant: str | None = None) -> Case:
        """The whole case.

        Raises: CaseNotFoundError when there is none (in that tenant)."""
        with self._reader.connect() as connection:
            return read_case(connection, case_id, tenant)

    def list_cases(self, query: CaseQuery) -> tuple[CaseSummary, ...]:
        """The queue: one line per case that fits, in the order asked for."""
        with self._reader.connect() as connection:
            return tuple(summary(row) for row in connection.execute(statement(query)))

    def count(self, query: CaseQuery) -> Counts:
        """How many cases fit, whatever the limit and offset, by status and by priority."""
        with self._reader.connect() as connection:
            return counts(connection.execute(counting(query)).all())

    def update(self, case_id: str, change: Callable[[Case], Case], tenant: str | None = None) -> Case:
        """Apply a pure change to the newest version, again if somebody else was quicker.

        Raises: CaseNotFoundError; whatever `change` raises; CaseConflictError when others were quicker every time."""
        return self._update(case_id, change, tenant, "saved")

    def take(self, case_id: str, person: str, at: datetime, tenant: str | None = None) -> Case:
        """Acknowledge the case. Raises: CaseNotFoundError, CaseStateError."""
        return self._update(case_id, lambda case: lifecycle.take(case, person, at), tenant, "taken")

    def add_note(self, case_id: str, author: str, text: str, at: datetime, tenant: str | None = None) -> Case:
        """Add a person's words. Raises: CaseNotFoundError, CaseStateError."""
        return self._update(case_id, lambda case: lifecycle.note(case, author, text, at), tenant, "noted")

    def close(self, case_id: str, verdict: HumanVerdict, tenant: str | None = None) -> Case:
        """Close the case with a person's verdict. Raises: CaseNotFoundError, CaseStateError."""
        return self._update(case_id, lambda case: lifecycle.close(case, verdict), tenant, "closed")

    def reopen(self, case_id: str, author: str, reason: str, at: datetime, tenant: str | None = None) -> Case:
        """Open a closed case again. Raises: CaseNotFoundError, CaseStateError."""
        return self._update(case_id, lambda case: lifecycle.reopen(case, author, reason, at), tenant, "reopened")

    def find_duplicate(self, tenant: str, alert: Alert) -> Duplicate | None:
        """The alert of the same fingerprint within 24 hours (alert time) of this one, the nearest in time."""
        distance = func.abs(ALERTS.c.time - alert.time.timestamp())
        query = (
            select(ALERTS.c.case_id, ALERTS.c.alert_id, CASES.c.status, ALERTS.c.position)
            .join(CASES, CASES.c.id == ALERTS.c.case_id)
            .where(ALERTS.c.tenant == tenant, ALERTS.c.fingerprint == alert.fingerprint)
            .where(distance <= DUPLICATE_WITHIN.total_seconds())
            .order_by(distance, CASES.c.created_at.desc())
            .limit(1)
        )
        with self._reader.connect() as connection:
            row = connection.execute(query).one_or_none()
        return Duplicate(row.case_id, row.alert_id, row.status, row.position) if row else None

    def count_duplicate(self, duplicate: Duplicate, at: datetime) -> Case:
        """Count one more of the same; the case itself is not a new version by that."""
        which = (ALERTS.c.case_id == duplicate.case_id, ALERTS.c.position == duplicate.position)
        with self._engine.begin() as connection:
            connection.execute(update(ALERTS).where(*which).values(repeats=ALERTS.c.repeats + 1))
            tenant = connection.execute(select(CASES.c.tenant).where(CASES.c.id == duplicate.case_id)).scalar()
            if tenant is None:
                raise CaseNotFoundError(f"there is no case {duplicate.case_id!r}")
            tell(connection, str(tenant), duplicate.case_id, at, "duplicate")
        return self.get(duplicate.case_id)

    def candidates(self, tenant: str, alert: Alert, within: timedelta = DUPLICATE_WITHIN) -> tuple[Candidate, ...]:
        """Alerts of any case, open or closed, that share a process, logon, flow or source with this one and lie
        within that time of it: nearest first, at most 100. Whether they belong together is for the caller to judge."""
        if not (shared := ties(alert)):
            return ()
        distance = func.abs(TIES.c.time - alert.time.timestamp())
        query = (
            select(ALERTS.c.case_id, CASES.c.status, ALERTS.c.document)
            .join(TIES, (TIES.c.case_id == ALERTS.c.case_id) & (TIES.c.position == ALERTS.c.position))
            .join(CASES, CASES.c.id == ALERTS.c.case_id)
            .where(TIES.c.tenant == tenant, TIES.c.tie.in_(sorted(shared)), distance <= within.total_seconds())
            .group_by(ALERTS.c.case_id, ALERTS.c.position, CASES.c.status, ALERTS.c.document)
            .order_by(func.min(distance), ALERTS.c.case_id, ALERTS.c.position)
            .limit(CANDIDATES)
        )
        with self._reader.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(Candidate(row.case_id, row.status, Alert.model_validate_json(row.document)) for row in rows)

    def events(self, after: int = 0, tenant: str | None = None, limit: int = 200) -> tuple[Event, ...]:
        """What changed after the event numbered `after`, oldest first."""
        query = select(EVENTS).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(limit)
        if tenant is not None:
            query = query.where(EVENTS.c.tenant == tenant)
        with self._reader.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(Event(row.seq, row.tenant, row.case_id, moment(row.at), row.kind) for row in rows)

    def last_event(self, tenant: str) -> int:
        """Number of the newest event; 0 when nothing ever happened."""
        with self._reader.connect() as connection:
            newest = select(func.coalesce(func.max(EVENTS.c.seq), 0)).where(EVENTS.c.tenant == tenant)
            return int(connection.execute(newest).scalar_one())

    def changes(
        self, tenant: str, since: datetime, limit: int = 200, offset: int = 0
    ) -> tuple[tuple[Change, ...], int]:
        """What changed at that time or later, oldest first, and how much there is of it in all."""
        fitting = (EVENTS.c.tenant == tenant, EVENTS.c.at >= since.timestamp())
        query = select(EVENTS, CASES.c.title).join(CASES, CASES.c.id == EVENTS.c.case_id).where(*fitting)
        with self._reader.connect() as connection:
            total = connection.execute(select(func.count()).select_from(EVENTS).where(*fitting)).scalar_one()
            rows = connection.execute(query.order_by(EVENTS.c.seq).limit(limit).offset(offset)).all()
        events = (Event(row.seq, row.tenant, row.case_id, moment(row.at), row.kind) for row in rows)
        return tuple(Change(event, row.title) for event, row in zip(events, rows, strict=True)), total

    def naming(self, tenant: str, entity: str, kind: str | None = None) -> tuple[Naming, ...]:
        """Cases whose alerts name a host, account, address, domain or hash, whole or in part; exact ones first."""
        with self._reader.connect() as connection:
            return naming(connection, tenant, entity, kind)

    def similar(self, case_id: str, tenant: str | None = None, limit: int = 10) -> tuple[Similar, ...]:
        """Cases of its tenant most like this one, with why. Context for a person, never evidence.

        Raises: CaseNotFoundError."""
        with self._reader.connect() as connection:
            case = read_case(connection, case_id, tenant)
            return similar(case, relatives(connection, case), limit)

    def metrics(self, tenant: str, now: datetime) -> Metrics:
        """Counts and human-confirmed rates of one tenant."""
        with self._reader.connect() as connection:
            return read_metrics(connection, tenant, now)

    def _update(self, case_id: str, change: Callable[[Case], Case], tenant: str | None, kind: str) -> Case:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._save(change(self.get(case_id, tenant)), kind)
            except CaseConflictError:
                continue
        return self._save(change(self.get(case_id, tenant)), kind)

    def _save(self, case: Case, kind: str) -> Case:
        kept = lifecycle.with_due(case, self._due_in).model_copy(update={"version": case.version + 1})
        with self._engine.begin() as connection:
            write_case(connection, kept)
            tell(connection, kept.tenant, kept.id, kept.updated_at, "opened" if case.version == 0 else kind)
        return kept
