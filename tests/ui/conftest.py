"""A command line to run, shared by the tests of ui."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ui.forking import Forking

COMMAND = (sys.executable, "-c", "from ui.cli import main; main()")


@dataclass(frozen=True)
class CommandLine:
    """`mcpsoc` with a home of its own, in English."""

    folder: Path
    """Where it is run; its home is `home` in there."""
    forking: Forking
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def __call__(self, *arguments: str, stdin: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
        """Run to its end."""
        return self.forking.run(arguments, self.variables(**extra), self.folder, stdin)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run in the background, its stdout to be read line by line."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.variables(),
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def variables(self, **extra: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MCPSOC_", "LC_", "LANG"))}
        ours = {"MCPSOC_HOME": str(self.home), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
        return {**kept, **ours, **self.environment, **extra}


@pytest.fixture(scope="session")
def forking() -> Iterator[Forking]:
    """Where commands are forked from."""
    forking = Forking()
    yield forking
    forking.close()


@pytest.fixture
def run(tmp_path: Path, forking: Forking) -> CommandLine:
    """A command line that has never been used."""
    return CommandLine(tmp_path, forking)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, forking: Forking) -> CommandLine:
    """A command line whose home all tests of a module share."""
    return CommandLine(tmp_path_factory.mktemp("shared"), forking)
