"""Cases of the lab, each way one can end, to be run again."""

from collections.abc import Callable

import pytest

from agent.models import Case
from agent.replay.stored import Stored, open_stored

Find = Callable[[str], Stored]


@pytest.fixture
def ended(lab_cases: tuple[Case, ...]) -> Find:
    """The first investigation that ended in a disposition."""

    def find(disposition: str) -> Stored:
        case = next(item for item in lab_cases if item.report and item.report.verdict.disposition == disposition)
        return open_stored(case)

    return find
