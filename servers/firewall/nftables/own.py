"""What a network space needs to stay reachable, where it is not the machine's own.

Source: ip-address(8), ip-route(8), resolv.conf(5).
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from servers.errors import ToolError
from servers.kit.machine import ROUTES, Machine, hops
from servers.nft import Space


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Address(_Said):
    local: str = ""


class _Link(_Said):
    addr_info: list[_Address] = Field(default_factory=list)


_LINKS: Final = TypeAdapter(list[_Link])


def machine_of(space: Space) -> Machine:
    """Addresses, gateways and name servers as seen from inside. Raises: ToolError when nobody can tell."""
    try:
        links = _LINKS.validate_json(_asked(space, "-j", "addr", "show"))
    except ValidationError:
        raise ToolError("bad_answer", "ip gave an answer that cannot be read", "see ip -j addr") from None
    resolver = space.ran(["cat", "/etc/resolv.conf"]).stdout.decode("ascii", "replace")
    return Machine(
        addresses=frozenset(address.local for link in links for address in link.addr_info if address.local),
        gateways=frozenset[str]().union(*(hops(_asked(space, *asked)) for asked in ROUTES)),
        name_servers=frozenset(_name_servers(resolver)),
    )


def _asked(space: Space, *words: str) -> bytes:
    done = space.ran(["ip", *words])
    if done.code != 0:
        raise ToolError("unreachable", "the addresses of the network cannot be looked up", "see ip addr")
    return done.stdout or b"[]"


def _name_servers(resolver: str) -> Iterator[str]:
    for words in (line.split() for line in resolver.splitlines()):
        if words[:1] == ["nameserver"] and len(words) > 1 and _is_address(words[1]):
            yield words[1]


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False
