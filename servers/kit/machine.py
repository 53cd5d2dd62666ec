"""What this machine needs to stay reachable: its own addresses, its gateways, its name servers."""

import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from shutil import which
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from servers.errors import ToolError
from servers.kit.programs import run

PROC = Path("/proc/net")
RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
ROUTES: Final = tuple(("-j", family, "route", "show", "table", "all") for family in ("-4", "-6"))
"""What `ip` is asked for every route: of both families, in every table."""
_TIMEOUT_S: Final = 10.0
_MOST_BYTES: Final = 16_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine; without anything, none that a target could be."""

    name: str = ""
    addresses: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()
    name_servers: frozenset[str] = frozenset()


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Via(_Said):
    host: str = ""


class _Hop(_Said):
    gateway: str = ""
    via: _Via = _Via()
    """A hop of the other family."""


class _Route(_Hop):
    nexthops: list[_Hop] = Field(default_factory=list)
    """The hops of a route that has several."""


_LISTING: Final = TypeAdapter(list[_Route])


def hops(listing: bytes) -> frozenset[str]:
    """Every gateway in what `ip -j route show` prints. Source: ip-route(8).

    Raises: ToolError when it cannot be read."""
    try:
        routes = _LISTING.validate_json(listing or b"[]")
    except ValidationError:
        raise ToolError("bad_answer", "ip gave an answer that cannot be read", "see ip -j route show") from None
    found = (hop for route in routes for hop in (route, *route.nexthops))
    return frozenset(address for hop in found for address in (hop.gateway, hop.via.host) if address)


def routes_here(asked: Sequence[str]) -> bytes:
    """What `ip` prints; nothing where it is not installed, or is one that knows no JSON and so ends with 1: /proc tells
    the first hop of most routes then.

    Raises: ToolError when it fails: a gateway that nobody can name cannot be kept from a block."""
    program = which("ip") or which("ip", path="/usr/sbin:/sbin")
    if program is None:
        return b""
    done = run([program, *asked], timeout_s=_TIMEOUT_S, most_bytes=_MOST_BYTES)
    if done.code not in (0, 1):
        raise ToolError("unreachable", "the gateways of this machine cannot be looked up", "see ip route")
    return done.stdout


def this_machine(
    proc: Path = PROC,
    resolvers: tuple[Path, ...] = RESOLVERS,
    routes: Callable[[Sequence[str]], bytes] = routes_here,
) -> Machine:
    """The machine we run on, as its kernel and its resolver files say now. A file that is missing says nothing.

    Raises: ToolError when its routes cannot be looked up. Source: proc(5), resolv.conf(5), ip-route(8)."""
    return Machine(
        socket.gethostname(),
        frozenset(_own_v4(proc)) | frozenset(_own_v6(proc)),
        frozenset((*_gateways_v4(proc), *_gateways_v6(proc))).union(*(hops(routes(asked)) for asked in ROUTES)),
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
