"""Where the files of one MCPSOC_HOME lie."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of everything written at run time. Nothing is made here before a command needs it."""

    root: Path

    @property
    def cases(self) -> Path:
        return self.root / "cases.db"

    @property
    def cases_url(self) -> str:
        """SQLAlchemy URL of the case store."""
        return f"sqlite:///{self.cases}"

    @property
    def audit(self) -> Path:
        return self.root / "audit.db"

    @property
    def work(self) -> Path:
        """Alerts that were accepted, and what became of them."""
        return self.root / "work.db"

    @property
    def logs(self) -> Path:
        """What the processes of `mcpsoc ui` have to say."""
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def export_key(self) -> Path:
        return self.keys / "export.key"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def demo(self) -> "Home":
        """The home of `mcpsoc demo`, apart from everything else."""
        return Home(self.root / "demo")

    def make(self) -> "Home":
        """Create the folder, readable by its owner alone, and return itself."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self


def replace_text(path: Path, text: str) -> None:
    """Write a file of the owner's own at once: a reader sees the old text or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
