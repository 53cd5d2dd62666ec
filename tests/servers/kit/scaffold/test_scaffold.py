"""A new server passes its own tests before anybody has touched it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers.errors import ConfigurationError
from servers.kit.scaffold import scaffold

NEW = """
import pathlib, sys
from servers.kit.scaffold import scaffold
print(scaffold(sys.argv[1], pathlib.Path(sys.argv[2])).folder)
"""
FULL = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
{NEW}"""
"""The same on a disk that is full after a few small files."""


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MCPSOC_", "PYTEST_", "COV_"))}
    variables = {**kept, "MCPSOC_HOME": str(cwd / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=variables, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    "name", ["x", "Watch", "two words", "../up", "class", "firewall", "json", "a__b", "a_", "w" * 21, "1st"]
)
def test_name_that_cannot_be_a_server_is_refused(name: str, tmp_path: Path) -> None:
    """It becomes a module, the start of tool names and a part of settings."""
    with pytest.raises(ConfigurationError):
        scaffold(name, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    """A second try must not undo somebody's work."""
    (tmp_path / "watchlist").mkdir()

    with pytest.raises(ConfigurationError, match="there already"):
        scaffold("watchlist", tmp_path)


def test_server_that_cannot_be_written_whole_is_not_there(tmp_path: Path) -> None:
    """Half a package stands in the way of the next try, and looks like a whole one."""
    done = python("-c", FULL, "watch_list", str(tmp_path), cwd=tmp_path)

    assert "ConfigurationError" in done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert [path for path in tmp_path.iterdir() if path.name != "home"] == []


@pytest.mark.thorough
def test_new_server_passes_its_tests_and_conforms(tmp_path: Path) -> None:
    """Its own tests examine it, call it over stdio and hold its page; all of them pass as they are."""
    made = python("-c", NEW, "watch_list", str(tmp_path), cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    folder = Path(made.stdout.strip())

    done = python("-W", "error", "-m", "pytest", "-p", "no:cacheprovider", cwd=folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


@pytest.mark.thorough
def test_examination_of_a_new_server_is_one_that_can_fail(tmp_path: Path) -> None:
    """A field of which nobody says who wrote it is noticed: the tests that come along are no decoration."""
    assert python("-c", NEW, "watch_list", str(tmp_path), cwd=tmp_path).returncode == 0
    folder = tmp_path / "watch_list"
    models = folder / "watch_list" / "models.py"
    text = models.read_text(encoding="utf-8")
    models.write_text(text.replace("note: Annotated[str, T2]", "note: str"), encoding="utf-8")

    done = python("-m", "pytest", "-p", "no:cacheprovider", "-k", "conforms", cwd=folder)

    assert done.returncode == 1
    assert "nobody says who wrote" in done.stdout
