"""What the endpoint agent recorded: processes and their ancestry, logons, connections, files."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection

from servers.lab.queries.events import Page, search_events
from servers.lab.records import JsonObject, to_ms


@dataclass(frozen=True, slots=True)
class ProcessNode:
    """One process start; `depth` 0 is the process asked for, negative its ancestors, positive its descendants."""

    depth: int
    event: JsonObject


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file on a host: where, since when, and whether it ever ran there."""

    host: str
    path: str | None
    first: str
    executed: bool


def process_tree(
    db: Connection, *, host: str, process: str, at: datetime, minutes: int = 60, limit: int = 50
) -> tuple[ProcessNode, ...]:
    """The process, its ancestors and its descendants on a host within `minutes` of a time.

    `process` is an entity id, an executable path or a sha256; empty when the agent recorded no such process start."""
    around = timedelta(minutes=minutes)
    starts = _starts(db, host, to_ms(at - around), to_ms(at + around))
    roots = [event for event in starts if process.lower() in _names(event)]
    by_id = {str(event.get("process.entity_id")): event for event in starts}
    nodes: dict[str, ProcessNode] = {}
    for root in roots:
        _add(nodes, root, 0)
        _ancestors(nodes, by_id, root)
        _descendants(nodes, starts, root, 1)
    ordered = sorted(nodes.values(), key=lambda node: (str(node.event["@timestamp"]), str(node.event["event.id"])))
    return tuple(ordered[:limit])


def _starts(db: Connection, host: str, start: int, end: int) -> list[JsonObject]:
    sql = """SELECT fields FROM events WHERE host = ? AND time BETWEEN ? AND ? AND +source = 'edr'
             AND +category = 'process' AND action = 'start' ORDER BY time, id"""
    return [json.loads(row[0]) for row in db.execute(sql, (host, start, end))]


def _names(event: JsonObject) -> set[str]:
    fields = ("process.entity_id", "process.executable", "process.hash.sha256", "event.id")
    return {str(event[field]).lower() for field in fields if field in event}


def _add(nodes: dict[str, ProcessNode], event: JsonObject, depth: int) -> bool:
    key = str(event["process.entity_id"])
    if key in nodes:
        return False
    nodes[key] = ProcessNode(depth, event)
    return True


def _ancestors(nodes: dict[str, ProcessNode], by_id: dict[str, JsonObject], child: JsonObject) -> None:
    depth = -1
    parent = by_id.get(str(child.get("process.parent.entity_id")))
    while parent is not None and _add(nodes, parent, depth):
        depth -= 1
        parent = by_id.get(str(parent.get("process.parent.entity_id")))


def _descendants(nodes: dict[str, ProcessNode], starts: Iterable[JsonObject], parent: JsonObject, depth: int) -> None:
    for event in starts:
        if event.get("process.parent.entity_id") == parent["process.entity_id"] and _add(nodes, event, depth):
            _descendants(nodes, starts, event, depth + 1)


def list_connections(
    db: Connection,
    *,
    host: str,
    start: datetime,
    end: datetime,
    process_id: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page:
    """Network connections with the process that made them, as the agent saw them. `process_id` is an entity id."""
    filters = {"host.name": host} | ({} if process_id is None else {"process.entity_id": process_id})
    return search_events(
        db, start=start, end=end, filters=filters, category="network", source="edr", limit=limit, cursor=cursor
    )


def list_logons(
    db: Connection, *, host: str, start: datetime, end: datetime, limit: int = 20, cursor: str | None = None
) -> Page:
    """Logons on a host as its agent saw them (category `authentication`, source `edr`)."""
    return search_events(
        db,
        start=start,
        end=end,
        filters={"host.name": host},
        category="authentication",
        source="edr",
        limit=limit,
        cursor=cursor,
    )


def list_files(
    db: Connection,
    *,
    host: str,
    start: datetime,
    end: datetime,
    sha256: str | None = None,
    path_prefix: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page:
    """File events of a host as its agent saw them; a path prefix is compared with its letter case."""
    filters = {"host.name": host}
    if sha256 is not None:
        filters["file.hash.sha256"] = sha256.lower()
    if path_prefix is not None:
        filters["file.path"] = f"{path_prefix}*"
    return search_events(
        db, start=start, end=end, filters=filters, category="file", source="edr", limit=limit, cursor=cursor
    )


def find_file(db: Connection, sha256: str, limit: int = 50) -> tuple[Sighting, ...]:
    """Every host and path a file was seen at by any sensor, as file or as running process, earliest first."""
    wanted = sha256.lower()
    seen: dict[tuple[str, str | None], Sighting] = {}
    sql = """SELECT e.host, json_extract(e.fields, ?), json_extract(e.fields, '$."@timestamp"'), e.action, e.category
             FROM terms t JOIN events e ON e.seq = t.seq
             WHERE t.field = ? AND t.value = ? AND e.host IS NOT NULL ORDER BY e.time, e.id"""
    for path_field, field in (("process.executable", "process.hash.sha256"), ("file.path", "file.hash.sha256")):
        for host, path, time, action, category in db.execute(sql, (f'$."{path_field}"', field, wanted)):
            ran = field == "process.hash.sha256" and category == "process" and action == "start"
            before = seen.get((host, path))
            first = time if before is None else min(before.first, time)
            seen[host, path] = Sighting(host, path, first, ran or (before is not None and before.executed))
    return tuple(sorted(seen.values(), key=lambda s: (s.first, s.host, s.path or ""))[:limit])
