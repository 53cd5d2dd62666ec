"""Finding a value in a sentence and in what it cites: too eager counts wrong answers, too strict right ones."""

from datetime import UTC, datetime

import pytest

from evals.suites.chat_expected import Flag, Moment, Some, each, text

AT = datetime(2026, 3, 9, 8, 27, 18, 9000, tzinfo=UTC)
PRIVILEGED = Flag(True, ("privileged",), ("not privileged",))


@pytest.mark.parametrize("said", ["24 failures", "failures: 24.", "共24次失败", "(24)", "24, the first at noon"])
def test_a_number_is_found_wherever_it_stands_alone(said: str) -> None:
    """Full stops, brackets and Chinese characters end a number."""
    assert text(24).shown(said)


@pytest.mark.parametrize(
    "said", ["124", "2.24", "24.5", "198.51.100.24", "2026-03-24", "ws-24", "10:24", "C-24", "24h"]
)
def test_a_number_inside_something_else_is_not_found(said: str) -> None:
    """An address that happens to hold the digits is no answer to `how many`."""
    assert not text(24).shown(said)


def test_a_name_is_not_found_in_a_longer_one() -> None:
    """C-1 is not C-12, and ws-14 is not ws-143."""
    assert text("C-1").shown("Case C-1 is open.")
    assert not text("C-1").shown("Case C-12 is open.")
    assert not text("ws-14").shown("ws-143")


def test_any_form_of_a_name_will_do() -> None:
    """`true_positive` is said as it is stored, in words or in Chinese."""
    verdict = text("true_positive", "true positive", "真阳性")
    assert all(map(verdict.shown, ("verdict: true_positive", "a True positive", "结论为真阳性。")))
    assert not verdict.shown("false positive")


@pytest.mark.parametrize(
    "said", ["2026-03-09T08:27:18.009Z", "2026-03-09T08:27:18Z", "2026-03-09 08:27Z", "2026-03-09T09:27:18+01:00"]
)
def test_a_time_is_found_to_the_second_or_to_the_minute(said: str) -> None:
    """However exactly and in whatever zone it is written."""
    assert Moment(AT).shown(f"First seen at {said}.")


def test_another_time_is_not_found() -> None:
    """Not even one of the same minute when seconds are shown."""
    assert not Moment(AT).shown("2026-03-09T08:27:19Z")
    assert not Moment(AT).shown("2026-03-09T08:28Z")


def test_a_flag_is_not_found_in_its_opposite() -> None:
    """`not privileged` has the word `privileged` in it."""
    denied = Flag(False, PRIVILEGED.yes, PRIVILEGED.no)
    assert PRIVILEGED.shown("It is a privileged account.")
    assert not PRIVILEGED.shown("It is not privileged.")
    assert denied.shown("It is not privileged.")
    assert not denied.shown("It is a privileged account.")


def test_what_is_cited_holds_a_number_as_a_value_or_as_how_many() -> None:
    """A count is cited by the rows that were counted."""
    assert text(2).held(["a", "b"])
    assert text(2).held([{"events": 2}])
    assert text(2).held([["a", "b"]])
    assert not text(2).held(["a", "b", "c"])


def test_what_is_cited_holds_values_deep_inside() -> None:
    """A path may stop at an object."""
    assert text("ws-042").held([{"event": {"host": ["WS-042"]}}])
    assert Moment(AT).held([{"first": "2026-03-09T08:27:18.009Z"}])
    assert PRIVILEGED.held([True])
    assert not PRIVILEGED.held([False, "true"])


def test_of_a_long_list_as_many_as_are_shown_will_do() -> None:
    """Sentences show five values and count the rest."""
    (long,) = each(["a", "b", "c", "d", "e", "f"]).values
    assert isinstance(long, Some)
    assert long.shown("a, b, c, d, e and 1 more")
    assert not long.shown("a, b, c, d")
    assert len(each(["a", "b"]).values) == 2
