"""When two spellings may mean one host, account or address, for finding what an entry touches.

Generous on purpose: case and domain are ignored, so that an entry for the wrong domain is found and shown as a near
miss. Whether an entry fits is judged by the reader, more strictly.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address


def same_host(one: str, other: str) -> bool:
    """Whether first labels agree; hosts named by address are compared as addresses."""
    if _parsed(one) is not None or _parsed(other) is not None:
        return same_address(one, other)
    return _folded(one).partition(".")[0] == _folded(other).partition(".")[0]


def same_account(one: str, other: str) -> bool:
    """Whether names agree without their domains: `CORP\\kim`, `kim@corp.example` and `Kim` may be one."""
    return _bare(one) == _bare(other)


def same_address(one: str, other: str) -> bool:
    """Whether both are one IP address in any spelling: IPv6 short, long, in brackets, with a zone, or mapping IPv4."""
    first = _parsed(one)
    return first is not None and first == _parsed(other)


def same_technique(named: str, asked: str) -> bool:
    """Whether an entry that names `named` speaks of `asked`: the same technique, or its parent."""
    return named == asked or asked.startswith(f"{named}.")


def _folded(name: str) -> str:
    return name.strip().casefold()


def _bare(account: str) -> str:
    return _folded(account).rpartition("\\")[2].partition("@")[0]


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip().removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
