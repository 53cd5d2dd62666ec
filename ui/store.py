"""The case store as the command line uses it; every change by a person is written to the audit log."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import get_args

from agent.cases import CaseStore
from agent.cases.lifecycle import REASONS
from agent.cases.queries import CaseQuery, CaseSummary
from agent.cases.similar import Similar
from agent.models import Case, CaseStatus, Disposition, utc_now
from agent.response.identity import Identity
from agent.settings import Settings
from agent.wording import Language
from knowledge.trust.audit import AuditLog
from servers.lab.world import Lab
from ui.changes import Changes, Learner
from ui.errors import UsageError
from ui.home import Home

MOST = 1000
"""Cases that one listing shows."""
MOST_SIMILAR = 3
"""Similar cases that are shown with a case."""


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


def has_cases(home: Home) -> bool:
    """Whether the home has a case at all; a store that was only opened has none."""
    if not home.cases.exists():
        return False
    with open_store(home) as store:
        return bool(store.list_cases(CaseQuery(now=utc_now(), limit=1)))


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


def similar_cases(home: Home, case: Case, limit: int) -> tuple[Similar, ...]:
    """Cases of its tenant and world most like this one. Context, never evidence."""
    with open_store(home) as store:
        return store.similar(case.id, case.tenant, limit)


def take_case(home: Home, name: str, who: Identity) -> Case:
    """Acknowledge a case."""
    with _changing(home, name) as (changes, case):
        return changes.take(case, who)


def note_case(home: Home, name: str, who: Identity, text: str) -> Case:
    """Add a person's words."""
    with _changing(home, name) as (changes, case):
        return changes.note(case, who, text)


def close_case(
    home: Home,
    name: str,
    who: Identity,
    *,
    disposition: str | None,
    reason: str,
    note: str,
    language: Language = "en",
    pseudonymise: bool = False,
) -> Case:
    """Close with a person's verdict; without a disposition the reason says which. The note it proposes is in that
    language, with other names in it if asked. Raises: UsageError."""
    if reason not in REASONS:
        raise UsageError("no reason {name}; there are: {names}", name=reason, names=", ".join(REASONS))
    chosen = next((item for item in get_args(Disposition) if item == disposition), None)
    if disposition is not None and chosen is None:
        raise UsageError("no disposition {name}", name=disposition)
    from ui.library.notebook import Notebook

    with _changing(home, name, Notebook(home, language, pseudonymise)) as (changes, case):
        return changes.close(case, who, reason, note, chosen)


def reopen_case(home: Home, name: str, who: Identity, why: str) -> Case:
    """Open a closed case again; the note it proposed goes, unless somebody made it their own."""
    from ui.library.notebook import Notebook

    with _changing(home, name, Notebook(home)) as (changes, case):
        return changes.reopen(case, who, why)


def now_in(home: Home) -> datetime:
    """The clock of a home's cases: the lab's in a home that holds a lab and nothing else, wall time otherwise."""
    if home.is_demo:
        with closing(Lab.open(home.lab)) as lab:
            return lab.now()
    return utc_now()


@contextmanager
def _changing(home: Home, name: str, learner: Learner | None = None) -> Iterator[tuple[Changes, str]]:
    """What changes the cases of a home, and the id of the one that is named."""
    with open_store(home) as store, closing(AuditLog(home.audit)) as audit:
        yield Changes(store, audit, lambda: now_in(home), learner=learner), _id(store, home, name)


def _id(store: CaseStore, home: Home, name: str) -> str:
    if name != "last":
        return name
    newest = store.list_cases(CaseQuery(now=now_in(home), sort="recent", limit=1))
    if not newest:
        raise UsageError("no case yet; try {first} or {second}", first="mcpsoc demo", second="mcpsoc triage FILE")
    return newest[0].id
