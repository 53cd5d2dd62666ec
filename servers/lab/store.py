"""Writes the lab's tables. Everything that goes into the file goes through here, inside the caller's transaction."""

import json
import sqlite3
from collections.abc import Iterable, Iterator

from servers.lab.background.machines import AGENT_ADDRESS
from servers.lab.background.outside import strangers, travel_address
from servers.lab.enterprise import ZONES, Enterprise
from servers.lab.reaction import Measure
from servers.lab.records import Address, Event, Intel, Work, encode, iso, to_ms
from servers.lab.schema import EXPORTED, TERM_FIELDS
from servers.lab.stories.scene import Gap, KnownDomain, KnownFile

SENSORS: dict[str, str] = {
    "dc-security": "on-premises authentication",
    "edr": "endpoint agent",
    "firewall": "network flows",
    "dns": "resolver log",
    "proxy": "web proxy",
    "mail": "mail relay",
    "idp": "cloud sign-in",
    "cloud-audit": "cloud audit trail",
    "antivirus": "antivirus",
    "fileserver": "file access audit",
    "webserver": "web access log",
    "ids": "network intrusion detection",
}
_TERMS = frozenset(TERM_FIELDS)


def write_enterprise(db: sqlite3.Connection, enterprise: Enterprise, start: int) -> None:
    """People, accounts, machines, addresses and sensors as they stand."""
    _insert(
        db,
        "people",
        ((p.id, p.name, p.email, p.department, p.manager, p.title, p.site, None) for p in enterprise.people),
    )
    _insert(
        db,
        "accounts",
        (
            (
                *(a.name, a.person, a.kind, a.sid, a.enabled, a.privileged, a.mfa),
                *(to_ms(a.created), to_ms(a.password_changed), encode(list(a.devices))),
            )
            for a in enterprise.accounts
        ),
    )
    _insert(db, "groups", enterprise.groups.items())
    _insert(db, "memberships", enterprise.memberships)
    _insert(db, "zones", ((zone.name, zone.cidr, zone.internet_facing) for zone in ZONES))
    _insert(
        db,
        "hosts",
        (
            (h.id, h.name, h.ip, h.mac, h.os, h.kind, h.zone, h.owner, h.department, h.criticality, h.agent_installed)
            for h in enterprise.hosts
        ),
    )
    _insert(db, "addresses", ((a.ip, a.meaning, a.owner, a.country, a.asn) for a in _addresses(enterprise)))
    _insert(db, "software", ((s.host, s.name, s.version, s.publisher) for s in enterprise.software))
    _insert(
        db,
        "vulnerabilities",
        ((v.host, v.cve, v.software, v.cvss, v.known_exploited) for v in enterprise.vulnerabilities),
    )
    _insert(db, "sensors", SENSORS.items())
    _insert(db, "coverage", ((sensor, "*", start, None, "up") for sensor in SENSORS))


def _addresses(enterprise: Enterprise) -> Iterator[Address]:
    seen: set[str] = set()
    services = (address for _, address in enterprise.services)
    vendor = Address(AGENT_ADDRESS, "hosting", "Halcyon Endpoint", "US", 64820)
    trips = (travel_address(number) for number in range(2))
    for address in (
        *enterprise.own,
        *enterprise.outside,
        *enterprise.homes.values(),
        *services,
        vendor,
        *strangers(enterprise.seed),
        *trips,
    ):
        if address.ip not in seen:
            seen.add(address.ip)
            yield address


def write_registers(
    db: sqlite3.Connection,
    work: Iterable[Work],
    files: Iterable[KnownFile],
    domains: Iterable[KnownDomain],
    intel: Iterable[Intel],
) -> None:
    """Authorised work, known files and domains, and the feeds."""
    _insert(
        db,
        "work",
        (
            (
                *(w.id, w.kind, w.title, w.approver, to_ms(w.approved_at), to_ms(w.window_start), to_ms(w.window_end)),
                *(encode(list(named)) for named in (w.hosts, w.accounts, w.source_addresses, w.techniques)),
                *(w.note, w.revoked),
            )
            for w in work
        ),
    )
    _insert(db, "known_files", ((f.sha256, f.name, f.publisher, f.registered_by, f.registered_at) for f in files))
    _insert(db, "known_domains", ((d.domain, d.reason, d.registered_by) for d in domains))
    _insert(
        db,
        "intel",
        (
            (i.indicator, i.type, i.verdict, i.source, to_ms(i.first_seen), to_ms(i.last_seen), i.confidence)
            for i in intel
        ),
    )


def write_gaps(db: sqlite3.Connection, gaps: Iterable[Gap]) -> None:
    """Coverage that is missing; an agent that was never deployed is not installed either."""
    gaps = tuple(gaps)
    _insert(db, "coverage", ((g.sensor, g.host, g.start, g.end, g.state) for g in gaps))
    never = [(g.host,) for g in gaps if g.sensor == "edr" and g.state == "not_deployed"]
    db.executemany("UPDATE hosts SET agent_installed = 0 WHERE name = ?", never)
    db.executemany("DELETE FROM software WHERE host = ? AND name = 'Endpoint Agent'", never)


def read_gaps(db: sqlite3.Connection) -> dict[tuple[str, str], list[tuple[int, int | None]]]:
    """Sensor and host to the times in which the one does not see the other."""
    gaps: dict[tuple[str, str], list[tuple[int, int | None]]] = {}
    for sensor, host, start, end in db.execute(
        """SELECT sensor, host, start, "end" FROM coverage WHERE state <> 'up'"""
    ):
        gaps.setdefault((sensor, host), []).append((start, end))
    return gaps


def seen(gaps: dict[tuple[str, str], list[tuple[int, int | None]]], event: Event) -> bool:
    """Whether the event's sensor saw its host at that time."""
    host = event.fields.get("host.name")
    missed = gaps.get((event.source, str(host)))
    return missed is None or not any(start <= event.at and (end is None or event.at < end) for start, end in missed)


def write_events(db: sqlite3.Connection, happened: Iterable[tuple[str, Event]]) -> None:
    """Events with their ids, in order of time, and the terms they are found by."""
    first = db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0] + 1
    ordered = sorted(happened, key=lambda pair: (pair[1].at, pair[0]))
    terms: list[tuple[str, str, int, int]] = []
    rows: list[tuple[int | str | None, ...]] = []
    for seq, (event_id, event) in enumerate(ordered, first):
        fields = event.fields
        rows.append(_row(seq, event_id, event))
        terms += [(name, str(fields[name]), event.at, seq) for name in _TERMS & fields.keys()]
    terms.sort()
    _insert(db, "events", rows)
    _insert(db, "terms", terms)


def _row(seq: int, event_id: str, event: Event) -> tuple[int | str | None, ...]:
    document = {
        "event.id": event_id,
        "@timestamp": iso(event.at),
        "event.source": event.source,
        "event.category": event.category,
        "event.action": event.action,
        "event.outcome": event.outcome,
        **event.fields,
    }
    columns = (event.text("host.name"), event.text("user.name"), event.text("source.ip"), event.text("destination.ip"))
    kind = (event.source, event.category, event.action, event.outcome)
    return (seq, event_id, event.at, *kind, *columns, encode(document))


def read_measures(db: sqlite3.Connection) -> list[Measure]:
    """Every containment measure, oldest first."""
    sql = "SELECT id, kind, target, from_time, until, active, wrong FROM containment ORDER BY id"
    return [
        Measure(row[0], row[1], row[2], row[3], row[4], active=bool(row[5]), wrong=bool(row[6]))
        for row in db.execute(sql)
    ]


def export(db: sqlite3.Connection) -> Iterator[bytes]:
    """Every table but the ground truth, row by row in a fixed order, as JSON lines."""
    for table, order in EXPORTED.items():
        columns = [row[1] for row in db.execute("SELECT * FROM pragma_table_info(?)", (table,))]
        kept = [name for name in columns if name not in ("seq", "story", "wrong")]
        names = ", ".join(f'"{name}"' for name in kept)
        for row in db.execute(" ".join(("SELECT", names, "FROM", table, "ORDER BY", order))):
            record = {name: _value(name, value) for name, value in zip(kept, row, strict=True)}
            yield (encode({"table": table, "synthetic": True, **record}) + "\n").encode()


_JSON_COLUMNS = frozenset({"fields", "devices", "hosts", "accounts", "source_addresses", "techniques"})


def _value(name: str, value: str | int | float | None) -> object:
    return json.loads(value) if name in _JSON_COLUMNS and isinstance(value, str) else value


def _insert(db: sqlite3.Connection, table: str, rows: Iterable[tuple[str | int | float | None, ...]]) -> None:
    rows = list(rows)
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        db.executemany("".join(("INSERT INTO ", table, " VALUES (", marks, ")")), rows)
