"""The tools that look: hosts, processes, connections, logons, files, and questions in SQL."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from servers.embedded import Name, Sha256
from servers.endpoint.backend import (
    ConnectionLog,
    FileIndex,
    FileLog,
    FileLook,
    FileQuery,
    Hosts,
    LogonLog,
    ProcessLog,
    Tables,
)
from servers.endpoint.models import (
    Connections,
    FileFacts,
    Files,
    Logons,
    OneHost,
    Processes,
    QueryResult,
    Sightings,
)
from servers.folders import FilePath
from servers.kit import Cursor, Limit, Reply, Time

Minutes = Annotated[int, Field(ge=1, le=10_080)]
PathPrefix = Annotated[str, Field(min_length=1, max_length=500)]
Sql = Annotated[str, Field(min_length=8, max_length=2_000)]
"""One SELECT."""


@dataclass(frozen=True, slots=True)
class HostReads:
    """What is known of a host."""

    hosts: Hosts

    def endpoint_get_host(self, host: Name, start: Time | None = None, end: Time | None = None) -> Reply[OneHost]:
        """One host (by name, id or address), whether it is isolated now (the read-back), and its agent over a window
        (default: the last hour): whether it reported, when it stopped and what stopped it."""
        return self.hosts.get(host, start, end)


@dataclass(frozen=True, slots=True)
class ProcessReads:
    """What ran."""

    processes: ProcessLog

    def endpoint_process_tree(
        self, host: Name, process_id: Name, at: Time, minutes: Minutes = 60, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Processes]:
        """A process with its ancestors (depth < 0) and descendants (depth > 0), within `minutes` of `at`.

        process_id: process.entity_id, or the executable's path or sha256."""
        return self.processes.tree(host, process_id, at, minutes, limit, cursor)


@dataclass(frozen=True, slots=True)
class ConnectionReads:
    """What talked to whom."""

    connections: ConnectionLog

    def endpoint_list_connections(
        self,
        host: Name,
        start: Time,
        end: Time,
        process_id: Name | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Connections]:
        """Network connections of a host with the process that made them; of one process.entity_id when given."""
        return self.connections.search(host, start, end, process_id, limit, cursor)


@dataclass(frozen=True, slots=True)
class LogonReads:
    """Who logged on."""

    logons: LogonLog

    def endpoint_list_logons(
        self, host: Name, start: Time, end: Time, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Logons]:
        """Logons on a host as its agent saw them, earliest first."""
        return self.logons.search(host, start, end, limit, cursor)


@dataclass(frozen=True, slots=True)
class FileReads:
    """What happened to files."""

    files: FileLog

    def endpoint_list_files(
        self,
        host: Name,
        start: Time,
        end: Time,
        sha256: Sha256 | None = None,
        path_prefix: PathPrefix | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Files]:
        """File events of a host (created, written, renamed, deleted); of one hash or below one path when given."""
        return self.files.search(FileQuery(host, start, end, sha256, path_prefix, limit, cursor))


@dataclass(frozen=True, slots=True)
class IndexReads:
    """Files of the whole estate."""

    index: FileIndex

    def endpoint_find_file(self, sha256: Sha256, limit: Limit = 20, cursor: Cursor = None) -> Reply[Sightings]:
        """Every host and path where any sensor saw a file, since when, if it ran; and if it is quarantined."""
        return self.index.find(sha256, limit, cursor)


@dataclass(frozen=True, slots=True)
class TableReads:
    """Questions in SQL."""

    tables: Tables

    def endpoint_query(self, sql: Sql, limit: Limit = 20, cursor: Cursor = None) -> Reply[QueryResult]:
        """One SELECT over tables of this machine, named as in osquery: processes, process_open_sockets,
        listening_ports, users, groups, user_groups, logged_in_users, last, crontab, kernel_modules, os_version, and
        from the audit log process_events, process_file_events. No host argument: it is this machine."""
        return self.tables.query(sql, limit, cursor)


@dataclass(frozen=True, slots=True)
class LookReads:
    """Files as they are now."""

    look: FileLook

    def endpoint_file_info(self, path: FilePath) -> Reply[FileFacts]:
        """One file of this machine below the opened folders: sha256, size, times, owner, mode. It is never run."""
        return self.look.facts(path)
