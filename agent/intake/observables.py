"""What of an alert can be looked up."""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from agent.models import Alert, AlertField, Observable

ObservableType: TypeAlias = Literal["address", "account", "host", "sha256", "domain", "url", "process", "access_key"]


def _address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    return None if address.is_loopback or address.is_unspecified else str(address)


def _account(text: str) -> str | None:
    return None if text.lower() in {"system", "local service", "network service", "anonymous logon"} else text


def _host(text: str) -> str | None:
    return text or None


def _sha256(text: str) -> str | None:
    is_hash = len(text) == 64 and all(character in "0123456789abcdef" for character in text.lower())
    return text.lower() if is_hash else None


def _domain(text: str) -> str | None:
    name = text.rstrip(".").lower()
    return name if "." in name and _address(name) is None and len(name) <= 253 else None


@dataclass(frozen=True, slots=True)
class Kind:
    """The type a field gives, and how its text is made canonical."""

    type: ObservableType
    canonical: Callable[[str], str | None]


KINDS: Final = {
    "source.ip": Kind("address", _address),
    "destination.ip": Kind("address", _address),
    "related.ip": Kind("address", _address),
    "email.sender_ip": Kind("address", _address),
    "host.name": Kind("host", _host),
    "user.name": Kind("account", _account),
    "user.attempted_name": Kind("account", _account),
    "user.target.name": Kind("account", _account),
    "user.principal": Kind("account", _account),
    "related.user.name": Kind("account", _account),
    "process.hash.sha256": Kind("sha256", _sha256),
    "process.parent.hash.sha256": Kind("sha256", _sha256),
    "file.hash.sha256": Kind("sha256", _sha256),
    "email.attachment.sha256": Kind("sha256", _sha256),
    "dns.question.name": Kind("domain", _domain),
    "destination.domain": Kind("domain", _domain),
    "url.full": Kind("url", _host),
    "process.entity_id": Kind("process", _host),
    "cloud.access_key": Kind("access_key", _host),
}
"""Fields that hold something to look up."""


def observables(alert: Alert) -> tuple[Observable, ...]:
    """Everything to look up, each once; of two fields that name the same thing the better-attested one speaks."""
    found: dict[tuple[ObservableType, str], Observable] = {}
    for field in alert.fields:
        for observable in _of(field):
            key = (observable.type, observable.value.lower())
            if key not in found or observable.provenance < found[key].provenance:
                found[key] = observable
    return tuple(found.values())


def _of(field: AlertField) -> Iterator[Observable]:
    if (kind := KINDS.get(field.name)) is None:
        return
    for item in field.value if isinstance(field.value, tuple) else (field.value,):
        if (value := kind.canonical(str(item).strip())) is not None:
            yield Observable(type=kind.type, value=value, provenance=field.provenance)
