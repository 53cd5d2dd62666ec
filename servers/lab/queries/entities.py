"""People, accounts, hosts, addresses, software, authorised work, intelligence, and registers of what is known good."""

import ipaddress
import json
from datetime import datetime, timedelta
from sqlite3 import Connection

from servers.lab.records import (
    Account,
    Address,
    Host,
    Intel,
    Known,
    Person,
    Software,
    Vulnerability,
    Work,
    Zone,
    from_ms,
    to_ms,
)


def get_person(db: Connection, person_id: str) -> Person | None:
    """One employee by id."""
    sql = "SELECT id, name, email, department, manager, title, site, employed_until FROM people WHERE id = ?"
    row = db.execute(sql, (person_id,)).fetchone()
    return (
        None
        if row is None
        else Person(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            employed_until=None if row[7] is None else from_ms(row[7]),
        )
    )


def get_account(db: Connection, name: str) -> Account | None:
    """One account by its name, its security id or its person's mail address."""
    sql = """SELECT name, person, kind, sid, enabled, privileged, mfa, created, password_changed, devices FROM accounts
             WHERE name = ?1 OR sid = ?1 OR (kind = 'user' AND person = (SELECT id FROM people WHERE email = ?1))"""
    row = db.execute(sql, (name,)).fetchone()
    if row is None:
        return None
    return Account(
        row[0],
        row[1],
        row[2],
        row[3],
        enabled=bool(row[4]),
        privileged=bool(row[5]),
        mfa=bool(row[6]),
        created=from_ms(row[7]),
        password_changed=from_ms(row[8]),
        devices=tuple(json.loads(row[9])),
    )


def enabled_accounts(db: Connection, *, kind: str) -> tuple[str, ...]:
    """Names of the accounts of a kind that can sign in now."""
    rows = db.execute("SELECT name FROM accounts WHERE kind = ? AND enabled = 1 ORDER BY name", (kind,))
    return tuple(row[0] for row in rows)


def groups_of(db: Connection, account: str) -> tuple[str, ...]:
    """The groups an account belongs to."""
    return tuple(
        name for (name,) in db.execute("SELECT grp FROM memberships WHERE account = ? ORDER BY grp", (account,))
    )


def list_groups(db: Connection) -> tuple[tuple[str, bool, int], ...]:
    """Every group: name, whether it is privileged, number of members."""
    sql = "SELECT name, privileged, (SELECT count(*) FROM memberships WHERE grp = name) FROM groups ORDER BY name"
    return tuple((name, bool(privileged), members) for name, privileged, members in db.execute(sql))


def members_of(db: Connection, group: str) -> tuple[str, ...] | None:
    """Accounts of a group; None for a group that does not exist."""
    if db.execute("SELECT 1 FROM groups WHERE name = ?", (group,)).fetchone() is None:
        return None
    return tuple(n for (n,) in db.execute("SELECT account FROM memberships WHERE grp = ? ORDER BY account", (group,)))


_HOST = "SELECT id, name, ip, mac, os, kind, zone, owner, department, criticality, agent_installed FROM hosts"


def get_host(db: Connection, identifier: str) -> Host | None:
    """One host by name, id, address or MAC."""
    sql = f"{_HOST} WHERE name = ?1 OR id = ?1 OR ip = ?1 OR mac = ?1"
    row = db.execute(sql, (identifier.lower(),)).fetchone()
    return None if row is None else _host(row)


def list_hosts(db: Connection, *, kind: str | None = None) -> tuple[Host, ...]:
    """Hosts by name, of one kind when given."""
    sql = f"{_HOST} WHERE ?1 IS NULL OR kind = ?1 ORDER BY name"
    return tuple(_host(row) for row in db.execute(sql, (kind,)))


def _host(row: tuple[str, str, str, str, str, str, str, str | None, str, str, int]) -> Host:
    id_, name, ip, mac, os, kind, zone, owner, department, criticality, agent = row
    return Host(id_, name, ip, mac, os, kind, zone, owner, department, criticality, agent_installed=bool(agent))


def neighbours(
    db: Connection, host: str, start: datetime, end: datetime, limit: int = 20
) -> tuple[tuple[str, int], ...]:
    """Other inventory hosts this one exchanged flows with in the window, most flows first: (name, flows)."""
    sql = """SELECT other.name, count(*) AS n FROM hosts me JOIN events e ON e.source = 'firewall'
             AND e.time BETWEEN ?2 AND ?3 AND (e.src_ip = me.ip OR e.dst_ip = me.ip)
             JOIN hosts other ON other.ip = CASE WHEN e.src_ip = me.ip THEN e.dst_ip ELSE e.src_ip END
             WHERE me.name = ?1 AND other.name <> me.name GROUP BY other.name ORDER BY n DESC, other.name LIMIT ?4"""
    return tuple((name, n) for name, n in db.execute(sql, (host, to_ms(start), to_ms(end), limit)))


def list_zones(db: Connection) -> tuple[Zone, ...]:
    """The zones of the network."""
    return tuple(
        Zone(n, c, bool(i)) for n, c, i in db.execute("SELECT name, cidr, internet_facing FROM zones ORDER BY name")
    )


def is_internal(db: Connection, address: str) -> bool:
    """Whether an address lies in one of the company's zones. Outside ones are from ranges reserved for examples."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(zone.cidr) for zone in list_zones(db))


def get_address(db: Connection, ip: str) -> Address | None:
    """What is known of an address that is no host of ours."""
    row = db.execute("SELECT ip, meaning, owner, country, asn FROM addresses WHERE ip = ?", (ip,)).fetchone()
    return None if row is None else Address(*row)


def list_software(db: Connection, host: str) -> tuple[Software, ...]:
    """Installed products of a host (by name)."""
    sql = "SELECT host, name, version, publisher FROM software WHERE host = ? ORDER BY name"
    return tuple(Software(*row) for row in db.execute(sql, (host,)))


def list_vulnerabilities(db: Connection, host: str) -> tuple[Vulnerability, ...]:
    """Open vulnerabilities of a host (by name), worst first."""
    sql = """SELECT host, cve, software, cvss, known_exploited FROM vulnerabilities
             WHERE host = ? ORDER BY cvss DESC, cve"""
    return tuple(
        Vulnerability(row[0], row[1], row[2], row[3], known_exploited=bool(row[4])) for row in db.execute(sql, (host,))
    )


def list_work(
    db: Connection,
    *,
    at: datetime,
    hours: int = 24,
    host: str | None = None,
    account: str | None = None,
    address: str | None = None,
    technique: str | None = None,
) -> tuple[Work, ...]:
    """Register entries whose window touches [at - hours, at + hours] and that name any of the given things.

    With nothing given, all entries of that time. Whether one fits is for the reader to judge. Host by name."""
    around = timedelta(hours=hours)
    sql = f"{_WORK} WHERE window_end >= ? AND window_start <= ? ORDER BY window_start, id"
    rows = db.execute(sql, (to_ms(at - around), to_ms(at + around)))
    entries = [_work(row) for row in rows]
    wanted = (host, account, address, technique)
    if all(value is None for value in wanted):
        return tuple(entries)
    return tuple(entry for entry in entries if _touches(entry, wanted))


def get_work(db: Connection, work_id: str) -> Work | None:
    """One register entry by its id."""
    row = db.execute(f"{_WORK} WHERE id = ?", (work_id,)).fetchone()
    return None if row is None else _work(row)


_WORK = """SELECT id, kind, title, approver, approved_at, window_start, window_end, hosts, accounts, source_addresses,
           techniques, note, revoked FROM work"""


def _work(row: tuple[str, str, str, str, int, int, int, str, str, str, str, str, int]) -> Work:
    named = [tuple(json.loads(text)) for text in row[7:11]]
    return Work(
        id=row[0],
        kind=row[1],
        title=row[2],
        approver=row[3],
        approved_at=from_ms(row[4]),
        window_start=from_ms(row[5]),
        window_end=from_ms(row[6]),
        hosts=named[0],
        accounts=named[1],
        source_addresses=named[2],
        techniques=named[3],
        note=row[11],
        revoked=bool(row[12]),
    )


def _touches(entry: Work, wanted: tuple[str | None, str | None, str | None, str | None]) -> bool:
    named = (entry.hosts, entry.accounts, entry.source_addresses, entry.techniques)
    return any(value in values for value, values in zip(wanted, named, strict=True) if value is not None)


def lookup_intel(db: Connection, indicator: str) -> tuple[Intel, ...]:
    """What the feeds say about an indicator, most confident first; empty when no feed knows it."""
    sql = """SELECT indicator, type, verdict, source, first_seen, last_seen, confidence FROM intel
             WHERE indicator = ? ORDER BY confidence DESC, source"""
    rows = db.execute(sql, (indicator.lower(),))
    return tuple(
        Intel(row[0], row[1], row[2], row[3], first_seen=from_ms(row[4]), last_seen=from_ms(row[5]), confidence=row[6])
        for row in rows
    )


def check_known(db: Connection, value: str) -> Known | None:
    """The register entry of an own or known-good file (sha256), domain (or a name below it) or address."""
    wanted = value.strip().lower().rstrip(".")
    row = db.execute("SELECT name, publisher, registered_by FROM known_files WHERE sha256 = ?", (wanted,)).fetchone()
    if row is not None:
        return Known(wanted, "known_files", row[2], f"{row[0]}, {row[1]}")
    labels = wanted.split(".")
    for name in (".".join(labels[n:]) for n in range(len(labels) - 1)):
        row = db.execute("SELECT reason, registered_by FROM known_domains WHERE domain = ?", (name,)).fetchone()
        if row is not None:
            return Known(name, "known_domains", row[1], row[0])
    sql = "SELECT meaning, owner FROM addresses WHERE ip = ? AND meaning NOT IN ('hosting', 'residential')"
    row = db.execute(sql, (wanted,)).fetchone()
    return None if row is None else Known(wanted, "own_addresses", "network operations", f"{row[0]} of {row[1]}")
