"""What the reputation server answers: each source's own numbers with their age, and one verdict beside them."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from servers.kit import T0, T1, T2, Output

Verdict: TypeAlias = Literal["malicious", "suspicious", "clean", "unknown"]
State: TypeAlias = Literal["answered", "unknown", "not_asked", "failed"]


class SourceSaid(Output):
    """What one source says."""

    source: Annotated[str, T0]
    """A list's file, or the service."""
    state: Annotated[State, T1]
    """unknown: it was asked and has no record; not_asked: the value does not leave, or it is not its kind."""
    why: Annotated[str | None, T1] = None
    """Why it was not asked or failed, what of it could not be read, or how old it is."""
    stale: Annotated[bool, T1] = False
    """A list that is too old to hold what was found since."""
    verdict: Annotated[Verdict, T1]
    malicious: Annotated[int | None, T1] = None
    """Engines that say malicious (VirusTotal)."""
    suspicious: Annotated[int | None, T1] = None
    engines: Annotated[int | None, T1] = None
    """Engines that looked."""
    score: Annotated[int | None, T1] = None
    """0 to 100: abuse confidence (AbuseIPDB), or a feed's confidence."""
    reports: Annotated[int | None, T1] = None
    """Reports it counted."""
    entry: Annotated[str | None, T2] = None
    """What of a list matched."""
    labels: Annotated[list[str], T2] = []
    """Tags, usage and owner as the source calls them."""
    as_of: Annotated[str | None, T1] = None
    """When the source last looked or was written; left out where it does not tell."""


class Reputation(Output):
    """One value over all sources."""

    rows: ClassVar[str | None] = "sources"
    value: Annotated[str, T1]
    """As it was asked for: without query, fragment and credentials of a URL."""
    verdict: Annotated[Verdict, T1]
    rule: Annotated[str, T1]
    """How the verdict came about."""
    complete: Annotated[bool, T1]
    """False: a source that could have known was not asked, failed or is stale."""
    sources: list[SourceSaid]


class Quota(Output):
    """Calls that one service may still be asked."""

    source: Annotated[str, T0]
    per_day: Annotated[int, T0]
    used_today: Annotated[int, T1]
    """Calls of this server since midnight UTC, restarts included."""
    left: Annotated[int, T1]
    blocked_until: Annotated[str | None, T1] = None
    """The service told us to wait."""


class Quotas(Output):
    """All services that are asked."""

    rows: ClassVar[str | None] = "services"
    services: list[Quota]
