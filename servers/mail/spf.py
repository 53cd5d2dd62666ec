"""Whether an address may send for a domain, evaluated over given records.

Source: RFC 7208 (version 1; sections 4.6.4 for the bounds, 7 for macros). `ptr` is not evaluated: it never matches.
"""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal, TypeAlias

from servers.mail.zone import Zone, ZoneDown

Result: TypeAlias = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"]
_QUALIFIERS: dict[str, Result] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_TERMS = 60
_TERM = re.compile(r"([+\-~?]?)([a-z0-9]+)(?:[:=]([^/]*))?((?:/\d{1,3}){0,1}(?://\d{1,3})?)", re.IGNORECASE)
_MACRO = re.compile(r"%\{([slodiphcrtv])(\d{0,3})(r?)([.\-+,/_=]*)\}|%([%_\-])", re.IGNORECASE)
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{1,63}", re.IGNORECASE)


class _Broken(Exception):
    """The record cannot be evaluated: permerror."""


@dataclass(slots=True)
class _Check:
    zone: Zone
    address: IPv4Address | IPv6Address
    sender: str
    lookups: int = 0
    void: int = 0
    seen: list[str] = field(default_factory=list)

    def count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Broken

    def records(self, name: str) -> tuple[str, ...]:
        """Addresses of a name, of the family asked about."""
        found = self.zone.records(name, "A" if self.address.version == 4 else "AAAA")
        if not found:
            self.void += 1
            if self.void > MOST_VOID:
                raise _Broken
        return found


def evaluate(zone: Zone, address: str, sender: str, helo: str) -> Result:
    """What the domain of `sender` (of `helo` for an empty one) says about mail from `address`."""
    domain = sender.rpartition("@")[2].lower() or helo.lower()
    check = _Check(zone, ip_address(address), sender or f"postmaster@{helo}")
    try:
        return _host(check, domain)
    except _Broken:
        return "permerror"
    except ZoneDown:
        return "temperror"


def _host(check: _Check, domain: str) -> Result:
    if not _NAME.fullmatch(domain) or len(domain) > 253:
        return "none"
    if (terms := _terms(check.zone, domain)) is None:
        return "none"
    redirect = ""
    for term in terms:
        qualifier, name, value, mask = term
        if name == "redirect":
            redirect = value
        elif name != "exp" and _matches(check, domain, name, value, mask):
            return _QUALIFIERS[qualifier or "+"]
    if not redirect:
        return "neutral"
    check.count()
    result = _host(check, _expanded(check, domain, redirect))
    return "permerror" if result == "none" else result


def _terms(zone: Zone, domain: str) -> list[tuple[str, str, str, str]] | None:
    found = [text for text in zone.records(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return None
    words = found[0].split()[1:]
    if len(found) > 1 or len(words) > MOST_TERMS:
        raise _Broken
    return [_term(word) for word in words]


def _term(word: str) -> tuple[str, str, str, str]:
    if word.lower().lstrip("+-~?").startswith(("ip4:", "ip6:")):
        qualifier = word[0] if word[0] in _QUALIFIERS else ""
        name, _, value = word[len(qualifier) :].partition(":")
        return qualifier, name.lower(), value, ""
    match = _TERM.fullmatch(word)
    if match is None:
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*=.*", word):
            return "", "exp", "", ""
        raise _Broken
    qualifier, name, value, mask = (part or "" for part in match.groups())
    unknown = "=" in word and name.lower() != "redirect"
    return qualifier, "exp" if unknown else name.lower(), value, mask


def _matches(check: _Check, domain: str, name: str, value: str, mask: str) -> bool:
    match name:
        case "all":
            return True
        case "ip4" | "ip6":
            return _in_network(check, value)
        case "a":
            check.count()
            return _among(check, check.records(_target(check, domain, value)), mask)
        case "mx":
            return _by_mx(check, _target(check, domain, value), mask)
        case "include":
            return _included(check, _target(check, domain, value))
        case "exists":
            check.count()
            return bool(check.zone.records(_target(check, domain, value), "A"))
        case "ptr":
            check.count()
            return False
        case _:
            raise _Broken


def _target(check: _Check, domain: str, value: str) -> str:
    return _expanded(check, domain, value) if value else domain


def _in_network(check: _Check, value: str) -> bool:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise _Broken from None
    return network.version == check.address.version and check.address in network


def _by_mx(check: _Check, name: str, mask: str) -> bool:
    check.count()
    hosts = check.zone.records(name, "MX")
    if len(hosts) > MOST_LOOKUPS:
        raise _Broken
    return any(_among(check, check.records(host), mask) for host in hosts)


def _included(check: _Check, name: str) -> bool:
    check.count()
    result = _host(check, name)
    if result in ("none", "permerror"):
        raise _Broken
    if result == "temperror":
        raise ZoneDown
    return result == "pass"


def _among(check: _Check, addresses: tuple[str, ...], mask: str) -> bool:
    four, _, six = mask.partition("//")
    length = four.lstrip("/") if check.address.version == 4 else six
    suffix = f"/{length}" if length else ""
    return any(_in_network(check, f"{address}{suffix}") for address in addresses)


def _expanded(check: _Check, domain: str, text: str) -> str:
    """A domain with its macros filled in."""

    def one(match: re.Match[str]) -> str:
        if match.group(5):
            return {"%": "%", "_": " ", "-": "%20"}[match.group(5)]
        value = _letter(check, domain, match.group(1).lower())
        parts = re.split(f"[{re.escape(match.group(4) or '.')}]", value)
        parts = parts[::-1] if match.group(3) else parts
        keep = int(match.group(2)) if match.group(2) else len(parts)
        return ".".join(parts[-keep:] if keep else parts)

    expanded = _MACRO.sub(one, text).rstrip(".")
    if "%" in expanded or not _NAME.fullmatch(expanded):
        raise _Broken
    return expanded[-253:].lower()


def _letter(check: _Check, domain: str, letter: str) -> str:
    local, _, sender_domain = check.sender.rpartition("@")
    ip6 = ".".join(check.address.exploded.replace(":", ""))
    values = {
        "s": check.sender,
        "l": local,
        "o": sender_domain,
        "d": domain,
        "h": domain,
        "i": str(check.address) if check.address.version == 4 else ip6,
        "v": "in-addr" if check.address.version == 4 else "ip6",
    }
    if letter not in values:
        raise _Broken
    return values[letter]
