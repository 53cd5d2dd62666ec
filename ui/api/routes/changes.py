"""What people do to cases: take, note, close, reopen. Each is authorised, done and audited in `ui/changes.py`."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends

from agent.cases.errors import CaseConflictError, CaseNotFoundError, CaseStateError
from agent.cases.lifecycle import REASONS
from agent.response.identity import Identity
from ui.api.access import Cases, may
from ui.api.case_view import case_line
from ui.api.errors import Refusal
from ui.api.models import CaseLine, ClosingGiven, NoteGiven, NotTaken, Problem, ReopeningGiven, Taken, TakingGiven
from ui.api.refusals import refusal_of

router = APIRouter(prefix="/cases", tags=["cases"])

Taker: TypeAlias = Annotated[Identity, Depends(may("case.take"))]


@router.post("/take")
def take_several(who: Taker, work: Cases, given: TakingGiven) -> Taken:
    """Make several cases yours; those that cannot be taken are named with the reason."""
    taken: list[CaseLine] = []
    refused: list[NotTaken] = []
    for case_id in dict.fromkeys(given.ids):
        try:
            taken.append(case_line(work.changes.take(case_id, who)))
        except (CaseNotFoundError, CaseStateError, CaseConflictError) as error:
            told = refusal_of(error)
            refused.append(NotTaken(id=case_id, error=Problem(code=told.code, message=told.message, hint=told.hint)))
    return Taken(taken=tuple(taken), refused=tuple(refused))


@router.post("/{case_id}/take")
def take(who: Taker, work: Cases, case_id: str) -> CaseLine:
    """Make a case yours. Taking it again changes nothing; 409 when somebody else has it or it is closed."""
    return case_line(work.changes.take(case_id, who))


@router.post("/{case_id}/notes", status_code=201)
def note(who: Annotated[Identity, Depends(may("case.note"))], work: Cases, case_id: str, given: NoteGiven) -> CaseLine:
    """Add your words to a case; notes are never changed or removed."""
    return case_line(work.changes.note(case_id, who, given.text))


@router.post("/{case_id}/close")
def close(
    who: Annotated[Identity, Depends(may("case.close"))], work: Cases, case_id: str, given: ClosingGiven
) -> CaseLine:
    """Close a case with your verdict, which stands beside the machine's. 409 when it is closed already."""
    explained = REASONS[given.reason_code]
    if given.disposition not in (None, explained):
        raise Refusal(
            422, "bad_reason", f"the reason {given.reason_code} explains {explained}, not {given.disposition}"
        )
    return case_line(work.changes.close(case_id, who, given.reason_code, given.note, given.disposition))


@router.post("/{case_id}/reopen")
def reopen(
    who: Annotated[Identity, Depends(may("case.reopen"))], work: Cases, case_id: str, given: ReopeningGiven
) -> CaseLine:
    """Open a closed case again. 409 when it is not closed."""
    return case_line(work.changes.reopen(case_id, who, given.why))
