"""Cases of the lab, each way one can end, to be run again."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.models import Case
from agent.replay.stored import Stored, open_stored

Find = Callable[[str], Stored]


@pytest.fixture(scope="session")
def lab_cases(investigated: Path) -> tuple[Case, ...]:
    """Every case, as the store gives it."""
    store = CaseStore(f"sqlite:///{investigated}/demo/cases.db")
    rows = store.list_cases(CaseQuery(now=datetime.now(UTC)))
    found = tuple(store.get(row.id) for row in rows)
    store.dispose()
    return found


@pytest.fixture
def ended(lab_cases: tuple[Case, ...]) -> Find:
    """The first investigation that ended in a disposition."""

    def find(disposition: str) -> Stored:
        case = next(item for item in lab_cases if item.report and item.report.verdict.disposition == disposition)
        return open_stored(case)

    return find
