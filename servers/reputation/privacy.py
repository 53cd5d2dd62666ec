"""What may be asked of an outside service: public things alone, and of a URL no more than scheme, host and path."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from socket import inet_aton
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from servers.kit import Protected
from servers.kit.guards import carried
from servers.observables import Observable, address, host_of

_LOCAL: Final = (".local", ".internal", ".lan", ".home", ".corp", ".intranet", ".localhost", ".arpa", ".test", ".onion")
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")
"""The last label of what programs take for an address and never for a name."""
_EVERYBODYS: Final = (IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96"))
"""Where IPv6 is the same for all: global unicast, and NAT64 of addresses that are. Source: RFC 4291, RFC 6052."""
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
            target = _address(host)
        except ValueError:
            return self._keeps_name(host)
        if not _routed(target) or any(not _routed(each.network_address) for each in carried(ip_network(target))):
            return "a private or reserved address"
        hits = self._own().address(str(target))
        return "an own address" if any(hit.guard in _ADDRESS_GUARDS for hit in hits) else None

    def _keeps_name(self, host: str) -> str | None:
        if "." not in host or host.endswith(_LOCAL) or _NUMBER.fullmatch(host.rpartition(".")[2]):
            return "an internal name"
        return "an own domain" if any(hit.guard == "own_domain" for hit in self._own().domain(host)) else None

    def _own(self) -> Protected:
        """What is protected, and what is kept from outside alone."""
        addresses = (*self.protected.addresses, *self.networks)
        return replace(self.protected, addresses=addresses, domains=(*self.protected.domains, *self.domains))


def _address(host: str) -> IPv4Address | IPv6Address:
    """An address, in the short, hexadecimal and octal forms too that programs take (`10.1`, `0x7f.1`).

    Raises: ValueError when it is none."""
    try:
        return address(host)
    except ValueError:
        try:
            return IPv4Address(inet_aton(host))
        except OSError:
            raise ValueError("no address") from None


def _routed(target: IPv4Address | IPv6Address) -> bool:
    """Whether everybody outside means the same by it."""
    if isinstance(target, IPv6Address) and target.scope_id is not None:
        return False
    everybody = isinstance(target, IPv4Address) or any(target in net for net in _EVERYBODYS)
    return everybody and target.is_global and not target.is_multicast


def bare(wanted: Observable) -> Observable:
    """A URL without its query, which may hold tokens and names; anything else as it is."""
    if wanted.kind != "url":
        return wanted
    parts = urlsplit(wanted.value)
    return Observable("url", urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))
