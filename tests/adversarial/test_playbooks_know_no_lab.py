"""What is measured on the lab means something only while nothing in the analyst knows the lab."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.labs import lab_at

ROOT = Path(__file__).parents[2]
ANALYST = [path for folder in ("playbooks", "likelihood", "intake") for path in ROOT.glob(f"agent/{folder}/*.yaml")]
NAMES = {
    "hosts": "SELECT name FROM hosts UNION SELECT id FROM hosts UNION SELECT ip FROM hosts",
    "accounts": "SELECT name FROM accounts WHERE kind != 'admin' OR length(name) > 8",
    "addresses": "SELECT ip FROM addresses",
    "domains": "SELECT domain FROM known_domains UNION SELECT indicator FROM intel",
    "files": "SELECT sha256 FROM known_files",
    "register entries": "SELECT id FROM work",
    "alerts": "SELECT id FROM alerts UNION SELECT title FROM alerts",
    "stories": "SELECT id FROM stories",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Every name of a lab with every story, by what it names."""
    path = lab_at(tmp_path_factory.mktemp("names") / "lab.db", 11)
    with closing(sqlite3.connect(path)) as lab:
        return {what: [str(row[0]) for row in lab.execute(query)] for what, query in NAMES.items()}


@pytest.mark.parametrize("what", NAMES)
def test_playbooks_and_weights_name_nothing_of_the_lab(names: dict[str, list[str]], what: str) -> None:
    """A playbook that matches a lab host, id or rule title would measure itself."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in ANALYST).lower()
    words = set(re.findall(r"[\w.:-]+", text))
    known = {name.lower() for name in names[what]}
    assert known
    assert not {name for name in known if name in words or (" " in name and name in text)}
