"""The same seed gives the same lab, in any process, and one story more moves nothing of another."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from servers.lab.world import Lab
from tests.labs import lab_at

PROGRAM = """
import hashlib, sys
from pathlib import Path
from servers.lab.world import Lab
with Lab.create(Path(sys.argv[1]), int(sys.argv[2])) as lab:
    print(hashlib.sha256(b"".join(lab.export())).hexdigest())
"""

FEW = [("phishing_macro", "attack"), ("web_shell", "sensor_blind")]


def sha256(lines: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(lines)).hexdigest()


@pytest.mark.thorough
def test_another_process_builds_the_same_lab(full: Lab, exported: list[bytes], tmp_path: Path) -> None:
    """Hash randomisation, time and file names must not reach a record."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "other.db"), str(full.seed)]
    other = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": "4711"}
    )

    assert other.stdout.strip() == sha256(exported)


def test_fewer_stories_leave_everything_else_as_it_was(full: Lab, tmp_path: Path) -> None:
    """A demo of a few stories and an eval of all of them must show the same enterprise and the same stories."""
    with Lab.open(lab_at(tmp_path / "few.db", full.seed, FEW)) as few:
        ours = {row[0] for row in few.db.execute("SELECT id FROM events")}
        theirs = dict(full.db.execute("SELECT id, fields FROM events"))
        alerts = few.db.execute("SELECT id, fields FROM alerts ORDER BY id").fetchall()

        missing = [event for event in ours if event not in theirs]

        assert len(alerts) == len(FEW)
        assert set(alerts) <= set(full.db.execute("SELECT id, fields FROM alerts"))
        # what the full lab lacks is only what its own blind and silenced sensors did not see
        gaps = set(full.db.execute("SELECT sensor, host FROM coverage WHERE state <> 'up'"))
        where = "SELECT source, host FROM events WHERE id IN (SELECT value FROM json_each(?))"
        assert set(few.db.execute(where, (json.dumps(missing),))) <= gaps


def test_another_seed_is_another_lab(full: Lab, tmp_path: Path) -> None:
    """Seeds never used in development have to be new ground."""
    with Lab.open(lab_at(tmp_path / "other.db", full.seed + 4)) as other:
        names = "SELECT name FROM people ORDER BY id"
        assert other.db.execute(names).fetchall() != full.db.execute(names).fetchall()
        assert {row[0] for row in other.db.execute("SELECT id FROM alerts")}.isdisjoint(
            row[0] for row in full.db.execute("SELECT id FROM alerts")
        )
