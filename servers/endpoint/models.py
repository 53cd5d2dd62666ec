"""What the endpoint agents answer, each field with who wrote it."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from servers.kit import PROTECTED_PATH, T0, T1, T2, Output
from servers.kit.ecs import Event, Process

Cell: TypeAlias = str | int | float | None
"""One value of a table."""
ColumnName = Annotated[str, Field(max_length=200)]
"""A column, as whoever asked called it."""


class Host(Output):
    """One host as the endpoint management knows it."""

    id: Annotated[str, T0]
    name: Annotated[str, T0]
    ip: Annotated[str, T0]
    os: Annotated[str, T0]
    kind: Annotated[str, T0]
    zone: Annotated[str, T0]
    criticality: Annotated[str, T0]
    agent_installed: Annotated[bool, T0]
    isolated: Annotated[bool, T1]
    isolated_since: Annotated[str | None, T1] = None


class Agent(Output):
    """Whether the agent of a host reported over a window."""

    state: Annotated[Literal["covered", "partial", "silent", "down", "not_deployed"], T1]
    last_seen: Annotated[str | None, T1] = None
    stopped_at: Annotated[str | None, T1] = None
    stopped_by: Annotated[str | None, PROTECTED_PATH] = None
    """Program that stopped the agent, where that was recorded."""


class OneHost(Output):
    """One host and its agent."""

    host: Host
    agent: Agent


class Processes(Output):
    """A process tree in order of time."""

    rows: ClassVar[str | None] = "processes"
    processes: list[Process]


class Connections(Output):
    """Connections in order of time."""

    rows: ClassVar[str | None] = "connections"
    connections: list[Event]


class Logons(Output):
    """Logons in order of time."""

    rows: ClassVar[str | None] = "logons"
    logons: list[Event]


class Files(Output):
    """File events in order of time."""

    rows: ClassVar[str | None] = "files"
    files: list[Event]


class Sighting(Output):
    """A file on a host."""

    host: Annotated[str, T1]
    path: Annotated[str | None, PROTECTED_PATH] = None
    first: Annotated[str, T1]
    executed: Annotated[bool, T1]


class Sightings(Output):
    """Where a file was seen."""

    rows: ClassVar[str | None] = "sightings"
    sightings: list[Sighting]
    quarantined: Annotated[bool, T1]


class Changed(Output):
    """What the agents were told; endpoint_get_host and endpoint_find_file read back whether it holds."""

    target: Annotated[str, T0]
    change: Annotated[Literal["isolated", "released", "quarantined", "restored", "was not contained"], T1]


class QueryResult(Output):
    """The answer to a question in SQL. What a query made of the values is nobody's attestation."""

    rows: ClassVar[str | None] = "values"
    columns: Annotated[list[ColumnName], Field(max_length=100), T2]
    values: Annotated[list[list[Cell]], T2]
    """One list a row, in the order of the columns."""


class FileFacts(Output):
    """One file as it is now."""

    path: Annotated[str, T2]
    size: Annotated[int, T1]
    """In bytes."""
    sha256: Annotated[str, T1]
    modified: Annotated[str, T1]
    """Whoever may write the file can set this time."""
    changed: Annotated[str, T1]
    """When content, owner or mode last changed, as the kernel noted it."""
    mode: Annotated[str, T1]
    """As ls writes it, such as -rwsr-xr-x."""
    uid: Annotated[int, T1]
    gid: Annotated[int, T1]
    owner: Annotated[str | None, T1] = None
    links: Annotated[int, T1]
    """Names it has."""
    kind: Annotated[str, T1]
    """By its first bytes, such as ELF, script or zip; data where they say nothing."""


class HostChanged(Output):
    """What the host was told; endpoint_get_host reads back whether it holds."""

    target: Annotated[str, T1]
    change: Annotated[Literal["isolated", "released", "was not contained"], T1]


class Killed(Output):
    """A process that was ended."""

    pid: Annotated[int, T1]
    started: Annotated[str, T1]
    change: Annotated[Literal["killed", "still ending"], T1]


class Collected(Output):
    """A copy that is held as evidence."""

    evidence_id: Annotated[str, T1]
    sha256: Annotated[str, T1]
    size: Annotated[int, T1]
    """In bytes."""
    kept_in: Annotated[str, T0]
    """Folder of the copy and its manifest."""
