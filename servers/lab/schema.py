"""Tables of a lab: one SQLite file (WAL) that any process may read and write.

Times are integers, milliseconds since 1970-01-01 UTC, by the lab's own clock. Columns ending in `_json` of other
designs are plain JSON text here (`devices`, `hosts`, `fields`, ...). `stories` and `alerts.story` are ground truth:
no server may read them.
"""

VERSION = "1"
"""Value of meta.schema; a file with another one is refused."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE people (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, department TEXT NOT NULL, manager TEXT,
  title TEXT NOT NULL, site TEXT NOT NULL, employed_until INTEGER) WITHOUT ROWID;
CREATE TABLE accounts (
  name TEXT PRIMARY KEY, person TEXT, kind TEXT NOT NULL, sid TEXT NOT NULL, enabled INTEGER NOT NULL,
  privileged INTEGER NOT NULL, mfa INTEGER NOT NULL, created INTEGER NOT NULL, password_changed INTEGER NOT NULL,
  devices TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE groups (name TEXT PRIMARY KEY, privileged INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE memberships (grp TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (grp, account)) WITHOUT ROWID;

CREATE TABLE zones (name TEXT PRIMARY KEY, cidr TEXT NOT NULL, internet_facing INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE hosts (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, ip TEXT NOT NULL UNIQUE, mac TEXT NOT NULL, os TEXT NOT NULL,
  kind TEXT NOT NULL, zone TEXT NOT NULL, owner TEXT, department TEXT NOT NULL, criticality TEXT NOT NULL,
  agent_installed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE addresses (
  ip TEXT PRIMARY KEY, meaning TEXT NOT NULL, owner TEXT NOT NULL, country TEXT NOT NULL,
  asn INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE software (
  host TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, publisher TEXT NOT NULL,
  PRIMARY KEY (host, name)) WITHOUT ROWID;
CREATE TABLE vulnerabilities (
  host TEXT NOT NULL, cve TEXT NOT NULL, software TEXT NOT NULL, cvss REAL NOT NULL, known_exploited INTEGER NOT NULL,
  PRIMARY KEY (host, cve)) WITHOUT ROWID;

CREATE TABLE known_files (
  sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, publisher TEXT NOT NULL, registered_by TEXT NOT NULL,
  registered_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE known_domains (
  domain TEXT PRIMARY KEY, reason TEXT NOT NULL, registered_by TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE intel (
  indicator TEXT NOT NULL, type TEXT NOT NULL, verdict TEXT NOT NULL, source TEXT NOT NULL, first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL, confidence INTEGER NOT NULL, PRIMARY KEY (indicator, source)) WITHOUT ROWID;
CREATE TABLE work (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, approver TEXT NOT NULL, approved_at INTEGER NOT NULL,
  window_start INTEGER NOT NULL, window_end INTEGER NOT NULL, hosts TEXT NOT NULL, accounts TEXT NOT NULL,
  source_addresses TEXT NOT NULL, techniques TEXT NOT NULL, note TEXT NOT NULL, revoked INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE sensors (name TEXT PRIMARY KEY, kind TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE coverage (
  sensor TEXT NOT NULL, host TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER, state TEXT NOT NULL,
  PRIMARY KEY (sensor, host, start)) WITHOUT ROWID;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, time INTEGER NOT NULL, source TEXT NOT NULL, category TEXT NOT NULL,
  action TEXT NOT NULL, outcome TEXT NOT NULL, host TEXT, user TEXT, src_ip TEXT, dst_ip TEXT, fields TEXT NOT NULL);
CREATE TABLE terms (
  field TEXT NOT NULL, value TEXT NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (field, value, time, seq)) WITHOUT ROWID;

CREATE TABLE alerts (
  id TEXT PRIMARY KEY, time INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, story TEXT NOT NULL,
  fields TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE stories (
  id TEXT PRIMARY KEY, family TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
  truth TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE containment (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL, from_time INTEGER NOT NULL, until INTEGER,
  active INTEGER NOT NULL, "by" TEXT NOT NULL, wrong INTEGER NOT NULL);
CREATE TABLE collateral (
  containment INTEGER NOT NULL, person TEXT NOT NULL, slot INTEGER NOT NULL, minutes INTEGER NOT NULL,
  PRIMARY KEY (containment, person, slot)) WITHOUT ROWID;
"""

INDEXES = """
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_time ON events (time);
CREATE INDEX events_host ON events (host, time);
CREATE INDEX events_user ON events (user, time);
CREATE INDEX events_src ON events (src_ip, time);
CREATE INDEX events_dst ON events (dst_ip, time);
CREATE INDEX events_source ON events (source, time);
CREATE INDEX events_category ON events (category, time);
CREATE INDEX alerts_time ON alerts (time);
CREATE INDEX accounts_person ON accounts (person);
"""
"""Made after the first bulk load, which is twice as fast that way."""

COLUMNS: dict[str, str] = {
    "event.id": "id",
    "event.source": "source",
    "event.category": "category",
    "event.action": "action",
    "event.outcome": "outcome",
    "host.name": "host",
    "user.name": "user",
    "source.ip": "src_ip",
    "destination.ip": "dst_ip",
}
"""Event fields that are columns of their own."""

TERM_FIELDS: tuple[str, ...] = (
    "process.entity_id",
    "process.parent.entity_id",
    "process.executable",
    "process.hash.sha256",
    "file.hash.sha256",
    "file.name",
    "file.share",
    "email.attachment.sha256",
    "email.sender",
    "email.recipient",
    "destination.domain",
    "dns.question.name",
    "dns.question.registered_domain",
    "cloud.access_key",
    "cloud.api",
    "session.id",
    "device.id",
    "logon.id",
    "service.name",
    "user.attempted_name",
    "user.target.name",
)
"""Event fields looked up through `terms`; other fields are read from the JSON of the rows that remain."""

EXPORTED: dict[str, str] = {
    "meta": "key",
    "people": "id",
    "accounts": "name",
    "groups": "name",
    "memberships": "grp, account",
    "zones": "name",
    "hosts": "name",
    "addresses": "ip",
    "software": "host, name",
    "vulnerabilities": "host, cve",
    "known_files": "sha256",
    "known_domains": "domain",
    "intel": "indicator, source",
    "work": "id",
    "sensors": "name",
    "coverage": "sensor, host, start",
    "events": "time, id",
    "alerts": "time, id",
    "containment": "id",
    "collateral": "containment, person, slot",
}
"""Tables of an export with the order of their rows. Stories stay inside: they are the ground truth."""
