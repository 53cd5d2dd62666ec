"""What can stand behind the endpoint server. Each part that a product lacks is a tool that is not there.

embedded.py   the simulated enterprise        local/   the machine this server runs on
wazuh/        a manager of agents, with tools of its own
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from servers.endpoint.models import (
    Collected,
    Connections,
    FileFacts,
    Files,
    Killed,
    Logons,
    OneHost,
    Processes,
    QueryResult,
    Sightings,
)
from servers.kit import Plan, Reply


class Hosts(Protocol):
    """The machines with an agent. Raises: ToolError, NotFoundError."""

    def get(self, host: str, start: datetime | None, end: datetime | None) -> Reply[OneHost]:
        """One host and its agent over a window, the last hour when none is given."""


class ProcessLog(Protocol):
    """What ran. Raises: ToolError."""

    def tree(
        self, host: str, process_id: str, at: datetime, minutes: int, limit: int, cursor: str | None
    ) -> Reply[Processes]:
        """A process with ancestors and descendants, within `minutes` of `at`."""


class ConnectionLog(Protocol):
    """What talked to whom. Raises: ToolError."""

    def search(
        self, host: str, start: datetime, end: datetime, process_id: str | None, limit: int, cursor: str | None
    ) -> Reply[Connections]:
        """Connections of a host; of one process when given."""


class LogonLog(Protocol):
    """Who logged on. Raises: ToolError."""

    def search(self, host: str, start: datetime, end: datetime, limit: int, cursor: str | None) -> Reply[Logons]:
        """Logons on a host, earliest first."""


@dataclass(frozen=True, slots=True)
class FileQuery:
    """Which file events of a host are asked for, and which page of them."""

    host: str
    start: datetime
    end: datetime
    sha256: str | None
    path_prefix: str | None
    limit: int
    cursor: str | None


class FileLog(Protocol):
    """What happened to files. Raises: ToolError."""

    def search(self, wanted: FileQuery) -> Reply[Files]:
        """File events of a host; of one hash or below one path when given."""


class FileIndex(Protocol):
    """Where a file is in the whole estate. Raises: ToolError."""

    def find(self, sha256: str, limit: int, cursor: str | None) -> Reply[Sightings]:
        """Every host and path of a hash."""


class Tables(Protocol):
    """Questions in SQL. Raises: ToolError."""

    def query(self, sql: str, limit: int, cursor: str | None) -> Reply[QueryResult]:
        """The answer to one SELECT."""


class FileLook(Protocol):
    """Files as they are now. Raises: ToolError, NotFoundError."""

    def facts(self, path: str) -> Reply[FileFacts]:
        """One file, by its content and its owner."""


class Isolation(Protocol):
    """Cutting hosts off. Raises: ToolError."""

    def plan(self, host: str) -> Plan:
        """Whom it would cut off, without the undo."""

    def isolate(self, host: str) -> None:
        """Cut a host off but for its management channel."""

    def release(self, host: str) -> bool:
        """Open it again; False when it was not isolated."""

    def isolated(self, host: str) -> bool:
        """Whether it is cut off now."""


class Quarantine(Protocol):
    """Keeping a file from running anywhere. Raises: ToolError."""

    def plan(self, sha256: str) -> Plan:
        """Where the file is that could not run any longer, without the undo."""

    def quarantine(self, sha256: str) -> None:
        """Keep it from running."""

    def restore(self, sha256: str) -> bool:
        """Let it run again; False when it was free."""

    def quarantined(self, sha256: str) -> bool:
        """Whether it may not run now."""


class Killing(Protocol):
    """Ending processes. Raises: ToolError, NotFoundError."""

    def plan(self, host: str, pid: int, started: datetime) -> Plan:
        """Which process would end, and what forbids it."""

    def kill(self, host: str, pid: int, started: datetime) -> Reply[Killed]:
        """End exactly the process that started then."""

    def gone(self, host: str, pid: int, started: datetime) -> bool:
        """Whether it does not run any longer."""


class Collecting(Protocol):
    """Keeping files as evidence. Raises: ToolError, NotFoundError."""

    def plan(self, path: str) -> Plan:
        """What would be copied."""

    def collect(self, path: str, reason: str) -> Reply[Collected]:
        """Copy a file with its hash and a manifest."""

    def collected(self, path: str) -> bool:
        """Whether an unchanged copy of the file as it is now is held."""


@dataclass(frozen=True, slots=True)
class EndpointBackend:
    """One product behind the endpoint server."""

    product: str
    probe: Callable[[], str]
    """What is behind, in one line. Raises: ToolError when it cannot be reached."""
    now: Callable[[], datetime]
    hosts: Hosts
    processes: ProcessLog | None = None
    connections: ConnectionLog | None = None
    logons: LogonLog | None = None
    files: FileLog | None = None
    index: FileIndex | None = None
    tables: Tables | None = None
    look: FileLook | None = None
    isolation: Isolation | None = None
    quarantine: Quarantine | None = None
    killing: Killing | None = None
    collecting: Collecting | None = None
    needs: str = ""
    """The least privilege it works with."""
