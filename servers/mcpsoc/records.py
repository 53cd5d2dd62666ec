"""What the server reads cases through. It imports no analyst: whoever has cases hands in an implementation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from servers.mcpsoc.models import (
    ByPriority,
    ByStatus,
    CaseChange,
    CaseFile,
    CaseLine,
    ClaimLine,
    Disposition,
    EntityKind,
    EvidenceFile,
    FailedCheck,
    FoundCase,
    Language,
    Priority,
    Status,
    TimelineLine,
    WouldChange,
)

Row = TypeVar("Row", covariant=True)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; what is left out does not restrict."""

    status: tuple[Status, ...] = ()
    priority: tuple[Priority, ...] = ()
    disposition: tuple[Disposition, ...] = ()
    owner: str | None = None
    text: str | None = None
    """Part of the id, the title or a technique."""
    since: datetime | None = None
    """Created at this time or later."""
    overdue: bool | None = None


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """Some rows, and how many there are in all."""

    rows: Sequence[Row]
    total: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many cases fit."""

    by_status: ByStatus
    by_priority: ByPriority


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking one report."""

    case_id: str
    checks: int
    evidence: int
    claims: int
    reproduced: int
    struck: int
    failed: Sequence[FailedCheck]


class Records(Protocol):
    """The cases of one world and tenant, to read. All of it may be called from several threads at once.

    Whatever names a case or a piece of evidence raises `NotFoundError` when there is none, and `ToolError` when the
    cases cannot be read."""

    def cases(self, wanted: CaseFilter, limit: int, offset: int) -> Part[CaseLine]:
        """The queue, the most urgent first."""
        ...

    def count(self, wanted: CaseFilter) -> Counted:
        """How many cases fit, by status and by priority."""
        ...

    def case(self, case_id: str, language: Language) -> CaseFile:
        """One case with its conclusions."""
        ...

    def claims(self, case_id: str, language: Language) -> Sequence[ClaimLine]:
        """The statements of its report, in order."""
        ...

    def evidence(self, case_id: str, evidence_id: str) -> EvidenceFile:
        """One piece of its evidence."""
        ...

    def find(self, entity: str, kind: EntityKind | None) -> Sequence[FoundCase]:
        """Cases whose alerts name this; exact ones first, then the newest."""
        ...

    def similar(self, case_id: str) -> Sequence[FoundCase]:
        """Cases like this one, most alike first."""
        ...

    def what_would_change(self, case_id: str, language: Language) -> WouldChange:
        """What its verdict hangs on."""
        ...

    def verify(self, case_id: str) -> Verification:
        """Its report checked again from the evidence that was stored.

        Raises: NotFoundError when there is no report yet."""
        ...

    def timeline(self, case_id: str) -> Sequence[TimelineLine]:
        """Its events, oldest first."""
        ...

    def changes(self, since: datetime, limit: int, offset: int) -> Part[CaseChange]:
        """What happened to cases at that time or later, oldest first."""
        ...
