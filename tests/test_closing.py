"""A store that threads share is closed while one of them works in it: left to SQLite, that ends the whole process."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import ProgrammingError
from typing import Protocol

import pytest

from agent.conversation.threads import ThreadStore
from knowledge.trust.audit import AuditLog
from knowledge.trust.errors import AuditError
from knowledge.trust.grants import SpentNonces
from servers.errors import ToolError
from servers.kit.actions import ActionStore

NOW = datetime(2026, 3, 9, tzinfo=UTC)
ROUNDS = 20


class Store(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Close it."""


def threads(path: Path) -> tuple[Store, Callable[[], object]]:
    """Conversations being listed."""
    store = ThreadStore(path)
    return store, lambda: store.threads("a tenant")


def audit(path: Path) -> tuple[Store, Callable[[], object]]:
    """Entries being written."""
    log = AuditLog(path)
    return log, lambda: log.append("a tenant", "somebody", "something", {}, NOW)


def nonces(path: Path) -> tuple[Store, Callable[[], object]]:
    """Grants being used up."""
    spent = SpentNonces(path)
    return spent, lambda: spent.spend("once", until=NOW, now=NOW)


def actions(path: Path) -> tuple[Store, Callable[[], object]]:
    """Changes being looked up."""
    path.touch()
    store = ActionStore(path)
    return store, lambda: store.left("a server", "a place")


def until_closed(use: Callable[[], object], working: threading.Event) -> None:
    """Use it again and again, until there is nothing to use any more."""
    with suppress(ProgrammingError, AuditError, ToolError):
        while True:
            use()
            working.set()


@pytest.mark.parametrize("opened", [threads, audit, nonces, actions])
def test_store_is_closed_between_two_uses_and_never_within_one(
    opened: Callable[[Path], tuple[Store, Callable[[], object]]], tmp_path: Path
) -> None:
    """A conversation was still being written when the page's process ended, and took it down."""
    for turn in range(ROUNDS):
        store, use = opened(tmp_path / f"{turn}.db")
        working = threading.Event()
        worker = threading.Thread(target=until_closed, args=(use, working))
        worker.start()
        assert working.wait(10)
        store.close()
        worker.join(10)
        assert not worker.is_alive()
