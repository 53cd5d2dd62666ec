"""A log read as it grows: nothing twice, nothing silently left out."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from servers.errors import ToolError
from servers.logfile import LONGEST_LINE, GrowingLog

BEGIN = datetime(2026, 3, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A numbered line."""

    number: int

    @property
    def time(self) -> datetime:
        """One second each."""
        return BEGIN + timedelta(seconds=self.number)


def parsed(line: bytes) -> Row | None:
    """A number; `#` begins a remark."""
    return None if line.startswith(b"#") else Row(int(line))


Append = Callable[..., None]


@pytest.fixture
def append(tmp_path: Path) -> Append:
    """Adds numbers to the log."""

    def add(*numbers: int) -> None:
        with (tmp_path / "log").open("a") as file:
            file.writelines(f"{number}\n" for number in numbers)

    return add


def numbers(log: GrowingLog[Row]) -> list[int]:
    """What it holds."""
    return [row.number for row in log.read().rows]


def test_each_line_is_read_once_as_the_log_grows(tmp_path: Path, append: Append) -> None:
    """Counting an event twice is as wrong as missing it."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(1, 2)
    first = numbers(log)
    append(3)

    assert (first, numbers(log), numbers(log)) == ([1, 2], [1, 2, 3], [1, 2, 3])


def test_half_a_line_waits_for_its_end(tmp_path: Path, append: Append) -> None:
    """A writer may be in the middle of a line."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(1)
    with (tmp_path / "log").open("a") as file:
        file.write("2")
    half = numbers(log)
    with (tmp_path / "log").open("a") as file:
        file.write("3\n")

    assert (half, numbers(log)) == ([1], [1, 23])


def test_rotation_loses_nothing(tmp_path: Path, append: Append) -> None:
    """Lines written between the last look and the rotation stand in the renamed file."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(1)
    numbers(log)
    append(2)
    (tmp_path / "log").rename(tmp_path / "log.1")
    append(3)

    assert numbers(log) == [1, 2, 3]


def test_vanished_old_file_leaves_no_silent_gap(tmp_path: Path, append: Append) -> None:
    """Rows before a gap would make the log look whole."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(1)
    numbers(log)
    (tmp_path / "log").rename(tmp_path / "gone")
    append(3)

    assert numbers(log) == [3]


def test_emptied_log_begins_anew(tmp_path: Path, append: Append) -> None:
    """Rotation by copying and truncating: what was written since the last look is gone, so nothing before counts."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(1, 2, 3)
    numbers(log)
    (tmp_path / "log").write_text("4\n")

    assert numbers(log) == [4]


def test_log_that_was_emptied_and_grew_past_where_we_were_begins_anew(tmp_path: Path, append: Append) -> None:
    """A busy writer, or somebody who wants lines to be missed, fills it again before the next look."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(1, 2, 3)
    numbers(log)
    os.truncate(tmp_path / "log", 0)
    append(4, 5, 6, 7, 8)

    assert numbers(log) == [4, 5, 6, 7, 8]


def test_log_rotated_twice_between_two_looks_leaves_no_silent_gap(tmp_path: Path, append: Append) -> None:
    """The file in the middle was never read: rows before it would make the log look whole."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(1)
    numbers(log)
    (tmp_path / "log").rename(tmp_path / "log.2")
    append(2)
    (tmp_path / "log").rename(tmp_path / "log.1")
    append(3)

    assert numbers(log) == [3]


def test_older_and_other_files_beside_a_rotated_log_are_no_gap(tmp_path: Path, append: Append) -> None:
    """A gap that is none would call what was seen unseen."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    (tmp_path / "log.2.gz").write_bytes(b"older")
    os.utime(tmp_path / "log.2.gz", (0, 0))
    append(1)
    numbers(log)
    append(2)
    (tmp_path / "log").rename(tmp_path / "log.1")
    append(3)
    (tmp_path / "log.lock").write_text("")

    assert numbers(log) == [1, 2, 3]


def test_log_larger_than_the_bound_is_known_from_later_on(tmp_path: Path, append: Append) -> None:
    """What was not read is not covered, and the answer says so."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG", most_bytes=40)
    append(*range(100, 200))
    held = log.read()
    problem = held.blind_spot(BEGIN, BEGIN + timedelta(seconds=199), BEGIN + timedelta(seconds=200), timedelta(hours=1))

    assert held.rows[-1].number == 199
    assert 5 <= len(held.rows) <= 10
    assert problem is not None
    assert "known from" in problem.message


def test_silence_of_the_writer_is_no_absence(tmp_path: Path, append: Append) -> None:
    """A sensor that died writes nothing, like one that saw nothing."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(*range(10))
    held, now = log.read(), BEGIN + timedelta(hours=3)
    seen = held.blind_spot(BEGIN, BEGIN + timedelta(seconds=9), now, timedelta(hours=1))
    silent = held.blind_spot(BEGIN, now, now, timedelta(hours=1))

    assert seen is None
    assert silent is not None
    assert "silent since" in silent.message


def test_log_that_ends_before_a_window_does_not_speak_for_it(tmp_path: Path, append: Append) -> None:
    """However short the window: nothing shows that the writer lived then."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(*range(10))
    later = BEGIN + timedelta(minutes=5)
    problem = log.read().blind_spot(later, later + timedelta(minutes=5), later + timedelta(hours=9), timedelta(hours=1))

    assert problem is not None
    assert "silent since" in problem.message


def test_broken_and_endless_lines_are_counted(tmp_path: Path, append: Append) -> None:
    """One bad line may not hide those after it."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    (tmp_path / "log").write_bytes(b"1\nnonsense\n#\n\n" + b"9" * (LONGEST_LINE + 1) + b"\n\xff\xfe\n")
    append(2)
    held = log.read()

    assert [row.number for row in held.rows] == [1, 2]
    assert held.unreadable == 3


def test_missing_log_is_an_error_that_names_its_setting(tmp_path: Path) -> None:
    """No log is not an empty one, and whoever mistyped its name wants to know where."""
    with pytest.raises(ToolError, match="is not there") as caught:
        GrowingLog(tmp_path / "none", parsed, setting="MCPSOC_LOG").read()

    assert "MCPSOC_LOG" in caught.value.hint


def test_silence_inside_a_window_is_a_blind_spot(tmp_path: Path, append: Append) -> None:
    """A sensor that was off for the night and runs again saw nothing of the night."""
    log = GrowingLog(tmp_path / "log", parsed, setting="MCPSOC_LOG")
    append(0, 60, 50, 7200, 7260)
    held, quiet = log.read(), timedelta(minutes=30)

    def problem(start: int, end: int) -> str | None:
        ends = [BEGIN + timedelta(seconds=each) for each in (start, end)]
        found = held.blind_spot(*ends, ends[1], quiet)
        return None if found is None else found.message

    assert problem(0, 55) is None
    assert problem(7200, 7290) is None
    assert problem(3000, 3600) == "the log is silent from 2026-03-09T00:01:00.000Z to 2026-03-09T02:00:00.000Z"
    assert problem(0, 7290) == problem(3000, 3600)
