"""Connections that a box keeps track of, and ending them.

The box writes `address:port` and `address[port]`, and ends connections by the two addresses of a match. It cuts an IPv6
address at its first colon when it does so (package 2.7.1 and 2.10.0): those stay, which the read-back then says.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from servers.errors import ToolError
from servers.firewall.backend import Network, State
from servers.firewall.pfsense import answers
from servers.firewall.pfsense.client import PfSense

_IPV4 = re.compile(r"^([0-9.]{7,15})(?::(\d{1,5}))?$")
_IPV6 = re.compile(r"^([0-9A-Fa-f:.]{2,45})(?:\[(\d{1,5})\])?$")
_ENDS = ("source", "destination")
_MOST_ADDRESSES = 256
_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class BoxStates:
    """The connections of one box; `servers.firewall.backend.StateTable`."""

    box: PfSense

    def states(self, network: Network) -> Sequence[State]:
        """Connections from or to a network."""
        found: dict[State, None] = {}
        for end in _ENDS:
            for raw in self.box.states({f"{end}__startswith": _start(network)}):
                if (state := _state(raw)) is not None and _address_in(getattr(state, end), network):
                    found[state] = None
        return tuple(found)

    def kill(self, network: Network) -> int:
        """End them, address by address: a start such as 192.0.2.1 alone would reach 192.0.2.10 as well."""
        before = len(self.states(network))
        left = before
        for _ in range(_MOST_ROUNDS):
            for address in self._addresses(network):
                self._end(address)
            remaining = len(self.states(network)) if left else 0
            if remaining in (0, left):
                return before - remaining
            left = remaining
        return before - left

    def _addresses(self, network: Network) -> Sequence[str]:
        found = {a for s in self.states(network) for a in (s.source, s.destination) if _address_in(a, network)}
        if len(found) > _MOST_ADDRESSES:
            raise ToolError("too_many", f"more than {_MOST_ADDRESSES} addresses have connections", "take a smaller one")
        return sorted(found)

    def _end(self, address: str) -> None:
        bracket = "[" if ":" in address else ":"
        for end in _ENDS:
            self.box.kill({f"{end}__startswith": f"{address}{bracket}"})
            self.box.kill({end: address})


def _start(network: Network) -> str:
    """What the texts of all addresses of a network begin with; more than those may begin with it."""
    if network.version == 6 and network.prefixlen < network.max_prefixlen:
        return ":".join(f"{int(part, 16):x}" for part in network.network_address.exploded.split(":")[:2])
    first, last = str(network.network_address), str(network.broadcast_address)
    common = "".join(a for a, b in _shared(first, last) if a == b)
    return common or first[:1]


def _shared(first: str, last: str) -> Iterator[tuple[str, str]]:
    for pair in zip(first, last, strict=False):
        if pair[0] != pair[1]:
            return
        yield pair


def _state(raw: answers.State) -> State | None:
    """None for a connection whose ends are not written as addresses."""
    source, destination = _parted(raw.source), _parted(raw.destination)
    if source is None or destination is None:
        return None
    return State(
        protocol=(raw.protocol or "").lower(),
        source=source[0],
        destination=destination[0],
        source_port=source[1],
        destination_port=destination[1],
        phase=raw.state,
        packets=raw.packets_total,
        bytes=raw.bytes_total,
    )


def _parted(text: str | None) -> tuple[str, int | None] | None:
    match = _IPV4.match(text or "") or _IPV6.match(text or "")
    if match is None:
        return None
    try:
        return str(ip_address(match.group(1))), int(match.group(2)) if match.group(2) else None
    except ValueError:
        return None


def _address_in(text: str, network: Network) -> bool:
    address = ip_address(text)
    return address.version == network.version and address in network
