"""What the antivirus answers, each field with who wrote it. Names of files are outside text."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, T2, Output

Verdict = Literal["infected", "clean", "incomplete"]
"""`incomplete`: the engine did not look at everything (its limits, or an encrypted part), or is not set to say so of
an archive, which is not clean."""


class Scan(Output):
    """What one engine says of one content."""

    path: Annotated[str | None, T2] = None
    sha256: Annotated[str, T1]
    size: Annotated[int, T1]
    verdict: Annotated[Verdict, T1]
    signature: Annotated[str | None, T1] = None
    """Name of what matched."""


class Unscanned(Output):
    """Files that were not looked at for one reason."""

    reason: Annotated[str, T1]
    files: Annotated[int, T1]


class DirectoryScan(Output):
    """Infected and incompletely scanned files of a folder, and how many were looked at."""

    rows: ClassVar[str | None] = "found"
    found: list[Scan]
    scanned: Annotated[int, T1]
    infected: Annotated[int, T1]
    incomplete: Annotated[int, T1]
    unscanned: list[Unscanned]


class HashFinding(Output):
    """What is known of a file by its hash alone."""

    digest: Annotated[str, T1]
    known: Annotated[Literal["malicious", "suspicious", "allowed"], T1]
    name: Annotated[str, T1]
    """The signature, the feed, or who registered it."""
    source: Annotated[str, T1]


class EngineStatus(Output):
    """The engine and how old its signatures are."""

    engine: Annotated[str, T1]
    version: Annotated[str, T1]
    signatures_at: Annotated[str | None, T1] = None
    """When they were made; absent when the engine does not say."""
    age_hours: Annotated[float | None, T1] = None
    signatures: Annotated[int | None, T1] = None
    """How many, where it is known."""
    old: Annotated[bool | None, T1] = None
    warning: Annotated[str | None, T1] = None
    queue: Annotated[int | None, T1] = None
    """Scans that wait."""


class Held(Output):
    """One file in quarantine."""

    quarantine_id: Annotated[str, T1]
    sha256: Annotated[str, T1]
    size: Annotated[int, T1]
    since: Annotated[str, T1]
    path: Annotated[str, T2]
    """Where it was."""
    reason: Annotated[str, T2]


class Quarantine(Output):
    """What is held, latest first."""

    rows: ClassVar[str | None] = "held"
    held: list[Held]


class Moved(Output):
    """What became of a file."""

    quarantine_id: Annotated[str, T1]
    sha256: Annotated[str, T1]
    path: Annotated[str, T2]
    change: Annotated[Literal["quarantined", "restored"], T1]


class Reloaded(Output):
    """What the engine answered."""

    engine: Annotated[str, T0]
    change: Annotated[Literal["reloading"], T1]
