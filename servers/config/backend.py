"""What the tools ask of a configuration system, and what one run of it comes to."""

import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

from pydantic import JsonValue

from knowledge.trust.masking import mask_secrets
from servers.errors import NotFoundError, ToolError

Outcome: TypeAlias = Literal["differs", "failed", "unreachable"]
MOST_DIFFERENCE: Final = 2_000
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Runs of heavy programs, over all servers of a process."""
_WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """One task or resource that is not as declared."""

    host: str
    what: str
    outcome: Outcome
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run over all hosts, with what it found or did."""

    results: Sequence[Result]
    looked_at: int | None
    """Tasks; None where that is not told."""
    hosts: int

    @property
    def differs(self) -> int:
        """Tasks or resources that differ, or were changed."""
        return sum(result.outcome == "differs" for result in self.results)

    @property
    def failed(self) -> int:
        """Tasks that failed and hosts that were not reached."""
        return len(self.results) - self.differs


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a host."""

    name: str
    value: str


class Inventory(Protocol):
    """Whoever knows facts of hosts. Raises: ToolError."""

    def facts(self, host: str) -> Sequence[Fact]:
        """All there are, by name. Raises: NotFoundError for a host nobody knows facts of."""
        ...

    def probe(self) -> str:
        """What is behind it, in one line."""
        ...


class Checker(Protocol):
    """Whoever compares machines with what is declared."""

    def check(self, path: Path) -> Run:
        """Compare; nothing is changed. Raises: ToolError."""
        ...


def flat(value: JsonValue, name: str = "") -> Iterator[Fact]:
    """Facts from a tree: names joined by dots, secrets masked."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value):
            yield from flat(inner, f"{name}.{number}")
    else:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield Fact(name, mask_secrets(shown[:MOST_DIFFERENCE]))


def own(host: str, name: str) -> None:
    """Raises: NotFoundError for any host but this machine."""
    if host.lower() not in ("localhost", name.lower(), name.partition(".")[0].lower()):
        raise NotFoundError("facts are read of this machine alone", "give localhost")


def safe(path: Path) -> None:
    """Raises: ToolError for a file that is none, or that somebody else could have written."""
    try:
        for each in (path, path.parent):
            found = each.lstat()
            if stat.S_ISLNK(found.st_mode) and each == path:
                raise ToolError("symbolic_link", "it is a symbolic link", "put the file itself into the folder")
            if each.stat().st_mode & stat.S_IWOTH:
                raise ToolError("unsafe", "others can write to it or its folder", "chmod o-w")
        if not path.is_file():
            raise ToolError("not_a_file", "it is no file", "look at MCPSOC_CONFIG_FOLDER")
    except OSError:
        raise ToolError("unreachable", "the folder does not have it", "look at MCPSOC_CONFIG_FOLDER") from None


@contextmanager
def turn() -> Iterator[None]:
    """Two heavy programs at once and no more. Raises: ToolError(busy)."""
    if not _AT_ONCE.acquire(timeout=_WAIT_S):
        raise ToolError("busy", "two checks are running already", "ask again in a few seconds")
    try:
        yield
    finally:
        _AT_ONCE.release()
