"""When two spellings mean the same: accounts, hosts and addresses on one side, moments in time on the other."""

import ipaddress
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"\d{9,19}(?:\.\d{1,9})?")
_UNITS: Final = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (0.0, 1.0))
"""Epoch numbers by size: nanoseconds, microseconds, milliseconds, seconds."""


def moment_of(value: JsonValue) -> datetime | None:
    """The moment a value names: ISO 8601 with a zone, or an epoch number; None for anything else.

    A time without a zone names no moment."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_epoch(float(value))
    if not isinstance(value, str):
        return None
    if _DIGITS.fullmatch(value):
        return _from_epoch(float(value))
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def same_entity(first: JsonValue, second: JsonValue) -> bool:
    """Whether two values name one account, host, address or hash.

    Case is ignored. A domain is ignored when only one side has one; two different domains are two entities."""
    if not isinstance(first, str) or not isinstance(second, str):
        return False
    left, right = _fold(first), _fold(second)
    if not left or not right:
        return False
    if left == right:
        return True
    addresses = address_of(left), address_of(right)
    if addresses != (None, None):
        return addresses[0] == addresses[1]
    return _same_name(left, right)


def _same_name(left: str, right: str) -> bool:
    (name, domain), (other, elsewhere) = _account(left), _account(right)
    if domain or elsewhere:
        return bool(name) and name == other and (not domain or not elsewhere or _same_domain(domain, elsewhere))
    return _same_domain(left, right) and _is_host(left) and _is_host(right)


def _account(text: str) -> tuple[str, str]:
    """(account, domain) of `domain\\account` or `account@domain`; the domain is empty when there is none."""
    if "\\" in text:
        domain, _, name = text.rpartition("\\")
        return name, domain
    name, _, domain = text.partition("@")
    return name, domain


def _same_domain(left: str, right: str) -> bool:
    """Whether one is the first label of the other: `corp` and `corp.example.org`, or a host with and without domain."""
    short, long = sorted((left.rstrip("."), right.rstrip(".")), key=len)
    return short == long or ("." not in short and long.startswith(f"{short}."))


def _is_host(text: str) -> bool:
    return re.fullmatch(r"(?!\d+\.?$)[\w-]+(?:\.[\w-]+)*\.?", text) is not None


def address_of(text: str) -> str | None:
    """The one spelling of an IP address; None for anything else."""
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


_INSIDE: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("fc00::/7", "fe80::/10", "::1/128"),
        ),
    )
)
"""Networks that are nobody's in particular: private, shared by a carrier's customers, link-local, the host itself."""


def is_inside(text: str) -> bool:
    """Whether an address is of a network that everybody may have inside, so that nobody outside can say whose it is."""
    if (spelt := address_of(text)) is None:
        return False
    address = ipaddress.ip_address(spelt)
    return any(address.version == network.version and address in network for network in _INSIDE)


def _fold(text: str) -> str:
    """Lower case without turning a foreign look-alike into an ASCII letter (the Kelvin sign is no `k`)."""
    stripped = text.strip()
    if stripped.isascii():
        return stripped.lower()
    return "".join(map(_lower, unicodedata.normalize("NFC", "".join(map(_marked, stripped)))))


def _marked(char: str) -> str:
    """A foreign letter that normalisation would turn into an ASCII one, kept apart."""
    return f"{char}\0" if not char.isascii() and unicodedata.normalize("NFC", char).isascii() else char


def _lower(char: str) -> str:
    return char.lower() if char.isascii() or not char.lower().isascii() else char


def _from_epoch(number: float) -> datetime | None:
    scale = next(factor for limit, factor in _UNITS if abs(number) >= limit)
    try:
        return _EPOCH + timedelta(seconds=number * scale)
    except (OverflowError, ValueError):
        return None
