"""Targets that no grant opens: ourselves, what everybody needs, and whoever would have to repair it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias

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
        """Guards of an address or a network: any overlap counts."""
        try:
            target = _plain(ip_network(value.strip(), strict=False))
        except ValueError:
            return (Hit("not_an_address", "this is no address and no network"),)
        return tuple(self._address(target))

    def account(self, name: str) -> tuple[Hit, ...]:
        """Guards of an account: break-glass and service accounts. `DOMAIN\\name` and `name@domain` name it too."""
        bare = name.rpartition("\\")[2].partition("@")[0]
        if _matches(name, self.accounts) or _matches(bare, self.accounts):
            return (Hit("protected_account", "MCPSOC_PROTECTED_ACCOUNTS names this account"),)
        return ()

    def host(self, name: str) -> tuple[Hit, ...]:
        """Guards of a host, by its full name or the first label."""
        names = {name, name.partition(".")[0]}
        if any(_matches(each, self.hosts) for each in names):
            return (Hit("protected_host", "MCPSOC_PROTECTED_HOSTS names this host"),)
        mine = self.machine().name
        if mine and mine.partition(".")[0].lower() in {each.lower() for each in names}:
            return (Hit("own_host", "this is the machine the server runs on"),)
        return ()

    def domain(self, name: str) -> tuple[Hit, ...]:
        """Guards of a domain: our own with all below and above them, and names under which anybody registers."""
        return tuple(self._domain(name.strip().rstrip(".").lower()))

    def _address(self, target: Network) -> Iterator[Hit]:
        if target.prefixlen < WIDEST[target.version]:
            yield Hit("wide_prefix", f"wider than /{WIDEST[target.version]}")
        first = target.network_address
        if any(getattr(kind, "is_" + each) for each in _SPECIAL for kind in (first, target.broadcast_address)):
            yield Hit("special_address", "loopback, multicast or unspecified")
        if any(_overlap(target, each) for each in self.addresses):
            yield Hit("protected_address", "MCPSOC_PROTECTED_ADDRESSES names it")
        machine = self.machine()
        for guard, why, known in (
            ("own_address", "an address of the machine the server runs on", machine.addresses),
            ("gateway", "a gateway of the machine the server runs on", machine.gateways),
            ("name_server", "a name server of the machine the server runs on", machine.name_servers),
        ):
            if any(_overlap(target, _plain(ip_network(each))) for each in known):
                yield Hit(guard, why)

    def _domain(self, name: str) -> Iterator[Hit]:
        if "." not in name or _REGISTRY.fullmatch(name):
            yield Hit("top_level_domain", "names under which anybody registers are never a target")
        for own in (each.strip(".").lower() for each in self.domains):
            if name == own or name.endswith(f".{own}") or own.endswith(f".{name}"):
                yield Hit("own_domain", "MCPSOC_PROTECTED_DOMAINS names it, or what is above or below it")
                return


_SPECIAL = ("loopback", "multicast", "unspecified")


def _plain(network: Network) -> Network:
    """An IPv4 network that is written as IPv6, as IPv4."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return IPv4Network((mapped, network.prefixlen - 96)) if mapped is not None and network.prefixlen >= 96 else network


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
