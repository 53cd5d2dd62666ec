"""What an indicator is: an address, a domain, a URL, a file hash or a mail address, in one spelling."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import AfterValidator
from pydantic.networks import IPvAnyAddress

from servers.domains import plain
from servers.errors import ToolError

Kind: TypeAlias = Literal["address", "domain", "url", "md5", "sha1", "sha256", "email"]
Address: TypeAlias = IPv4Address | IPv6Address
HASHES: Final[dict[int, Kind]] = {32: "md5", 40: "sha1", 64: "sha256"}
"""By number of hex digits."""
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@\"'\\<>]{1,64}@[^\s@]{1,255}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}", re.IGNORECASE)
_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}
_LONGEST: Final = 2_048


@dataclass(frozen=True, slots=True)
class Observable:
    """Something that can be looked up, by kind and spelling."""

    kind: Kind
    value: str


def observable(text: str) -> Observable:
    """What a text names; defanged spellings (`hxxp`, `[.]`) too.

    Raises: ToolError when it is nothing that can be looked up."""
    try:
        return read(text)
    except ValueError:
        message = "this is no address, domain, URL, file hash or mail address"
        raise ToolError("invalid_argument", message, "give one of them, whole") from None


def read(text: str) -> Observable:
    """The same, for text of a file or feed. Raises: ValueError."""
    value = fanged(text.strip())
    if not value or len(value) > _LONGEST or not value.isprintable():
        raise ValueError("not an observable")
    if _HEX.fullmatch(value) and len(value) in HASHES:
        return Observable(HASHES[len(value)], value.lower())
    if "://" in value:
        return Observable("url", url(value))
    if _MAIL.fullmatch(value):
        name, _, domain = value.rpartition("@")
        return Observable("email", f"{name.lower()}@{plain(domain)}")
    try:
        return Observable("address", str(address(value)))
    except ValueError:
        return Observable("domain", domain_of(value))


def fanged(text: str) -> str:
    """A text without the marks that keep programs from making links of it."""
    text = text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("[@]", "@")
    return re.sub(r"^h(?:xx|XX)p(s?)(?=://)", r"http\1", text)


def address(text: str) -> Address:
    """An address; one of IPv4 that is written as IPv6, as IPv4. Raises: ValueError."""
    return unmapped(ip_address(text))


def unmapped(found: Address) -> Address:
    """An address; one of IPv4 that is written as IPv6, as IPv4."""
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


AskedAddress = Annotated[IPvAnyAddress, AfterValidator(unmapped)]
"""An address that is asked for, in the one spelling that `str` gives: records are compared with it as text."""


def domain_of(text: str) -> str:
    """A domain name of at least two labels whose last is no number. Raises: ValueError."""
    name = plain(text)
    if "." not in name or name.rpartition(".")[2].isdigit():
        raise ValueError("not a domain name")
    return name


def url(text: str) -> str:
    """A URL in one spelling: scheme and host in lower case, no credentials, no port that goes without saying, no
    fragment. Raises: ValueError."""
    parts = urlsplit(text)
    if not _SCHEME.fullmatch(parts.scheme) or not parts.hostname:
        raise ValueError("not a URL")
    scheme, host = parts.scheme.lower(), host_of(parts)
    port = "" if parts.port in (None, _PORTS.get(scheme)) else f":{parts.port}"
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit((scheme, shown + port, parts.path or "/", parts.query, ""))


def host_of(parts: SplitResult) -> str:
    """The host of a URL: an address or a name. Raises: ValueError."""
    host = parts.hostname or ""
    try:
        return str(address(host))
    except ValueError:
        return plain(host)


def host_in(wanted: Observable) -> str | None:
    """The host that an observable is about: an address or a name; None for a hash."""
    if wanted.kind in ("address", "domain"):
        return wanted.value
    if wanted.kind == "url":
        return host_of(urlsplit(wanted.value))
    return wanted.value.rpartition("@")[2] if wanted.kind == "email" else None
