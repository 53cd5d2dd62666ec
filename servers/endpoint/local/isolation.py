"""Cutting this machine, or one network namespace of it, off: a table of its own in the packet filter.

Everything that is neither loopback nor from or to a management address is dropped, before connection tracking on the
way in and after routing on the way out, so that open and forwarded connections end too. Other tables are never touched.
The kernel keeps the table until a reboot; whoever is root on the machine can delete it, and packets written straight to
a device pass it: isolation at the switch is stronger.

Source: nft(8), libnftables-json(5).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from servers.endpoint.local.machine import Here
from servers.kit import Plan, Protected
from servers.kit.answer import JsonObject
from servers.kit.guards import Network
from servers.nft import Item, Nft, hooked

NAME: Final = "mcpsoc_isolation"
TABLE: Final[JsonObject] = {"family": "inet", "table": NAME}
_CHAINS: Final = {"in": ("prerouting", "iifname", "saddr"), "out": ("postrouting", "oifname", "daddr")}
_PRIORITY: Final = -350
"""Before the blocks of the firewall server (-300) and connection tracking (-200)."""
_PROTOCOLS: Final = {4: "ip", 6: "ip6"}
_NEIGHBOURS: Final = ("nd-neighbor-solicit", "nd-neighbor-advert")
"""Without these no IPv6 address on the same cable is found, a management address neither."""
_MINE: Final = frozenset({"protected_host", "protected_address"})
"""Guards that hold here too. That it is this machine is what isolating it means."""


@dataclass(frozen=True, slots=True)
class LocalIsolation:
    """This machine's network, or a namespace."""

    nft: Nft
    management: tuple[Network, ...]
    here: Callable[[], Here]
    protected: Protected

    def plan(self, host: str) -> Plan:
        """Checked by the packet filter itself. Raises: ToolError."""
        here = self.here()
        here.check(host)
        self.nft.apply(self._commands(), dry=True)
        addresses = [hit for address in here.addresses for hit in self.protected.address(address)]
        hits = {hit.guard: hit for hit in (*self.protected.host(here.name), *addresses) if hit.guard in _MINE}
        return Plan(
            target=here.name,
            blast_radius=f"1 machine reaches nothing but itself and {len(self.management)} management networks",
            hits=tuple(hits.values()),
            dry_run="passed",
        )

    def isolate(self, host: str) -> None:
        """Make the table anew, at once: there is no moment without rules."""
        self.here().check(host)
        self.nft.apply(self._commands())

    def release(self, host: str) -> bool:
        """Delete the table; False when there was none."""
        self.here().check(host)
        if not self._there():
            return False
        self.nft.apply([{"delete": {"table": {"family": "inet", "name": NAME}}}])
        return True

    def isolated(self, host: str) -> bool:
        """Whether both chains are hooked and drop. A table that others emptied isolates nothing."""
        self.here().check(host)
        return self.in_force()

    def in_force(self) -> bool:
        """The same without a name. Raises: ToolError when the packet filter does not answer."""
        if not self._there():
            return False
        items = self.nft.listed("table", "inet", NAME)
        return all(self._cuts(items, chain) for chain in _CHAINS)

    def _there(self) -> bool:
        tables = [item.table for item in self.nft.listed("tables") if item.table is not None]
        return any((table.get("family"), table.get("name")) == ("inet", NAME) for table in tables)

    def _cuts(self, items: Sequence[Item], chain: str) -> bool:
        """Whether a chain is exactly ours: hooked, the accepts we wrote and nothing more, then the drop."""
        rules = [item.rule for item in items if item.rule is not None and item.rule.chain == chain]
        kept: list[JsonValue] = [[part for part in rule.expr if "counter" not in part] for rule in rules]
        return hooked(items, chain, _CHAINS[chain][0]) and kept == [*self._accepts(chain), [{"drop": None}]]

    def _commands(self) -> list[JsonObject]:
        """Add, delete and add again: whatever stood in a table of that name is gone."""
        named: JsonObject = {"table": {"family": "inet", "name": NAME}}
        made: list[JsonObject] = [{"add": named}, {"delete": named}, {"add": named}]
        for chain, (hook, _, _) in _CHAINS.items():
            made.append({"add": {"chain": {**_base(chain), "hook": hook}}})
            expressions: list[JsonValue] = [*self._accepts(chain), [{"counter": None}, {"drop": None}]]
            made += [{"add": {"rule": {**TABLE, "chain": chain, "expr": each}}} for each in expressions]
        return made

    def _accepts(self, chain: str) -> list[JsonValue]:
        """What passes: loopback, the management networks, and finding neighbours where one of those is IPv6."""
        _, device, field = _CHAINS[chain]
        found: list[JsonValue] = [[_match({"meta": {"key": device}}, "lo"), {"accept": None}]]
        for network in self.management:
            protocol = _PROTOCOLS[network.version]
            left: JsonObject = {"payload": {"protocol": protocol, "field": field}}
            found.append([_match(left, _written(network)), {"accept": None}])
        if any(network.version == 6 for network in self.management):
            left = {"payload": {"protocol": "icmpv6", "field": "type"}}
            found += [[_match(left, kind), {"accept": None}] for kind in _NEIGHBOURS]
        return found


def _base(chain: str) -> JsonObject:
    return {**TABLE, "name": chain, "type": "filter", "prio": _PRIORITY, "policy": "accept"}


def _match(left: JsonObject, right: JsonValue) -> JsonObject:
    return {"match": {"op": "==", "left": left, "right": right}}


def _written(network: Network) -> JsonValue:
    """A network as libnftables takes it, from its bits."""
    address = str(network.network_address)
    if network.prefixlen == network.max_prefixlen:
        return address
    return {"prefix": {"addr": address, "len": network.prefixlen}}
