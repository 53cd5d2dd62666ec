"""Records of the domain name system: from a file that was saved with the message, or from one resolver."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from pydantic import TypeAdapter, ValidationError

from servers.errors import ToolError

Kind: TypeAlias = Literal["TXT", "A", "AAAA", "MX"]
MOST_BYTES = 2_000_000
_Saved: TypeAlias = dict[str, dict[Kind, list[str]]]


class ZoneDown(Exception):
    """The records could not be asked for: that says nothing about whether there are any."""


class Zone(Protocol):
    """Where records are looked up."""

    def records(self, name: str, kind: Kind) -> tuple[str, ...]:
        """Records of a name, empty when there are none; an MX as its host's name.

        Raises: ZoneDown."""


@dataclass(frozen=True, slots=True)
class SavedZone:
    """Records kept in a file; a name it lacks has none."""

    names: Mapping[str, Mapping[Kind, list[str]]]

    def records(self, name: str, kind: Kind) -> tuple[str, ...]:
        """Records of a name as the file has them."""
        return tuple(self.names.get(name.rstrip(".").lower(), {}).get(kind, ()))


@dataclass(frozen=True, slots=True)
class LiveZone:
    """One name server, asked directly."""

    server: str
    port: int
    timeout_s: float

    def records(self, name: str, kind: Kind) -> tuple[str, ...]:
        """Records of a name as the server answers now."""
        import dns.exception
        import dns.resolver

        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = [self.server], self.port, self.timeout_s
        try:
            answer = resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
            return tuple(_text(row) for row in answer)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise ZoneDown from error


def _text(row: object) -> str:
    if (pieces := getattr(row, "strings", None)) is not None:
        return b"".join(pieces).decode("utf-8", "replace")
    return str(getattr(row, "exchange", row)).rstrip(".")


def saved(path: Path) -> SavedZone:
    """The records of a YAML or JSON file: name, then kind, then the values.

    Raises: ToolError when it cannot be read or is something else."""
    import yaml

    try:
        content = path.read_bytes()
        if len(content) > MOST_BYTES:
            raise ToolError("bad_records", "the file of DNS records is larger than 2 MB", "keep only what is needed")
        names = TypeAdapter(_Saved).validate_python(yaml.safe_load(content) or {})
    except (OSError, yaml.YAMLError, ValidationError, RecursionError):
        hint = "a mapping of names to {TXT: [...], A: [...], MX: [...]}"
        raise ToolError("bad_records", "the file of DNS records cannot be read", hint) from None
    return SavedZone({name.rstrip(".").lower(): kinds for name, kinds in names.items()})


def live(server: str, timeout_s: float) -> LiveZone:
    """The name server at `address` or `address:port` (`[address]:port` for IPv6).

    Raises: ValueError when that is no address."""
    host, port = server, "53"
    if server.startswith("["):
        host, _, rest = server[1:].partition("]")
        port = rest.lstrip(":") or "53"
    elif server.count(":") == 1:
        host, _, port = server.partition(":")
    return LiveZone(str(ip_address(host)), int(port), timeout_s)
