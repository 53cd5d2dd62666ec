"""A command line to run, shared by the tests of ui."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-c", "from ui.cli import main; main()")


@dataclass(frozen=True)
class CommandLine:
    """`mcpsoc` with a home of its own, in English."""

    folder: Path
    """Where it is run; its home is `home` in there."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def __call__(self, *arguments: str, stdin: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            env=self.variables(**extra),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

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


@pytest.fixture
def run(tmp_path: Path) -> CommandLine:
    """A command line that has never been used."""
    return CommandLine(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line whose home all tests of a module share."""
    return CommandLine(tmp_path_factory.mktemp("shared"))
