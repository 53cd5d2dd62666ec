"""What passes between the parts of the lab: one frozen type per kind of record, and the event before it is stored."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Literal, TypeAlias

from pydantic import JsonValue

JsonObject: TypeAlias = dict[str, JsonValue]
ContainmentKind: TypeAlias = Literal[
    "block_address", "disable_account", "isolate_host", "quarantine_file", "sinkhole_domain", "quarantine_message"
]
HOLDS: frozenset[str] = frozenset({"disable_account", "isolate_host", "quarantine_file", "quarantine_message"})
"""Kinds that stay in force after their time until a person releases them."""
CoverageState: TypeAlias = Literal["covered", "partial", "silent", "down", "not_deployed"]

encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""Compact JSON text, keys in the order they were written."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware time, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The aware UTC time of a lab time stamp."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(ms: int) -> str:
    """The lab time stamp as text, for instance `2026-03-09T11:42:07.120Z`."""
    return from_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest(*parts: str | int, size: int = 8) -> str:
    """An opaque id (`size` bytes in hex) that depends on the parts alone, so that every run gives the same one."""
    return blake2b("/".join(map(str, parts)).encode(), digest_size=size).hexdigest()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a sensor saw, before it has an id. `fields` holds the rest of the flat ECS document."""

    at: int
    source: str
    category: str
    action: str
    outcome: str
    fields: JsonObject

    def text(self, name: str) -> str | None:
        """A field as text; None when the event does not have it."""
        value = self.fields.get(name)
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Person:
    """An employee. `employed_until` is None while employed."""

    id: str
    name: str
    email: str
    department: str
    manager: str | None
    title: str
    site: str
    employed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the directory. `devices` are the ids of its registered, managed devices."""

    name: str
    person: str | None
    kind: str
    sid: str
    enabled: bool
    privileged: bool
    mfa: bool
    created: datetime
    password_changed: datetime
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of the inventory. `owner` is a person's id, None for shared machines."""

    id: str
    name: str
    ip: str
    mac: str
    os: str
    kind: str
    zone: str
    owner: str | None
    department: str
    criticality: str
    agent_installed: bool


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the network."""

    name: str
    cidr: str
    internet_facing: bool


@dataclass(frozen=True, slots=True)
class Address:
    """What is known of an address outside, or of one of our own egress addresses."""

    ip: str
    meaning: str
    owner: str
    country: str
    asn: int


@dataclass(frozen=True, slots=True)
class Software:
    """One installed product on one host (by name)."""

    host: str
    name: str
    version: str
    publisher: str


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One open vulnerability of one host (by name)."""

    host: str
    cve: str
    software: str
    cvss: float
    known_exploited: bool


@dataclass(frozen=True, slots=True)
class Known:
    """An entry of the operator's registers of own and known-good things."""

    value: str
    register: Literal["known_files", "known_domains", "own_addresses"]
    registered_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Intel:
    """What one feed says about one indicator. `confidence` 0 to 100."""

    indicator: str
    type: str
    verdict: str
    source: str
    first_seen: datetime
    last_seen: datetime
    confidence: int


@dataclass(frozen=True, slots=True)
class Work:
    """One entry of the register of authorised work. An empty list means the entry does not name any."""

    id: str
    kind: str
    title: str
    approver: str
    approved_at: datetime
    window_start: datetime
    window_end: datetime
    hosts: tuple[str, ...]
    accounts: tuple[str, ...]
    source_addresses: tuple[str, ...]
    techniques: tuple[str, ...]
    note: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Containment:
    """One containment measure. Blocks and sinkholes lapse at `until`, other kinds hold until they are released."""

    id: int
    kind: ContainmentKind
    target: str
    since: datetime
    until: datetime | None
    active: bool
    by: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a story has come."""

    story: str
    steps_done: tuple[str, ...]
    steps_total: int
    stage_at_containment: str | None
    """The step that containment stopped first; None when nothing was stopped."""
    stalled: bool
    """Whether the story stands still now."""
