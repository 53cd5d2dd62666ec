"""Addresses that keep their place: what was inside stays inside, what shared a network still shares one.

Every bit below the kept ones is flipped or not by a key and the bits above it, as in Crypto-PAn (Xu et al., 2002)."""

import ipaddress
from typing import Final, TypeAlias

from agent.replay.aliases.shapes import Shapes

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

HOME: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""Networks that are somebody's inside by their address alone."""
FIXED: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "224.0.0.0/3", "::/127", "ff00::/8")
)
"""Addresses that mean the same everywhere."""
KEPT_OUTSIDE: Final = {4: 8, 6: 16}
"""First bits that an address outside keeps, by version."""


class Addresses:
    """Aliases of addresses by one key."""

    def __init__(self, shapes: Shapes, own: frozenset[str], *, outsiders: bool) -> None:
        """`own`: addresses outside the home networks that are ours all the same; `outsiders`: all others change too."""
        self._shapes = shapes
        self._own = own
        self._outsiders = outsiders

    def alias(self, text: str) -> str:
        """Another address of the same network's kind, with the prefix length it came with; the same text for anything
        that is no address, or stays."""
        bare, slash, length = text.partition("/")
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            return text
        if address in FIXED_SET or any(address in network for network in FIXED if network.version == address.version):
            return text
        moved = self._moved(address, bare)
        if moved is None:
            return text
        if not slash:
            return str(moved)
        return str(ipaddress.ip_network(f"{moved}/{length}", strict=False))

    def _moved(self, address: Address, text: str) -> Address | None:
        home = next((network for network in HOME if network.version == address.version and address in network), None)
        if home is not None:
            return self._flipped(address, home.prefixlen)
        if not self._outsiders and text not in self._own:
            return None
        moved = self._flipped(address, KEPT_OUTSIDE[address.version])
        while _kind(moved) != _kind(address):
            moved = self._flipped(moved, KEPT_OUTSIDE[address.version])
        return moved

    def _flipped(self, address: Address, kept: int) -> Address:
        width, bits = address.max_prefixlen, int(address)
        moved = bits
        for place in range(kept, width):
            above = bits >> (width - place)
            moved ^= self._shapes.bit(f"address:{address.version}:{place}:{above}") << (width - 1 - place)
        return type(address)(moved)


FIXED_SET: Final[frozenset[Address]] = frozenset({ipaddress.ip_address("255.255.255.255")})


def _kind(address: Address) -> tuple[bool, bool, bool, bool]:
    """What readings ask of an address: changing it must not change the answer."""
    home = any(address in network for network in HOME if network.version == address.version)
    return home, address.is_private, address.is_global, address.is_multicast
