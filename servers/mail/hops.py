"""The way of a message, read from its Received headers: every line below our own relays is only a claim.

Source: RFC 5321 section 4.4 (trace information).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from servers.mail.message import Mail, moment

MOST_HOPS = 50
_FROM = re.compile(r"\bfrom\s+([^\s;()]{1,255})", re.IGNORECASE)
_BY = re.compile(r"\bby\s+([^\s;()]{1,255})", re.IGNORECASE)
_WITH = re.compile(r"\bwith\s+([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_INSIDE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_ADDRESS = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F:.]{3,45})\]")


@dataclass(frozen=True, slots=True)
class Hop:
    """One handing over, as the relay `by` wrote it down."""

    said: str
    """The name the handing machine gave itself."""
    address: str
    """Its address, empty where the line has none."""
    by: str
    protocol: str
    at: datetime | None
    ours: bool
    """Whether one of our relays wrote it."""


def hops_of(mail: Mail, relays: tuple[str, ...]) -> tuple[Hop, ...]:
    """The hops, last one first. A line counts as ours only down to the first that names an address outside: what
    stands below was there when the message came in, whatever relay it names."""
    hops, ours = [], bool(relays)
    for line in mail.all("Received")[:MOST_HOPS]:
        hop = _hop(line[:2_000], relays, ours)
        ours = hop.ours and not _public(hop.address)
        hops.append(hop)
    return tuple(hops)


def handed_over(hops: tuple[Hop, ...]) -> tuple[Hop, bool] | None:
    """Who handed the message to us from outside, and whether our own relay attests it.

    Without relays of ours that is the topmost hop with a public address: an assumption."""
    attested = next((hop for hop in hops if hop.ours and _public(hop.address)), None)
    if attested is not None:
        return attested, True
    if any(hop.ours for hop in hops):
        return None
    return next(((hop, False) for hop in hops if _public(hop.address)), None)


def _hop(line: str, relays: tuple[str, ...], above: bool) -> Hop:
    trace, _, date = line.rpartition(";")
    by = _group(_BY, trace).lower()
    return Hop(
        said=_group(_FROM, trace),
        address=_address(_FROM.split(trace, maxsplit=1)[-1].split(" by ")[0]),
        by=by,
        protocol=_group(_WITH, trace),
        at=moment(date),
        ours=above and by in relays,
    )


def _group(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1) if match else ""


def _address(text: str) -> str:
    match = _ADDRESS.search(text)
    parsed = _parsed(match.group(1)) if match else None
    return "" if parsed is None else str(parsed)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _public(address: str) -> bool:
    """Whether it is an address of outside: not private, loopback or link-local. Ranges for documentation count."""
    parsed = _parsed(address)
    if parsed is None or parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified:
        return False
    return not any(parsed in net for net in _INSIDE if net.version == parsed.version)
