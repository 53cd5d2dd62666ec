"""Who really sent a message: signatures and sender addresses checked here, and what others claim to have checked.

Source: RFC 6376 (DKIM), RFC 7208 (SPF), RFC 7489 (DMARC), RFC 8601 (Authentication-Results), RFC 8617 (ARC).
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, Protocol, TypeAlias, cast

from servers.mail import spf
from servers.mail.hops import Hop, handed_over
from servers.mail.message import Mail, addresses_of
from servers.mail.zone import Zone, ZoneDown

Method: TypeAlias = Literal["dkim", "spf", "dmarc"]
Result: TypeAlias = Literal[
    "pass", "fail", "softfail", "neutral", "none", "permerror", "temperror", "no_key", "not_checked"
]
MOST_SIGNATURES = 5
_AGAIN = re.compile(r"\b(dkim|spf|dmarc|arc|auth|iprev|compauth)\s*=\s*([a-z]{2,20})", re.IGNORECASE)
_TAG = re.compile(r"(?:^|;)\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Check:
    """One check made here."""

    method: Method
    result: Result
    domain: str = ""
    """Whom it speaks for."""
    selector: str = ""
    aligned: bool = False
    """Whether that is the domain a reader sees in From."""
    why: str = ""
    """Our own words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One result that a header says somebody found."""

    by: str
    method: str
    result: str
    header: Literal["Authentication-Results", "ARC-Authentication-Results"]
    ours: bool
    """Whether it names one of our own relays; believed only where those strip such headers from outside."""


class _Signatures(Protocol):
    def verify(self, idx: int, dnsfunc: Callable[..., bytes | None]) -> bool: ...


class _Dkim(Protocol):
    DKIMException: type[Exception]
    DKIM: Callable[[bytes], _Signatures]


def checked(mail: Mail, hops: tuple[Hop, ...], zone: Zone | None) -> tuple[Check, ...]:
    """DKIM for every signature, SPF for whoever handed the message over, and what DMARC makes of them."""
    if zone is None:
        why = "no DNS records to check with are configured"
        return (Check("dkim", "not_checked", why=why), Check("spf", "not_checked", why=why))
    domain = mail.sender.domain
    found = (*_dkim(mail, zone, domain), _spf(mail, hops, zone, domain))
    return (*found, _dmarc(found, zone, domain))


def claims_of(mail: Mail, own: tuple[str, ...]) -> tuple[Claim, ...]:
    """What headers say others found, each with whom it is ascribed to. Nothing here is proof."""
    found: list[Claim] = []
    for value in mail.all("Authentication-Results")[:10]:
        by = value.split(";")[0].split()[0].lower() if value.split(";")[0].split() else ""
        found += [Claim(by, m, r, "Authentication-Results", by in own) for m, r in _results(value)]
    for value in mail.all("ARC-Authentication-Results")[:10]:
        parts = [part.strip() for part in value.split(";")]
        by = next((part.split()[0].lower() for part in parts if part and "=" not in part.split()[0]), "")
        found += [Claim(by, m, r, "ARC-Authentication-Results", False) for m, r in _results(value)]
    return tuple(found[:60])


def _results(value: str) -> list[tuple[str, str]]:
    return [(name.lower(), result.lower()) for name, result in _AGAIN.findall(value[:8_000])]


def _dkim(mail: Mail, zone: Zone, domain: str) -> list[Check]:
    headers = mail.all("DKIM-Signature")[:MOST_SIGNATURES]
    return [_signature(mail, zone, domain, number, header) for number, header in enumerate(headers)] or [
        Check("dkim", "none", why="the message is not signed")
    ]


def _signature(mail: Mail, zone: Zone, domain: str, number: int, header: str) -> Check:
    tags = {name.lower(): value.strip() for name, value in _TAG.findall(header)}
    signer, selector = tags.get("d", "").lower()[:253], tags.get("s", "")[:120]
    result, why = _verified(mail.raw, number, zone, f"{selector}._domainkey.{signer}")
    return Check("dkim", result, signer, selector, aligned(signer, domain), why)


def _verified(raw: bytes, number: int, zone: Zone, name: str) -> tuple[Result, str]:
    library = cast(_Dkim, importlib.import_module("dkim"))

    def record(_: bytes, timeout: int = 5) -> bytes | None:
        return key.encode()

    try:
        key = next(iter(zone.records(name, "TXT")), "")
    except (ZoneDown, UnicodeError):
        return "temperror", "the signer's key could not be asked for"
    if not key:
        return "no_key", "the signer publishes no key under that name"
    try:
        good = library.DKIM(raw).verify(idx=number, dnsfunc=record)
    except library.DKIMException:
        return "fail", "the signature or the body it covers does not match, or it has expired"
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError):
        return "permerror", "the signature or its key is malformed"
    return ("pass", "") if good else ("fail", "the signature does not match its headers")


def _spf(mail: Mail, hops: tuple[Hop, ...], zone: Zone, domain: str) -> Check:
    if (handed := handed_over(hops)) is None:
        return Check("spf", "not_checked", why="no hop from outside is recorded")
    hop, attested = handed
    envelope = next(iter(addresses_of(mail.all("Return-Path"))), None)
    sender = envelope.address if envelope and "@" in envelope.address else ""
    responsible = sender.rpartition("@")[2].lower() or hop.said.lower()
    result = spf.evaluate(zone, str(ip_address(hop.address)), sender, hop.said)
    why = "for the address our relay saw" if attested else "for the address a header claims: name our relays"
    return Check("spf", result, responsible[:253], "", bool(sender) and aligned(responsible, domain), why)


def _dmarc(found: tuple[Check, ...], zone: Zone, domain: str) -> Check:
    try:
        policy = _policy(zone, domain)
    except (ZoneDown, UnicodeError):
        return Check("dmarc", "temperror", domain, why="the policy could not be asked for")
    if policy is None:
        return Check("dmarc", "none", domain, why="the domain publishes no policy")
    if any(check.result == "pass" and check.aligned for check in found):
        return Check("dmarc", "pass", domain, aligned=True, why=f"policy {policy}")
    if any(check.result == "temperror" for check in found):
        return Check("dmarc", "temperror", domain, why="a check it rests on could not be made")
    return Check("dmarc", "fail", domain, why=f"policy {policy}; no aligned signature or address passes")


def _policy(zone: Zone, domain: str) -> str | None:
    labels = domain.split(".")
    for start in range(max(len(labels) - 1, 0)):
        name = ".".join(labels[start:])
        for text in zone.records(f"_dmarc.{name}", "TXT"):
            tags = {key.lower(): value.strip().lower() for key, value in _TAG.findall(text)}
            if tags.get("v") == "dmarc1":
                wanted = tags.get("sp" if start else "p", tags.get("p", "none"))
                return wanted if wanted in ("reject", "quarantine") else "none"
    return None


def aligned(one: str, other: str) -> bool:
    """Whether two domains are the same or one lies below the other."""
    if not one or not other or "." not in one or "." not in other:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
