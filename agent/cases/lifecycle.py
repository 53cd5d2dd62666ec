"""What people do with a case: pure functions from case to case. They never touch the machine's verdict."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from agent.cases.errors import CaseStateError
from agent.hunting.hunt import is_hunt
from agent.models import Alert, Case, Disposition, HumanVerdict, Note, Priority, Report

DueIn = Callable[[Priority], timedelta]
"""How long until a case of that priority has to be acknowledged."""

_DUE: Final[dict[Priority, timedelta]] = {
    "P1": timedelta(minutes=15),
    "P2": timedelta(hours=1),
    "P3": timedelta(hours=8),
    "P4": timedelta(days=3),
}

REASONS: Final[dict[str, Disposition]] = {
    "rule_logic": "false_positive",
    "bad_data": "false_positive",
    "bad_intel": "false_positive",
    "authorised_test": "benign_true_positive",
    "admin_work": "benign_true_positive",
    "business_software": "benign_true_positive",
    "confirmed_attack": "true_positive",
}
"""Reason code to the disposition it explains."""

REOPEN_WITHIN: Final = timedelta(hours=24)
"""A later alert reopens a closed case this long after its last alert; after that it opens a linked one."""

Reception = Literal["join", "reopen", "link"]


def standard_due(priority: Priority) -> timedelta:
    """Due times where nobody set others."""
    return _DUE[priority]


def take(case: Case, person: str, at: datetime) -> Case:
    """The case acknowledged by `person`.

    Raises: CaseStateError when it is closed, or somebody else has it."""
    _need_name(person)
    if case.status == "closed":
        raise CaseStateError(f"{case.id} is closed; reopen it first")
    if case.owner not in (None, person):
        raise CaseStateError(f"{case.id} is already with {case.owner}")
    return case.model_copy(update={"status": "taken", "owner": person, "updated_at": at})


def note(case: Case, author: str, text: str, at: datetime) -> Case:
    """The case with one more note.

    Raises: CaseStateError when the note says nothing."""
    _need_name(author)
    if not text.strip():
        raise CaseStateError("a note needs words")
    added = Note(at=at, author=author, text=text)
    return case.model_copy(update={"notes": (*case.notes, added), "updated_at": at})


def close(case: Case, verdict: HumanVerdict) -> Case:
    """The case closed with a person's verdict beside the machine's.

    Raises: CaseStateError when it is closed already, or the reason does not explain the disposition."""
    _need_name(verdict.author)
    if case.status == "closed":
        raise CaseStateError(f"{case.id} is closed already")
    if (fitting := REASONS[verdict.reason_code]) != verdict.disposition:
        raise CaseStateError(f"the reason {verdict.reason_code} explains {fitting}, not {verdict.disposition}")
    return case.model_copy(
        update={"status": "closed", "human": verdict, "owner": case.owner or verdict.author, "updated_at": verdict.at}
    )


def reopen(case: Case, author: str, reason: str, at: datetime) -> Case:
    """The case open again, nobody's, with a note that says why; its due time starts anew.

    Raises: CaseStateError when it is not closed, or no reason is given."""
    if case.status != "closed":
        raise CaseStateError(f"{case.id} is not closed")
    noted = note(case, author, reason, at)
    return noted.model_copy(update={"status": "open", "human": None, "owner": None, "due_at": None})


def receive(case: Case, alert: Alert) -> Reception:
    """What an alert that belongs to this case does to it: joins it, reopens it, or opens a linked case."""
    if case.status != "closed":
        return "join"
    last = max((item.time for item in case.alerts), default=case.updated_at)
    return "reopen" if alert.time - last <= REOPEN_WITHIN else "link"


def with_due(case: Case, due_in: DueIn) -> Case:
    """The case with its due time: set when the priority is first known, brought forward when the priority rises.

    A hunt that found nothing has none: nobody waits for it but who asked."""
    if case.report is None or case.status in ("taken", "closed") or _is_idle_hunt(case, case.report):
        return case
    due = case.updated_at + due_in(case.report.verdict.priority)
    return case.model_copy(update={"due_at": due if case.due_at is None else min(due, case.due_at)})


def _is_idle_hunt(case: Case, report: Report) -> bool:
    return all(is_hunt(alert) for alert in case.alerts) and report.verdict.disposition != "true_positive"


def is_overdue(case: Case, now: datetime) -> bool:
    """Whether the case should have been acknowledged by now and was not."""
    return case.status not in ("taken", "closed") and case.due_at is not None and case.due_at < now


def closing_dispositions() -> tuple[Disposition, ...]:
    """Dispositions a person can close with."""
    explained = set(REASONS.values())
    return tuple(disposition for disposition in get_args(Disposition) if disposition in explained)


def _need_name(person: str) -> None:
    if not person.strip():
        raise CaseStateError("who did it? a name is needed")
