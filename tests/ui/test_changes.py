"""Changes are authorised where they are made, whichever way they came, and leave nothing behind when refused."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cases import CaseStore
from agent.models import Case
from agent.response.errors import NotAllowedError
from agent.response.identity import Identity, local_user
from knowledge.trust.audit import AuditLog
from ui.changes import Changes

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
ANA = local_user("ana")
VIEWER = Identity(name="reader", roles=("viewer",), kind="user")
Change = Callable[[Changes, Identity], Case]
CHANGES: dict[str, Change] = {
    "take": lambda changes, who: changes.take("C-1", who),
    "note": lambda changes, who: changes.note("C-1", who, "words"),
    "close": lambda changes, who: changes.close("C-1", who, "admin_work"),
    "reopen": lambda changes, who: changes.reopen("C-1", who, "why not"),
}


@pytest.fixture
def changes(tmp_path: Path) -> Iterator[Changes]:
    """Changes to a store with one open case."""
    store = CaseStore(f"sqlite:///{tmp_path}/cases.db")
    times = {"created_at": NOW, "updated_at": NOW}
    store.save(Case(id="C-1", tenant="lab", world="lab", title="t", status="open", alerts=(), **times))
    with closing(AuditLog(tmp_path / "audit.db")) as audit:
        yield Changes(store, audit, lambda: NOW)
    store.dispose()


@pytest.mark.parametrize("name", CHANGES)
def test_whoever_may_not_changes_nothing(changes: Changes, name: str) -> None:
    """The command line has no dependency of a route in front of it."""
    if name == "reopen":
        changes.close("C-1", ANA, "admin_work")
    before = changes.store.get("C-1"), changes.audit.head("lab")

    with pytest.raises(NotAllowedError):
        CHANGES[name](changes, VIEWER)

    assert (changes.store.get("C-1"), changes.audit.head("lab")) == before


def test_every_change_is_one_line_of_the_audit_log(changes: Changes) -> None:
    """In the order they were made, with who made them."""
    for change in CHANGES.values():
        change(changes, ANA)

    told = [(entry.actor, entry.event) for entry in changes.audit.entries("lab")]
    assert told == [("ana", f"case.{event}") for event in ("taken", "noted", "closed", "reopened")]


def test_repeating_what_was_done_is_no_second_change(changes: Changes) -> None:
    """A request that is sent twice leaves one line."""
    taken = [changes.take("C-1", ANA), changes.take("C-1", ANA)]
    closed = [changes.close("C-1", ANA, "admin_work", "ok"), changes.close("C-1", ANA, "admin_work", "ok")]

    assert taken[0] == taken[1]
    assert closed[0] == closed[1]
    assert len(changes.audit.entries("lab")) == 2
