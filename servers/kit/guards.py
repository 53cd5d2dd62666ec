"""Targets that no grant opens: ourselves, what everybody needs, and whoever would have to repair it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias
from unicodedata import normalize

from servers.domains import plain as in_ascii
from servers.kit.machine import Machine

Network: TypeAlias = IPv4Network | IPv6Network

WIDEST: Final = {4: 24, 6: 64}
"""Shortest prefix of a network that a change may name."""
_REGISTRY = re.compile(r"(?:ac|co|com|edu|gob|gouv|gov|gv|mil|ne|net|nom|or|org)\.[a-z]{2}")
"""Names such as `co.uk`, under which anybody registers."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A guard that forbids a change."""

    guard: str
    """Its name, such as `own_address` or `last_administrator`."""
    why: str
    """For the reader: T0 and T1 values only."""


@dataclass(frozen=True, slots=True)
class Protected:
    """What the operator named, and what this machine needs itself. Every method gives the guards a target hits."""

    addresses: tuple[Network, ...] = ()
    accounts: tuple[str, ...] = ()
    """Shell patterns."""
    hosts: tuple[str, ...] = ()
    """Shell patterns."""
    domains: tuple[str, ...] = ()
    machine: Callable[[], Machine] = field(default=Machine)
    """Asked on each look, since addresses and gateways change."""

    def address(self, value: str) -> tuple[Hit, ...]:
        """Guards of an address or a network: any overlap counts, that of an IPv4 address inside an IPv6 one too."""
        try:
            target = _plain(ip_network(value.strip(), strict=False))
        except ValueError:
            return (Hit("not_an_address", "this is no address and no network"),)
        machine = self.machine()
        hits = [hit for each in (target, *carried(target)) for hit in self._address(each, machine)]
        return tuple(dict.fromkeys(hits))

    def account(self, name: str) -> tuple[Hit, ...]:
        """Guards of an account: break-glass and service accounts. `DOMAIN\\name` and `name@domain` are the same as
        `name`, in a target and in a setting alike."""
        full = _folded(name)
        bare = _bare(full)
        for pattern in map(_folded, self.accounts):
            known = _bare(pattern)
            if any(fnmatchcase(each, pattern) for each in (full, bare)) or (known != "*" and fnmatchcase(bare, known)):
                return (Hit("protected_account", "MCPSOC_PROTECTED_ACCOUNTS names this account"),)
        return ()

    def host(self, name: str) -> tuple[Hit, ...]:
        """Guards of a host, by its full name or the first label; a first label alone may be any host of that label."""
        full = _folded(name).rstrip(".")
        first = full.partition(".")[0]
        patterns = [_folded(pattern).rstrip(".") for pattern in self.hosts]
        labels = [label for pattern in patterns if (label := pattern.partition(".")[0]) != "*"]
        wanted = [*patterns, *labels] if first == full else patterns
        if any(fnmatchcase(each, pattern) for each in (full, first) for pattern in wanted):
            return (Hit("protected_host", "MCPSOC_PROTECTED_HOSTS names this host"),)
        mine = self.machine().name
        if mine and _folded(mine).partition(".")[0] in (full, first):
            return (Hit("own_host", "this is the machine the server runs on"),)
        return ()

    def domain(self, name: str) -> tuple[Hit, ...]:
        """Guards of a domain: our own with all below and above them, and names under which anybody registers."""
        return tuple(self._domain(_spellings(name)))

    def _address(self, target: Network, machine: Machine) -> Iterator[Hit]:
        if target.prefixlen < WIDEST[target.version] or _overlap(target, _IPV4):
            yield Hit("wide_prefix", f"wider than /{WIDEST[target.version]}, or all of IPv4")
        first = target.network_address
        if any(getattr(kind, "is_" + each) for each in _SPECIAL for kind in (first, target.broadcast_address)):
            yield Hit("special_address", "loopback, multicast or unspecified")
        elif _overlap(target, _EVERYBODY):
            yield Hit("special_address", "the broadcast address")
        if any(_overlap(target, _plain(each)) for each in self.addresses):
            yield Hit("protected_address", "MCPSOC_PROTECTED_ADDRESSES names it")
        for guard, why, known in (
            ("own_address", "an address of the machine the server runs on", machine.addresses),
            ("gateway", "a gateway of the machine the server runs on", machine.gateways),
            ("name_server", "a name server of the machine the server runs on", machine.name_servers),
        ):
            if any(_overlap(target, _plain(ip_network(each))) for each in known):
                yield Hit(guard, why)

    def _domain(self, names: frozenset[str]) -> Iterator[Hit]:
        if any("." not in name or _REGISTRY.fullmatch(name) for name in names):
            yield Hit("top_level_domain", "names under which anybody registers are never a target")
        if any(f".{name}".endswith(".arpa") for name in names):
            yield Hit("infrastructure_domain", "reverse lookups of addresses, and what else the network itself needs")
        owns = {own for each in self.domains for own in _spellings(each.strip().removeprefix("*"))}
        if any(f".{name}".endswith(f".{own}") or own.endswith(f".{name}") for name in names for own in owns):
            yield Hit("own_domain", "MCPSOC_PROTECTED_DOMAINS names it, or what is above or below it")


_SPECIAL = ("loopback", "multicast", "unspecified")
_IPV4: Final = IPv6Network("::ffff:0:0/96")
"""All of IPv4, written as IPv6."""
_EVERYBODY: Final = IPv4Network("255.255.255.255/32")
_THIS: Final = IPv4Network("0.0.0.0/8")
_ALL_ONES: Final = 0xFFFF_FFFF
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
_CARRIED: Final = (
    (IPv6Network("64:ff9b::/96"), 96, 0),
    (_LOCAL_NAT64, 96, 0),
    (IPv6Network("::/96"), 96, 0),
    (IPv6Network("::ffff:0:0:0/96"), 96, 0),
    (IPv6Network("2002::/16"), 16, 0),
    (IPv6Network("2001::/32"), 32, 0),
    (IPv6Network("2001::/32"), 96, _ALL_ONES),
)
"""Forms of IPv6 that hold an IPv4 address: where it begins, in bits, and what it is turned over with. Teredo holds the
server's and the client's. Source: RFC 6052, RFC 8215, RFC 4291 (IPv4-compatible), RFC 2765, RFC 3056, RFC 4380."""
_SPLIT: Final = ((_LOCAL_NAT64, 48), (_LOCAL_NAT64, 56), (_LOCAL_NAT64, 64))
"""Forms that leave out the bits from 64 to 71 on the way. Source: RFC 6052, 2.2: what a site chooses within its prefix
for local use, nobody outside knows."""


def _plain(network: Network) -> Network:
    """An IPv4 network that is written as IPv6, as IPv4."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return IPv4Network((mapped, network.prefixlen - 96)) if mapped is not None and network.prefixlen >= 96 else network


def carried(target: Network) -> Iterator[IPv4Network]:
    """The IPv4 networks that an IPv6 one carries inside, by NAT64, 6to4 and Teredo: a packet to it ends there, or
    comes from there. Where a network leaves bits of an address open, all it may be. What would be an address of
    0.0.0.0/8 is none: nothing is reached there. Other prefixes that a site gave its NAT64 are not known here."""
    if not isinstance(target, IPv6Network):
        return
    first, bits = int(target.network_address), target.prefixlen
    whole = [(first >> (96 - begin) ^ mask, bits - begin) for known, begin, mask in _CARRIED if _overlap(target, known)]
    without, left = (first >> 64 << 56) | (first & (1 << 56) - 1), min(bits, 64) + max(bits - 72, 0)
    split = [(without >> (88 - begin), left - begin) for known, begin in _SPLIT if _overlap(target, known)]
    for value, fixed in (*whole, *split):
        inside = IPv4Network((value & _ALL_ONES, min(max(fixed, 0), 32)), strict=False)
        if inside.prefixlen < _THIS.prefixlen or not inside.subnet_of(_THIS):
            yield inside


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _folded(name: str) -> str:
    """A name in one spelling: no blanks around it, no letters that only look different, no capitals."""
    return normalize("NFKC", name).strip().casefold()


def _bare(account: str) -> str:
    return account.rpartition("\\")[2].partition("@")[0]


def _spellings(domain: str) -> frozenset[str]:
    """A domain as it is written and as ASCII: the letters of a name and its `xn--` form are one domain."""
    name = normalize("NFKC", domain).replace("\u3002", ".").strip(". ").lower()
    coded = ".".join(_coded(label) for label in name.split("."))
    try:
        return frozenset({name, coded, in_ascii(name)})
    except ValueError:
        return frozenset({name, coded})


def _coded(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
