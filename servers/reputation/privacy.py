"""What may be asked of an outside service: public things alone, and of a URL no more than scheme, host and path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from servers.kit import Protected
from servers.observables import Observable, host_of

_LOCAL: Final = (".local", ".internal", ".lan", ".home", ".corp", ".intranet", ".localhost", ".arpa", ".test", ".onion")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_ADDRESS_GUARDS: Final = frozenset({"protected_address", "own_address", "gateway", "name_server", "special_address"})


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is our own."""

    protected: Protected
    domains: Sequence[str]
    networks: Sequence[IPv4Network | IPv6Network]

    def keeps(self, wanted: Observable) -> str | None:
        """Why a value must not leave; None when it may."""
        if wanted.kind == "email":
            return "a mail address is a person's"
        if wanted.kind in ("md5", "sha1", "sha256"):
            return None
        host = host_of(urlsplit(wanted.value)) if wanted.kind == "url" else wanted.value
        try:
            target = ip_address(host)
        except ValueError:
            return self._keeps_name(host)
        if any(not each.is_global or each.is_multicast for each in (target, *_within(target))):
            return "a private or reserved address"
        own = any(target.version == net.version and target in net for net in self.networks)
        hits = self.protected.address(str(target))
        return "an own address" if own or any(hit.guard in _ADDRESS_GUARDS for hit in hits) else None

    def _keeps_name(self, host: str) -> str | None:
        if "." not in host or host.endswith(_LOCAL):
            return "an internal name"
        own = (each.strip(".").lower() for each in (*self.domains, *self.protected.domains))
        return "an own domain" if any(host == each or host.endswith(f".{each}") for each in own) else None


def _within(target: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """IPv4 addresses that an IPv6 address carries."""
    if isinstance(target, IPv6Address):
        yield from (each for each in (target.ipv4_mapped, target.sixtofour) if each is not None)
        if target in _NAT64:
            yield IPv4Address(int(target) & 0xFFFF_FFFF)


def bare(wanted: Observable) -> Observable:
    """A URL without its query, which may hold tokens and names; anything else as it is."""
    if wanted.kind != "url":
        return wanted
    parts = urlsplit(wanted.value)
    return Observable("url", urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))
