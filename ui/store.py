"""The case store as the command line uses it; every change by a person is written to the audit log."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import get_args

from pydantic import ValidationError

from agent.cases import CaseStore
from agent.cases.lifecycle import REASONS
from agent.cases.queries import CaseQuery, CaseSummary
from agent.models import Case, CaseStatus, HumanVerdict, JsonObject, utc_now
from agent.settings import Settings
from knowledge.trust.audit import AuditLog
from servers.lab.world import Lab
from ui.errors import UsageError
from ui.home import Home

MOST = 1000
"""Cases that one listing shows."""


@contextmanager
def open_store(home: Home) -> Iterator[CaseStore]:
    """The store of a home that has one. Raises: UsageError when it has none yet."""
    if not home.cases.exists():
        raise UsageError("no case yet; try {first} or {second}", first="mcpsoc demo", second="mcpsoc triage FILE")
    store = CaseStore(home.cases_url, Settings().due_in)
    try:
        yield store
    finally:
        store.dispose()


def list_cases(home: Home, status: str | None) -> tuple[CaseSummary, ...]:
    """The queue, the most urgent first; empty in a home without cases."""
    if status is not None and status not in get_args(CaseStatus):
        raise UsageError("no status {name}; there are: {names}", name=status, names=", ".join(get_args(CaseStatus)))
    if not home.cases.exists():
        return ()
    with open_store(home) as store:
        query = {"now": now_in(home), "status": (status,) if status else (), "limit": MOST}
        return store.list_cases(CaseQuery.model_validate(query))


def find_case(home: Home, name: str) -> Case:
    """One whole case; `last` is the newest. Raises: UsageError, CaseNotFoundError."""
    with open_store(home) as store:
        return store.get(_id(store, home, name))


def take_case(home: Home, name: str, person: str) -> Case:
    """Acknowledge a case."""
    return _change(home, name, person, "case.taken", {}, lambda store, case, at: store.take(case, person, at))


def note_case(home: Home, name: str, author: str, text: str) -> Case:
    """Add a person's words."""
    data: JsonObject = {"text": text}
    return _change(
        home, name, author, "case.noted", data, lambda store, case, at: store.add_note(case, author, text, at)
    )


def close_case(home: Home, name: str, *, author: str, disposition: str | None, reason: str, note: str) -> Case:
    """Close with a person's verdict; without a disposition the reason says which. Raises: UsageError."""
    if reason not in REASONS:
        raise UsageError("no reason {name}; there are: {names}", name=reason, names=", ".join(REASONS))
    data: JsonObject = {"disposition": disposition or REASONS[reason], "reason_code": reason, "note": note}

    def apply(store: CaseStore, case: str, at: datetime) -> Case:
        try:
            return store.close(case, HumanVerdict.model_validate({**data, "at": at, "author": author}))
        except ValidationError as error:
            raise UsageError("no disposition {name}", name=disposition) from error

    return _change(home, name, author, "case.closed", data, apply)


def reopen_case(home: Home, name: str, author: str, why: str) -> Case:
    """Open a closed case again."""
    data: JsonObject = {"reason": why}
    return _change(
        home, name, author, "case.reopened", data, lambda store, case, at: store.reopen(case, author, why, at)
    )


def now_in(home: Home) -> datetime:
    """The clock of a home's cases: the lab's in a home that holds a lab and nothing else, wall time otherwise."""
    if home.root.name == "demo" and home.lab.exists():
        with closing(Lab.open(home.lab)) as lab:
            return lab.now()
    return utc_now()


def _change(
    home: Home,
    name: str,
    person: str,
    event: str,
    data: JsonObject,
    apply: Callable[[CaseStore, str, datetime], Case],
) -> Case:
    """One change by a person, and its line in the audit log."""
    at = now_in(home)
    with open_store(home) as store, closing(AuditLog(home.audit)) as audit:
        case = apply(store, _id(store, home, name), at)
        audit.append(case.tenant, person, event, {"case": case.id, **data}, at)
        return case


def _id(store: CaseStore, home: Home, name: str) -> str:
    if name != "last":
        return name
    newest = store.list_cases(CaseQuery(now=now_in(home), sort="recent", limit=1))
    if not newest:
        raise UsageError("no case yet; try {first} or {second}", first="mcpsoc demo", second="mcpsoc triage FILE")
    return newest[0].id
