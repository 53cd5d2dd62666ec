"""What a run must not leave behind: files, processes, secrets in the log."""

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


class _Kept(logging.Handler):
    """Keeps every line as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Format and keep; a record that cannot be formatted is kept raw."""
        self.lines.append(self.format(record))


@dataclass
class Traces:
    """A folder nothing may be written to, and what was logged meanwhile."""

    trap: Path
    children: frozenset[int]
    lines: list[str] = field(default_factory=list)

    def complaints(self, canaries: Sequence[str]) -> Iterator[str]:
        """What was left behind so far."""
        if left := sorted(path.name for path in self.trap.iterdir()):
            yield f"an argument was obeyed: it left {', '.join(left)}"
        if started := children() - self.children:
            yield f"{len(started)} processes were started and still run"
        said = "\n".join(self.lines)
        yield from (f"the log holds canary {n}" for n, canary in enumerate(canaries) if canary in said)


@contextmanager
def watched() -> Iterator[Traces]:
    """Watch files, child processes and the log of everything in this process while the body runs."""
    kept, root = _Kept(), logging.getLogger()
    level = root.level
    with tempfile.TemporaryDirectory(prefix="mcpsoc-trap-") as trap:
        root.addHandler(kept)
        root.setLevel(logging.DEBUG)
        try:
            yield Traces(Path(trap), children(), kept.lines)
        finally:
            root.setLevel(level)
            root.removeHandler(kept)


def children() -> frozenset[int]:
    """Processes this one started and that still run; empty where the system does not tell."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    found: set[int] = set()
    for task in tasks.iterdir() if tasks.is_dir() else ():
        try:
            found.update(int(word) for word in (task / "children").read_text().split())
        except OSError:
            continue
    return frozenset(found)
