"""The follower of alert files: none lost, none doubled, whatever happens to the file or to the reader."""

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ui.follow import Follower, Positions

Follow = Callable[[Path, Positions], Follower]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder / "alerts.json"


@pytest.fixture
def positions(tmp_path: Path) -> Positions:
    return Positions(tmp_path / "positions.db")


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Makes followers that are closed when the test ends."""
    with ExitStack() as stack:
        yield lambda log, positions: stack.enter_context(closing(Follower(log, positions)))


def write(path: Path, *numbers: int, end: str = "\n") -> None:
    with path.open("a") as stream:
        stream.write("".join(f'{{"n": {number}}}{end}' for number in numbers))


def read(follower: Follower, limit: int | None = None) -> list[int]:
    """Handle what is there, up to `limit` lines, and close as a finished or stopped reader does."""
    seen: list[int] = []
    for line in follower.poll():
        if limit is not None and len(seen) == limit:
            break
        follower.begin(line)
        seen.append(int(line.data.split(b":")[1].strip(b" }\n")))
        follower.done(line)
    return seen


def read_anew(log: Path, positions: Positions, limit: int | None = None) -> list[int]:
    """What a reader that has just started sees."""
    with closing(Follower(log, positions)) as follower:
        return read(follower, limit)


def test_lines_come_once_over_restarts(log: Path, positions: Positions) -> None:
    """A new reader goes on where the last one was, not at the beginning."""
    write(log, 1, 2, 3)

    first = read_anew(log, positions, limit=2)
    second = read_anew(log, positions)

    assert (first, second) == ([1, 2], [3])


def test_half_written_line_waits_for_its_end(log: Path, positions: Positions, follow: Follow) -> None:
    """A writer's buffer may end in the middle of an alert."""
    write(log, 1)
    with log.open("a") as stream:
        stream.write('{"n": ')
    follower = follow(log, positions)

    before = read(follower)
    with log.open("a") as stream:
        stream.write("2}\n")

    assert (before, read(follower)) == ([1], [2])


@pytest.mark.parametrize("name", ["alerts.json.1", "alerts.json-20261121", "alerts-2026-11-21.json"])
def test_rest_of_a_renamed_file_is_read_before_the_new_one(log: Path, positions: Positions, name: str) -> None:
    """Rotation by rename happens between two polls; what was written in between is in the renamed file."""
    write(log, 1)
    assert read_anew(log, positions) == [1]
    write(log, 2)
    log.rename(log.parent / name)
    write(log, 3)

    assert read_anew(log, positions) == [2, 3]


def test_two_rotations_while_the_reader_is_down_lose_nothing(log: Path, positions: Positions) -> None:
    """A reader that was down for two days finds one file it never saw between the one it knew and the current one."""
    write(log, 1)
    assert read_anew(log, positions) == [1]
    write(log, 2)
    log.rename(log.parent / "alerts.json.2")
    write(log, 3, 4)
    os.utime(log, ns=(log.stat().st_mtime_ns + 10**9,) * 2)
    log.rename(log.parent / "alerts.json.1")
    write(log, 5)

    assert read_anew(log, positions, limit=2) == [2, 3]
    assert read_anew(log, positions) == [4, 5]
    assert read_anew(log, positions) == []


def test_compressed_rotation_is_found_by_its_beginning(log: Path, positions: Positions) -> None:
    """Compressing makes a new inode; only the content says that it is the same file."""
    write(log, 1)
    assert read_anew(log, positions) == [1]
    write(log, 2)
    with log.open("rb") as plain, gzip.open(log.parent / "alerts.json.1.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    log.unlink()
    write(log, 3)

    assert read_anew(log, positions) == [2, 3]


def test_copy_and_truncate_loses_and_doubles_nothing(log: Path, positions: Positions, follow: Follow) -> None:
    """The copy holds what was not read yet; the emptied file keeps its inode."""
    write(log, 1)
    follower = follow(log, positions)
    assert read(follower) == [1]
    write(log, 2)
    shutil.copyfile(log, log.parent / "alerts.json.1")
    os.truncate(log, 0)
    write(log, 33)

    assert read(follower) == [2, 33]
    write(log, 4)
    assert read(follower) == [4]


def test_emptied_and_regrown_file_is_read_from_its_start(log: Path, positions: Positions, follow: Follow) -> None:
    """Size alone does not show a truncation; the file's beginning does."""
    write(log, 1)
    follower = follow(log, positions)
    assert read(follower) == [1]
    os.truncate(log, 0)
    write(log, 21, 22, 23, 24)

    assert read(follower) == [21, 22, 23, 24]


def test_file_removed_while_open_is_read_to_its_end(log: Path, positions: Positions, follow: Follow) -> None:
    """A rotation that keeps no old file leaves the last lines only to a reader that holds the file open."""
    write(log, 1)
    follower = follow(log, positions)
    assert read(follower) == [1]
    write(log, 2)
    log.unlink()
    write(log, 3)

    assert read(follower) == [2, 3]


def test_lines_of_a_file_first_seen_empty_survive_rotation(log: Path, positions: Positions) -> None:
    """An empty file is remembered too: what it gets before it is renamed counts."""
    log.touch()
    assert read_anew(log, positions) == []
    write(log, 1)
    log.rename(log.parent / "alerts.json.1")
    write(log, 2)

    assert read_anew(log, positions) == [1, 2]


def test_renamed_file_still_being_written_is_not_cut(log: Path, positions: Positions, follow: Follow) -> None:
    """Between the rename and the writer's reopening the old file still grows, while the new one is empty."""
    write(log, 1)
    follower = follow(log, positions)
    assert read(follower) == [1]
    old = log.parent / "alerts.json.1"
    log.rename(old)
    log.touch()
    write(old, 2, end="")

    assert read(follower) == []
    with old.open("a") as stream:
        stream.write("\n")
    write(log, 3)
    assert read(follower) == [2, 3]


def test_line_whose_handling_was_cut_off_comes_again_marked(log: Path, positions: Positions) -> None:
    """After a kill in the middle of a line the next reader must be able to ask whether it was done."""
    write(log, 1, 2)
    with closing(Follower(log, positions)) as killed:
        killed.begin(next(killed.poll()))

    with closing(Follower(log, positions)) as next_one:
        again = list(next_one.poll())

    assert [(line.number, line.started_before) for line in again] == [(1, True), (2, False)]


def test_other_files_beside_the_log_are_not_taken_for_rotations(log: Path, positions: Positions) -> None:
    """alerts.log and a person's backup are not the log's past."""
    write(log, 1)
    assert read_anew(log, positions) == [1]
    for name in ("alerts.log", "alerts.json.bak", "alerts-old.json"):
        write(log.parent / name, 7)
        os.utime(log.parent / name, ns=(log.stat().st_mtime_ns + 10**9,) * 2)
    log.unlink()
    write(log, 2)

    assert read_anew(log, positions) == [2]
