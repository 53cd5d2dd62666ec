"""What people may do with a case, and when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from agent.cases.errors import CaseStateError
from agent.cases.lifecycle import (
    REASONS,
    close,
    closing_dispositions,
    is_overdue,
    note,
    receive,
    reopen,
    standard_due,
    take,
    with_due,
)
from agent.models import Alert, Case, HumanVerdict

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
CaseFactory = Callable[..., Case]
AlertFactory = Callable[..., Alert]


def verdict(**changed: object) -> HumanVerdict:
    """A person's closing."""
    fields: dict[str, object] = {
        "at": NOW,
        "author": "mei",
        "disposition": "false_positive",
        "reason_code": "bad_intel",
        **changed,
    }
    return HumanVerdict.model_validate(fields)


def test_a_case_is_one_persons(sample: CaseFactory) -> None:
    """Taking it twice is fine for its owner, and for nobody else."""
    taken = take(sample(), "mei", NOW)
    assert take(taken, "mei", NOW).owner == "mei"
    with pytest.raises(CaseStateError, match="already with mei"):
        take(taken, "jo", NOW)
    with pytest.raises(CaseStateError, match="reopen it first"):
        take(close(taken, verdict()), "mei", NOW)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_each_reason_explains_one_disposition(sample: CaseFactory, reason: str) -> None:
    """A false positive because of an authorised test would poison the rule's rate."""
    for disposition in closing_dispositions():
        human = verdict(disposition=disposition, reason_code=reason)
        if REASONS[reason] == disposition:
            assert close(sample(), human).human == human
        else:
            with pytest.raises(CaseStateError, match="explains"):
                close(sample(), human)


def test_nobody_closes_with_a_disposition_that_decides_nothing(sample: CaseFactory) -> None:
    """Only three dispositions close a case."""
    assert set(closing_dispositions()) == {"true_positive", "benign_true_positive", "false_positive"}
    with pytest.raises(CaseStateError):
        close(sample(), verdict(disposition="needs_human"))


def test_closing_twice_and_reopening_what_is_open_are_refused(sample: CaseFactory) -> None:
    """The second of two people is told instead of overwriting the first."""
    closed = close(sample(), verdict())
    assert closed.owner == "mei"
    with pytest.raises(CaseStateError, match="closed already"):
        close(closed, verdict(author="jo"))
    with pytest.raises(CaseStateError, match="not closed"):
        reopen(sample(), "mei", "why", NOW)


def test_words_and_names_are_needed(sample: CaseFactory) -> None:
    """An empty note explains nothing, and nobody did it is no answer."""
    changes: tuple[Callable[[], Case], ...] = (
        lambda: note(sample(), "mei", "  ", NOW),
        lambda: note(sample(), " ", "text", NOW),
        lambda: take(sample(), "", NOW),
        lambda: close(sample(), verdict(author="")),
        lambda: reopen(close(sample(), verdict()), "mei", "", NOW),
    )
    for change in changes:
        with pytest.raises(CaseStateError):
            change()


def test_alert_for_a_closed_case_reopens_it_within_a_day_and_links_after(
    sample: CaseFactory, sample_alert: AlertFactory
) -> None:
    """Fresh activity means the closing was too early; old cases are left in peace."""
    closed = close(sample(), verdict())
    assert receive(sample(), sample_alert(2, minutes=9999)) == "join"
    assert receive(closed, sample_alert(2, minutes=21 + 24 * 60)) == "reopen"
    assert receive(closed, sample_alert(2, minutes=22 + 24 * 60)) == "link"


def test_due_time_runs_until_somebody_acts(sample: CaseFactory) -> None:
    """Taken and closed cases are not overdue, and get no new due time."""
    case = with_due(sample(), standard_due)
    assert case.due_at == case.updated_at + timedelta(minutes=15)
    late = case.due_at + timedelta(seconds=1)
    assert is_overdue(case, late)
    assert not is_overdue(case, case.due_at)
    assert not is_overdue(take(case, "mei", NOW), late)
    assert not is_overdue(close(case, verdict()), late)
    assert with_due(take(sample(), "mei", NOW), standard_due).due_at is None
    assert with_due(sample(investigated=False), standard_due).due_at is None
