"""What this machine needs to stay reachable: its own addresses, its gateways, its name servers."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

PROC = Path("/proc/net")
RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine; without anything, none that a target could be."""

    name: str = ""
    addresses: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()
    name_servers: frozenset[str] = frozenset()


def this_machine(proc: Path = PROC, resolvers: tuple[Path, ...] = RESOLVERS) -> Machine:
    """The machine we run on, as its kernel and its resolver files say now. A file that is missing says nothing.

    Source: proc(5), resolv.conf(5)."""
    return Machine(
        socket.gethostname(),
        frozenset(_own_v4(proc)) | frozenset(_own_v6(proc)),
        frozenset(_gateways_v4(proc)) | frozenset(_gateways_v6(proc)),
        frozenset(server for file in resolvers for server in _name_servers(file)),
    )


def _own_v4(proc: Path) -> Iterator[str]:
    """Leaves of the routing trie that are marked as this host's own: `|-- 10.0.0.4` and below it `/32 host LOCAL`."""
    leaf = ""
    for line in _lines(proc / "fib_trie"):
        words = line.split()
        if words[:1] == ["|--"]:
            leaf = words[1]
        elif words[-2:] == ["host", "LOCAL"] and leaf:
            yield leaf


def _own_v6(proc: Path) -> Iterator[str]:
    for line in _lines(proc / "if_inet6"):
        yield _v6(line.split()[0])


def _gateways_v4(proc: Path) -> Iterator[str]:
    for line in _lines(proc / "route")[1:]:
        gateway = int(line.split()[2], 16)
        if gateway:
            yield str(IPv4Address(struct.pack("=I", gateway)))


def _gateways_v6(proc: Path) -> Iterator[str]:
    for line in _lines(proc / "ipv6_route"):
        if int((hop := line.split()[4]), 16):
            yield _v6(hop)


def _name_servers(file: Path) -> Iterator[str]:
    for line in _lines(file):
        words = line.split()
        if words[:1] == ["nameserver"] and len(words) > 1:
            try:
                yield str(ip_address(words[1].partition("%")[0]))
            except ValueError:
                continue


def _v6(digits: str) -> str:
    return str(IPv6Address(bytes.fromhex(digits)))


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text("ascii", "replace").splitlines() if line.strip()]
    except OSError:
        return []
