"""What the tools ask of an engine, whichever it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from servers.antivirus.models import Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """What an engine says of one content."""

    verdict: Verdict
    signature: str | None = None
    why: str = ""
    """Why it is incomplete, where no signature says so."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a hash."""

    known: Literal["malicious", "suspicious", "allowed"]
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Status:
    """An engine and its signatures."""

    engine: str
    version: str
    signatures_at: datetime | None
    signatures: int | None = None
    queue: int | None = None
    blind: str = ""
    """What the engine calls clean without having looked at it, and what mends that."""


class Engine(Protocol):
    """Looks at bytes."""

    def scan(self, data: bytes) -> Finding:
        """What is in them. Raises: ToolError when the engine cannot say: never clean for want of an answer."""

    def status(self) -> Status:
        """Version and signatures. Raises: ToolError when the engine cannot be reached."""


class HashList(Protocol):
    """Knows files by their hash."""

    def lookup(self, digest: str) -> Known | None:
        """What is known of an MD5, SHA-1 or SHA-256 in lower-case hex. Raises: ToolError."""


class Reloading(Protocol):
    """An engine that reads its signatures anew when told."""

    def reload(self) -> None:
        """Start it. Raises: ToolError."""
