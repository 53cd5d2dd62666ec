"""One line of pfSense's filter log, parsed: a syslog head, then fields whose meaning depends on those before.

Source: Netgate documentation, "Raw Filter Log Format" (pfSense 2.2 and later); RFC 5424 and the BSD syslog head.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet that a rule logged."""

    at: datetime
    host: str
    rule: str
    """Tracking id of the rule; its number where it has none."""
    interface: str
    reason: str
    action: str
    direction: str
    protocol: str
    source: Address
    destination: Address
    length: int | None
    source_port: int | None = None
    destination_port: int | None = None
    flags: str = ""
    """TCP flags, such as S or SA."""
    icmp: str = ""
    """Kind of an ICMP packet, such as request or unreachport."""


_NEW = re.compile(r"^(?:<\d{1,3}>1 )?(\d{4}-\d\d-\d\dT\S+) (\S+) filterlog \S+ \S+ \S+ (.*)$")
_OLD = re.compile(r"^(?:<\d{1,3}>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) filterlog(?:\[\d+\])?: (.*)$")
_PORTS = frozenset({"tcp", "udp"})
_LONGEST = 2_048
"""Characters of a line that are looked at: the published limit is 1024."""


def packet(line: str, zone: tzinfo = UTC, now: datetime | None = None) -> Packet | None:
    """What a line says; None for one that is no record of a packet, or not one that can be understood.

    The old head has neither year nor zone: `zone` is the box's, and the year the latest that is not after `now`."""
    if len(line) > _LONGEST:
        return None
    head = _NEW.match(line) or _OLD.match(line)
    if head is None:
        return None
    try:
        return _packet(_time(head.group(1), zone, now), head.group(2), head.group(3).split(","))
    except (ValueError, IndexError):
        return None


def _packet(at: datetime, host: str, fields: list[str]) -> Packet:
    number, _, _, tracker, interface, reason, action, direction, version = fields[:9]
    if version == "4":
        protocol, length, source, destination = fields[16], fields[17], fields[18], fields[19]
        rest = fields[20:]
    elif version == "6":
        protocol, length, source, destination = fields[12], fields[14], fields[15], fields[16]
        rest = fields[17:]
    else:
        raise ValueError("neither IPv4 nor IPv6")
    name = protocol.lower()
    ported = name in _PORTS and len(rest) >= 2
    return Packet(
        at=at,
        host=host,
        rule=tracker if tracker not in ("", "0") else number,
        interface=interface,
        reason=reason,
        action=action,
        direction=direction,
        protocol=name,
        source=ip_address(source),
        destination=ip_address(destination),
        length=int(length) if length.isdecimal() else None,
        source_port=_port(rest[0]) if ported else None,
        destination_port=_port(rest[1]) if ported else None,
        flags=rest[3] if name == "tcp" and len(rest) > 3 else "",
        icmp=rest[0] if name in ("icmp", "icmpv6") and rest else "",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65_535:
        raise ValueError("no port")
    return int(text)


def _time(text: str, zone: tzinfo, now: datetime | None) -> datetime:
    if text[0].isdigit():
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    latest = (now or datetime.now(UTC)) + timedelta(days=1)
    for year in (latest.year, latest.year - 1):
        moment = datetime.strptime(f"{year} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone)
        if moment <= latest:
            return moment.astimezone(UTC)
    raise ValueError("lies in the future")
