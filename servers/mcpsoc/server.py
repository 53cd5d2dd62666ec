"""The mcpsoc server: our own cases for whoever may read them. It reads only, and what it tells is nobody's evidence
about the world: each claim it shows rests on evidence of the case, which is one call away. Run alone for other clients
it answers questions with `mcpsoc_ask`; the analyst's own connection, or a denied `mcpsoc_ask`, has
`mcpsoc_list_changes` in its place: what happened to cases since a time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

from servers.errors import ToolError
from servers.kit import Cursor, Limit, Output, Reply, SecurityServer, Time, build_server, paged
from servers.kit.answer import Backend, offset_of, row_cursors
from servers.kit.conditions import EVERYTHING, Conditions
from servers.kit.server import wall_clock
from servers.mcpsoc.asking import ASK, Asker, asking
from servers.mcpsoc.models import (
    CaseChanges,
    CaseLines,
    ClaimLines,
    ClaimStatus,
    Disposition,
    EntityKind,
    FoundCase,
    FoundCases,
    Language,
    OneCase,
    OneEvidence,
    Priority,
    Status,
    Timeline,
    Verified,
    WouldChange,
)
from servers.mcpsoc.records import CaseFilter, Part, Records, Verification

NAME = "mcpsoc"
CaseId = Annotated[str, Field(min_length=1, max_length=40)]
EvidenceId = Annotated[str, Field(pattern="^E[0-9]{1,6}$")]
Text = Annotated[str, Field(min_length=1, max_length=255)]
One = TypeVar("One")
D = TypeVar("D", bound=Output)


class Mcpsoc:
    """Tools over the records of one world."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def mcpsoc_list_cases(
        self,
        status: list[Status] | Status | None = None,
        priority: list[Priority] | Priority | None = None,
        disposition: list[Disposition] | Disposition | None = None,
        owner: Text | None = None,
        text: Text | None = None,
        since: Time | None = None,
        overdue: bool | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[CaseLines]:
        """Cases that fit all of this, overdue and P1 first; counts over all that fit. text: part of id, title or
        technique. since: created at or after."""
        wanted = CaseFilter(_several(status), _several(priority), _several(disposition), owner, text, since, overdue)
        offset = offset_of(cursor)
        part, counted = self._records.cases(wanted, limit, offset), self._records.count(wanted)
        data = CaseLines(cases=list(part.rows), by_status=counted.by_status, by_priority=counted.by_priority)
        return _page(data, f"{part.total} cases", part, offset)

    def mcpsoc_get_case(self, case_id: CaseId, language: Language = "en") -> Reply[OneCase]:
        """One case: verdict, the five opening lines, hypotheses with scores, gates, gaps, alerts, notes."""
        case = self._records.case(case_id, language)
        return Reply(OneCase(case=case), f"{case.id}: {case.disposition or 'not investigated yet'}, {case.status}")

    def mcpsoc_list_claims(
        self,
        case_id: CaseId,
        status: ClaimStatus | None = None,
        language: Language = "en",
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[ClaimLines]:
        """The statements of a case's report, each with the evidence it was read from and what it weighs."""
        claims = [claim for claim in self._records.claims(case_id, language) if status in (None, claim.status)]
        page = paged(claims, limit, cursor)
        text, rows = f"{page.total} claims", list(page.rows)
        return Reply(ClaimLines(claims=rows), text, total=page.total, after=page.after, more=page.more)

    def mcpsoc_get_evidence(self, case_id: CaseId, evidence_id: EvidenceId) -> Reply[OneEvidence]:
        """One answer of one tool as the case keeps it; E0 is the alert itself."""
        item = self._records.evidence(case_id, evidence_id)
        return Reply(OneEvidence(evidence=item), f"{item.id}: {item.tool} answered {item.status}")

    def mcpsoc_find_cases(
        self,
        entity: Text | None = None,
        kind: EntityKind | None = None,
        like: CaseId | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[FoundCases]:
        """Cases whose alerts name an entity (host, account, address, domain or hash), whole or in part, exact ones
        first; or cases like another one, with what they share: context, never evidence."""
        page = paged(self._found(entity, kind, like), limit, cursor)
        text, rows = f"{page.total} cases", list(page.rows)
        return Reply(FoundCases(cases=rows), text, total=page.total, after=page.after, more=page.more)

    def mcpsoc_verify_report(self, case_id: CaseId, limit: Limit = 20, cursor: Cursor = None) -> Reply[Verified]:
        """Check a case's report again: its evidence is what was stored, every claim is run on it anew, the verdict
        follows from its gates. Rows are what does not hold."""
        found = self._records.verify(case_id)
        page = paged(found.failed, limit, cursor)
        data = Verified(
            case_id=found.case_id,
            passed=not found.failed,
            checks=found.checks,
            evidence=found.evidence,
            claims=found.claims,
            reproduced=found.reproduced,
            struck=found.struck,
            failed=list(page.rows),
        )
        text = _verdict(found)
        return Reply(data, text, total=page.total, after=page.after, more=page.more, beside=True)

    def mcpsoc_what_would_change(self, case_id: CaseId, language: Language = "en") -> Reply[WouldChange]:
        """What the verdict hangs on: decided again without each decisive claim, each missing look, each gate that
        held it, each register entry that almost fits."""
        found = self._records.what_would_change(case_id, language)
        return Reply(found, f"{len(found.changes)} things could change {found.verdict or 'what is not decided yet'}")

    def mcpsoc_case_timeline(self, case_id: CaseId, limit: Limit = 50, cursor: Cursor = None) -> Reply[Timeline]:
        """Events of a case from all its evidence, oldest first."""
        page = paged(self._records.timeline(case_id), limit, cursor)
        text, rows = f"{page.total} events", list(page.rows)
        return Reply(Timeline(events=rows), text, total=page.total, after=page.after, more=page.more)

    def mcpsoc_list_changes(self, since: Time, limit: Limit = 50, cursor: Cursor = None) -> Reply[CaseChanges]:
        """What happened to cases since a time: opened, saved, duplicate, taken, noted, closed, reopened."""
        offset = offset_of(cursor)
        part = self._records.changes(since, limit, offset)
        return _page(CaseChanges(changes=list(part.rows)), f"{part.total} changes", part, offset)

    def _found(self, entity: str | None, kind: EntityKind | None, like: str | None) -> Sequence[FoundCase]:
        """Raises: ToolError unless it is asked for one of the two."""
        if like is not None and entity is None and kind is None:
            return self._records.similar(like)
        if entity is None or like is not None:
            raise ToolError("invalid_argument", "either an entity, or a case to be like", "kind goes with entity only")
        return self._records.find(entity, kind)

    def probe(self) -> str:
        """How many cases there are."""
        return f"{self._records.cases(CaseFilter(), 1, 0).total} cases"


TOOLS = (*(name for name in vars(Mcpsoc) if name.startswith(f"{NAME}_")), ASK)
"""Names of all tools it can have, health aside."""


def build(
    records: Records,
    *,
    asker: Asker | None = None,
    backend: Backend,
    synthetic: bool,
    clock: Callable[[], datetime] = wall_clock,
    settings: BaseModel | None = None,
    conditions: Conditions = EVERYTHING,
) -> SecurityServer:
    """The server over these records; `clock` is that of their world. With an asker it answers questions, in place of
    the list of changes: whoever can ask needs none, and ten tools are the most."""
    tools = Mcpsoc(records)
    return build_server(
        NAME,
        reads=[
            tools.mcpsoc_list_cases,
            tools.mcpsoc_get_case,
            tools.mcpsoc_list_claims,
            tools.mcpsoc_get_evidence,
            tools.mcpsoc_find_cases,
            tools.mcpsoc_verify_report,
            tools.mcpsoc_what_would_change,
            tools.mcpsoc_case_timeline,
            tools.mcpsoc_list_changes if asker is None or not conditions.offers(ASK) else asking(asker),
        ],
        backend=backend,
        synthetic=synthetic,
        clock=clock,
        probe=tools.probe,
        settings=settings,
        conditions=conditions,
    )


def _page(data: D, text: str, part: Part[Output], offset: int) -> Reply[D]:
    """The reply of a page that was cut by whoever keeps the rows."""
    until = offset + len(part.rows)
    return Reply(data, text, total=part.total, after=row_cursors(offset, len(part.rows)), more=until < part.total)


def _verdict(found: Verification) -> str:
    """Passed or failed in one line of ours: names and numbers alone."""
    if found.failed:
        claims = sum(check.what == "claim" for check in found.failed)
        return f"failed: {len(found.failed)} of {found.checks} checks do not hold, {claims} of them claims"
    return f"passed: {found.reproduced} of {found.claims} claims come out as written, {found.struck} of them struck"


def _several(given: list[One] | One | None) -> tuple[One, ...]:
    """One, several or none."""
    if given is None:
        return ()
    return tuple(given) if isinstance(given, list) else (given,)
