"""What a home remembers about its models: one file, several writers, never guessed."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.brain.fitness import Fitness, Mode, Remark, Use
from agent.brain.records import FILE, keep_fitness, keep_mode, keep_told, read_record
from agent.errors import ModelRecordError

URL = "http://127.0.0.1:8000/v1"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def fitness(mode: Mode | None = "json_schema", *, triage: bool = True) -> Fitness:
    fine = Use(allowed=True, reasons=(Remark(template="it answers"),))
    judged = fine if triage else Use(allowed=False, reasons=(Remark(template="it does not"),))
    return Fitness(endpoint=URL, model="m", at=NOW, mode=mode, chat=fine, triage=judged)


def test_each_writer_keeps_what_the_others_learned(tmp_path: Path) -> None:
    """Probe, endpoint and disclosure write one file; none may undo another's line."""
    keep_told(tmp_path, URL, "m", NOW)
    keep_fitness(tmp_path, fitness(triage=False))
    keep_mode(tmp_path, URL, "m", "tool")

    record = read_record(tmp_path, URL, "m")

    assert record.told_at == NOW
    assert record.fitness == fitness(triage=False)
    assert record.learned == "tool"


def test_the_mode_of_a_probe_wins_over_one_that_happened_to_work(tmp_path: Path) -> None:
    """A probe tried every mode several times; a case tried until one worked."""
    keep_mode(tmp_path, URL, "m", "json")
    assert read_record(tmp_path, URL, "m").mode == "json"

    keep_fitness(tmp_path, fitness("json_schema"))
    assert read_record(tmp_path, URL, "m").mode == "json_schema"

    keep_fitness(tmp_path, fitness(None))
    assert read_record(tmp_path, URL, "m").mode == "json"


def test_another_model_or_endpoint_is_not_judged_by_this_one(tmp_path: Path) -> None:
    """A fit model at one place says nothing about the same name elsewhere."""
    keep_fitness(tmp_path, fitness())

    assert read_record(tmp_path, URL, "other").fitness is None
    assert read_record(tmp_path, "http://elsewhere/v1", "m").fitness is None


def test_writers_at_the_same_moment_all_keep_their_line(tmp_path: Path) -> None:
    """Several cases of several models learn at once."""
    names = [f"m{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: keep_mode(tmp_path, URL, name, "tool"), names))

    assert {read_record(tmp_path, URL, name).learned for name in names} == {"tool"}


def test_a_broken_file_is_an_error_that_names_the_way_out(tmp_path: Path) -> None:
    """An unfit model must not become an unprobed one because a file was damaged."""
    (tmp_path / FILE).write_text('{"models": [{"endpoint"')

    with pytest.raises(ModelRecordError, match="mcpsoc model probe"):
        read_record(tmp_path, URL, "m")


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It names the endpoints of the SOC."""
    keep_mode(tmp_path, URL, "m", "tool")

    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_remark_is_told_with_its_values() -> None:
    """Reasons are stored as templates so that a reader of either language gets them."""
    assert Remark(template="{passed} of {total}", values={"passed": 1, "total": 3}).told() == "1 of 3"
