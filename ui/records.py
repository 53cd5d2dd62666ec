"""The cases of one world as our own server reads them: `servers.mcpsoc.Records` over the case store."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from agent.cases import CaseStore
from agent.cases.errors import CaseNotFoundError, StoreError
from agent.cases.queries import CaseQuery
from agent.cases.telling import told
from agent.evidence.verification import verify_case
from agent.investigation.counterfactual import what_would_change
from agent.models import Case, World
from agent.playbooks.format import load_playbooks
from agent.settings import Settings
from servers.errors import NotFoundError, ToolError
from servers.mcpsoc.models import (
    ByPriority,
    ByStatus,
    CaseChange,
    CaseFile,
    CaseLine,
    ChangeLine,
    ClaimLine,
    EntityKind,
    EvidenceFile,
    FoundCase,
    Language,
    TimelineLine,
    WouldChange,
)
from servers.mcpsoc.records import CaseFilter, Counted, Part, Verification
from ui.case_lines import (
    change_line,
    claim_lines,
    evidence_file,
    failed_check,
    file_of,
    line_of,
    named_line,
    similar_line,
    timeline_lines,
)
from ui.home import Home

MOST_SIMILAR = 50


class CaseRecords:
    """Cases of one home, world and tenant. The database is opened on first need and never made."""

    def __init__(self, home: Home, world: World, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._home = home
        self._tenant = settings.tenant(world)
        self._world: World = world
        self._due_in = settings.due_in
        self._clock = clock
        self._lock = threading.Lock()
        self._store: CaseStore | None = None

    def close(self) -> None:
        """Close the database, if it was opened."""
        with self._lock:
            if self._store is not None:
                self._store.dispose()
                self._store = None

    def cases(self, wanted: CaseFilter, limit: int, offset: int) -> Part[CaseLine]:
        """The queue, the most urgent first."""
        if (store := self._opened()) is None:
            return Part((), 0)
        query = self._query(wanted, limit, offset)
        return Part([line_of(row) for row in store.list_cases(query)], store.count(query).total)

    def count(self, wanted: CaseFilter) -> Counted:
        """How many cases fit, by status and by priority."""
        if (store := self._opened()) is None:
            return Counted(ByStatus(), ByPriority())
        counts = store.count(self._query(wanted, 1, 0))
        return Counted(ByStatus.model_validate(counts.by_status), ByPriority.model_validate(counts.by_priority))

    def case(self, case_id: str, language: Language) -> CaseFile:
        """One case with its conclusions."""
        return file_of(told(self._case(case_id), language), self._clock())

    def claims(self, case_id: str, language: Language) -> Sequence[ClaimLine]:
        """The statements of its report, in order."""
        return claim_lines(told(self._case(case_id), language))

    def evidence(self, case_id: str, evidence_id: str) -> EvidenceFile:
        """One piece of its evidence."""
        case = self._case(case_id)
        item = next((item for item in case.evidence if item.id == evidence_id), None)
        if item is None:
            first, last = (case.evidence[0].id, case.evidence[-1].id) if case.evidence else ("none", "none")
            raise NotFoundError(f"{case.id} has no evidence {evidence_id}", f"it has {first} to {last}")
        return evidence_file(item)

    def find(self, entity: str, kind: EntityKind | None) -> Sequence[FoundCase]:
        """Cases whose alerts name this; exact ones first, then the newest."""
        if (store := self._opened()) is None:
            return ()
        named = store.naming(self._tenant, entity, kind)
        lines = self._lines(store, [item.case_id for item in named])
        return [named_line(lines[item.case_id], item) for item in named if item.case_id in lines]

    def similar(self, case_id: str) -> Sequence[FoundCase]:
        """Cases like this one, most alike first."""
        case, store = self._case(case_id), self._opened()
        if store is None:
            return ()
        alike = store.similar(case.id, self._tenant, MOST_SIMILAR)
        lines = self._lines(store, [item.id for item in alike])
        return [similar_line(lines[item.id], item) for item in alike if item.id in lines]

    def verify(self, case_id: str) -> Verification:
        """Its report checked again from the evidence that was stored."""
        case = self._case(case_id)
        if case.report is None:
            raise NotFoundError("the case has no report yet", "it is still being investigated; ask again later")
        checks, claims = tuple(verify_case(case)), case.report.claims
        held = sum(check.ok for check in checks if check.name.startswith("claim "))
        return Verification(
            case_id=case.id,
            checks=len(checks),
            evidence=len(case.evidence),
            claims=len(claims),
            reproduced=held,
            struck=sum(claim.status == "struck" for claim in claims),
            failed=[failed_check(check) for check in checks if not check.ok],
        )

    def what_would_change(self, case_id: str, language: Language) -> WouldChange:
        """What its verdict hangs on."""
        found = what_would_change(self._case(case_id), load_playbooks(), language)
        changes = [ChangeLine.model_validate(change.model_dump()) for change in found.changes]
        return WouldChange(verdict=found.verdict, changes=changes)

    def timeline(self, case_id: str) -> Sequence[TimelineLine]:
        """Its events, oldest first."""
        return timeline_lines(self._case(case_id))

    def changes(self, since: datetime, limit: int, offset: int) -> Part[CaseChange]:
        """What happened to cases at that time or later, oldest first."""
        if (store := self._opened()) is None:
            return Part((), 0)
        found, total = store.changes(self._tenant, since, limit, offset)
        return Part([change_line(item) for item in found], total)

    def _opened(self) -> CaseStore | None:
        """The store; None while there is none: a home without cases has no case, and reading makes none."""
        with self._lock:
            if self._store is None and self._home.cases.exists():
                try:
                    self._store = CaseStore(self._home.cases_url, self._due_in)
                except StoreError as error:
                    raise ToolError("no_cases", "the case store cannot be opened", "mcpsoc doctor") from error
            return self._store

    def _case(self, case_id: str) -> Case:
        name = case_id.strip().upper()
        store = self._opened()
        try:
            if store is not None:
                return store.get(name, self._tenant)
        except CaseNotFoundError:
            pass
        raise NotFoundError("there is no case of this id", "mcpsoc_list_cases gives the ids, such as C-1")

    def _lines(self, store: CaseStore, ids: Sequence[str]) -> dict[str, CaseLine]:
        """Lines of the queue by case id."""
        query = CaseQuery(now=self._clock(), tenant=self._tenant, ids=tuple(ids), limit=len(ids))
        return {row.id: line_of(row) for row in store.list_cases(query)}

    def _query(self, wanted: CaseFilter, limit: int, offset: int) -> CaseQuery:
        return CaseQuery(
            now=self._clock(),
            tenant=self._tenant,
            world=self._world,
            status=wanted.status,
            priority=wanted.priority,
            disposition=wanted.disposition,
            owner=wanted.owner,
            overdue=wanted.overdue,
            text=wanted.text,
            since=wanted.since,
            limit=limit,
            offset=offset,
        )
