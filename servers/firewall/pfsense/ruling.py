"""Whether the rules of a box drop everything from and to what its alias names: anything less is no block.

Floating rules stand before those of groups and interfaces, and see what the box itself sends too; of them, the first
that matches and has Quick decides. Read are the rules as they are configured. The API shows neither what the box puts
before every rule (anti-lockout, port forwards that pass by association, UPnP) nor tags a rule asks for.

Source: Netgate, "Floating Rules" and "Firewall rule processing order"; the package's FirewallRule and InterfaceField,
which name an interface by its id, its description or its device, as the box is set, and allow "any".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from servers.firewall.backend import Network
from servers.firewall.pfsense.answers import Interface, Rule

_FAMILIES: Final = {4: ("inet", "inet46"), 6: ("inet6", "inet46")}
_ANY: Final = (None, "", "any")


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rules of one box, as far as they are about one alias."""

    rules: Sequence[Rule]
    alias: str
    interfaces: Sequence[Interface]

    def lacking(self, network: Network) -> Sequence[str]:
        """Why an entry on `network` would not be blocked wholly, in this program's words; nothing when it is."""
        ends = (("source", "destination"), ("destination", "source"))
        return [f"as {end}, {why}" for end, other in ends if (why := self._lack(network, end, other))]

    def _lack(self, network: Network, end: str, other: str) -> str:
        short = "no enabled block rule has the alias"
        for rule in self.rules:
            if rule.disabled:
                continue
            if rule.type == "pass" and _may_pass(rule, end, network):
                return "a floating pass rule with Quick stands before its block rule"
            if rule.type in ("block", "reject") and getattr(rule, end) == self.alias:
                why = next(self._shortfalls(rule, other, network.version), "")
                if not why:
                    return ""
                short = f"its block rule {why}"
        return short

    def _shortfalls(self, rule: Rule, other: str, version: int) -> Iterator[str]:
        """What makes a block rule less than a block of everything."""
        if not (rule.floating and rule.quick):
            yield "is not floating with Quick"
        if rule.direction not in _ANY:
            yield "is for one direction"
        if rule.ipprotocol not in _FAMILIES[version]:
            yield f"is not for IPv{version}"
        if rule.protocol not in _ANY or rule.source_port not in _ANY or rule.destination_port not in _ANY:
            yield "is for some protocols or ports"
        if getattr(rule, other) != "any":
            yield f"is for some {other}s"
        if rule.sched or rule.dscp:
            yield "holds at some times or for some packets"
        if not self._everywhere(rule):
            yield "is not on every interface"

    def _everywhere(self, rule: Rule) -> bool:
        """Whether a floating rule names no interface, or each one there is."""
        named = {name for name in rule.interface or () if name}
        if not named or "any" in named:
            return True
        return all(named & {face.name, face.descr, face.hwif} for face in self.interfaces)


def _may_pass(rule: Rule, end: str, network: Network) -> bool:
    """Whether a floating pass rule may let packets of `network` through before a later block rule sees them."""
    decides = rule.floating and rule.quick and rule.ipprotocol in (None, *_FAMILIES[network.version])
    return bool(decides) and _may_name(getattr(rule, end), network)


def _may_name(text: str | None, network: Network) -> bool:
    """Whether the end of a rule may hold an address of `network`: an alias, an interface or a negation always may."""
    try:
        named = ip_network(text or "any", strict=False)
    except ValueError:
        return True
    return named.version == network.version and named.overlaps(network)
