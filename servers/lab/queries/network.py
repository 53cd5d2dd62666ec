"""Flows as the firewall logged them, and the blocks in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from sqlite3 import Connection
from statistics import median

from servers.lab.queries.entities import get_host, is_internal
from servers.lab.queries.events import Page, search_events
from servers.lab.records import HOLDS, Containment, ContainmentKind, from_ms, to_ms


@dataclass(frozen=True, slots=True)
class Peer:
    """All flows between one address and one peer port. Bytes as the firewall counted them for the whole flow."""

    address: str
    port: int
    flows: int
    bytes_out: int
    bytes_in: int
    first: datetime
    last: datetime
    median_interval_s: float | None
    internal: bool
    blocked: int
    """How many of the flows were denied."""


def search_flows(
    db: Connection,
    *,
    start: datetime,
    end: datetime,
    source: str | None = None,
    destination: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page:
    """Flows from and to an address or a host name, as events of the source `firewall`."""
    filters = {}
    if source is not None:
        filters["source.ip"] = _address(db, source)
    if destination is not None:
        filters["destination.ip"] = _address(db, destination)
    return search_events(db, start=start, end=end, filters=filters, source="firewall", limit=limit, cursor=cursor)


def summarise_flows(
    db: Connection, *, host_or_ip: str, start: datetime, end: datetime, limit: int = 50
) -> tuple[Peer, ...]:
    """Peers of one address in the window, most bytes first: `bytes_out` leave the address, `bytes_in` reach it."""
    mine = _address(db, host_or_ip)
    sql = """SELECT src_ip, dst_ip, time, outcome, json_extract(fields, '$."network.bytes"'),
             json_extract(fields, '$."destination.port"') FROM events
             WHERE +source = 'firewall' AND time BETWEEN ?2 AND ?3 AND (src_ip = ?1 OR dst_ip = ?1) ORDER BY time"""
    seen: dict[tuple[str, int], list[tuple[int, bool, int, bool]]] = {}
    for src, dst, time, outcome, size, port in db.execute(sql, (mine, to_ms(start), to_ms(end))):
        out = src == mine
        flow = (time, out, int(size or 0), outcome == "failure")
        seen.setdefault((dst if out else src, int(port or 0)), []).append(flow)
    peers = [_peer(db, key, flows) for key, flows in seen.items()]
    return tuple(sorted(peers, key=lambda p: (-(p.bytes_out + p.bytes_in), p.address, p.port))[:limit])


def _peer(db: Connection, key: tuple[str, int], flows: Sequence[tuple[int, bool, int, bool]]) -> Peer:
    times = [time for time, *_ in flows]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return Peer(
        address=key[0],
        port=key[1],
        flows=len(flows),
        bytes_out=sum(size for _, out, size, _ in flows if out),
        bytes_in=sum(size for _, out, size, _ in flows if not out),
        first=from_ms(times[0]),
        last=from_ms(times[-1]),
        median_interval_s=round(median(gaps) / 1000, 1) if gaps else None,
        internal=is_internal(db, key[0]),
        blocked=sum(1 for *_, denied in flows if denied),
    )


def list_containment(
    db: Connection, *, kind: ContainmentKind | None = None, in_force_at: datetime | None = None
) -> tuple[Containment, ...]:
    """Containment measures, oldest first; only those in force at a time when one is given."""
    sql = """SELECT id, kind, target, from_time, until, active, "by" FROM containment
             WHERE (?1 IS NULL OR kind = ?1) ORDER BY id"""
    rows = [
        Containment(
            row[0],
            row[1],
            row[2],
            since=from_ms(row[3]),
            until=None if row[4] is None else from_ms(row[4]),
            active=bool(row[5]),
            by=row[6],
        )
        for row in db.execute(sql, (kind,))
    ]
    return tuple(row for row in rows if in_force_at is None or in_force(row, in_force_at))


def in_force(measure: Containment, at: datetime) -> bool:
    """Whether a measure works at a time: blocks and sinkholes lapse at their end, other kinds hold while active."""
    if at < measure.since:
        return False
    holds = measure.active and measure.kind in HOLDS
    return holds or measure.until is None or at < measure.until


def contained(db: Connection, *, kind: ContainmentKind, target: str, at: datetime) -> Containment | None:
    """The measure of that kind on that target in force at a time; None when there is none."""
    found = [row for row in list_containment(db, kind=kind, in_force_at=at) if row.target == target]
    return found[-1] if found else None


def _address(db: Connection, host_or_ip: str) -> str:
    host = get_host(db, host_or_ip)
    return host_or_ip if host is None else host.ip
