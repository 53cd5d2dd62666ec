"""nftables: blocks are elements of two sets in a table of our own, and the kernel itself ends them.

Packets from a blocked address are dropped before connection tracking, packets to one after routing, so that a block
holds for open connections and for forwarded ones. Each element counts what it dropped. Other tables are never touched.
A restart of this server changes nothing; a reboot forgets the blocks, as it forgets every rule that no file restores.

Source: nft(8), "Sets" and "Netfilter hooks"; libnftables-json(5).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network, summarize_address_range
from typing import Final, Literal

from pydantic import JsonValue

from servers.errors import ToolError
from servers.firewall.backend import Entry, Network, covers, plain_note
from servers.kit.answer import JsonObject
from servers.nft import Element, Held, Item, Nft, Set, hooked

TABLE: Final[JsonObject] = {"family": "inet", "table": "mcpsoc"}
SETS: Final = {4: "blocked4", 6: "blocked6"}
_TYPES: Final = {4: "ipv4_addr", 6: "ipv6_addr"}
_PROTOCOLS: Final = {4: "ip", 6: "ip6"}
_CHAINS: Final = {"from_blocked": ("prerouting", "saddr"), "to_blocked": ("postrouting", "daddr")}
_PRIORITY: Final = -300
"""Before connection tracking (-200): a blocked packet makes no state."""
_NOTES: Final = frozenset({"counter", "log"})
"""Statements that only write down."""
_HARMLESS: Final = frozenset({"match", "limit", "drop"})
"""Statements that let nothing pass: a rule of these and notes alone leaves what follows in force."""


@dataclass(frozen=True, slots=True)
class NftBlocks:
    """The two sets."""

    nft: Nft
    lapses: Literal["backend", "server"] = "backend"
    unproved: str = ""

    def entries(self) -> Sequence[Entry]:
        """Elements of both sets. A set that the rules do not drop by blocks nothing, whatever it holds."""
        items = self._table()
        return _elements(items, _dropping(items))

    def covering(self, network: Network) -> Entry | None:
        """The element that holds all of `network`."""
        return next((entry for entry in self.entries() if covers(entry.network, network)), None)

    def holding(self, network: Network) -> Sequence[Entry]:
        """The elements that hold all of `network`, whatever the rules make of their set: they may drop one direction,
        and those that a block writes anew drop both."""
        return [entry for entry in self._held() if covers(entry.network, network)]

    def try_block(self, network: Network, lasts: timedelta, note: str) -> bool:
        """Have the kernel's program check the whole change."""
        self._apart(network)
        self.nft.apply(self._blocking(network, lasts, note), dry=True)
        return True

    def block(self, network: Network, lasts: timedelta, note: str) -> datetime | None:
        """Set the element with its timeout, and whatever of the table is missing, at once."""
        self._apart(network)
        self.nft.apply(self._blocking(network, lasts, note))
        return datetime.now(UTC) + lasts

    def unblock(self, network: Network) -> bool:
        """Take the element out."""
        if all(entry.network != network for entry in self._held()):
            return False
        self.nft.apply([{"delete": {"element": _element(network, _written(network))}}])
        return True

    def probe(self) -> str:
        """Whether the packet filter answers, and what is in force."""
        items = self.nft.listed("tables")
        ours = "inet mcpsoc is there" if _ours(items) else "no block made yet"
        return f"nftables, {sum(item.table is not None for item in items)} tables, {ours}"

    def _table(self) -> list[Item]:
        """Our table; nothing where there is none."""
        return self.nft.listed("table", "inet", "mcpsoc") if _ours(self.nft.listed("tables")) else []

    def _held(self) -> Sequence[Entry]:
        """Elements of both sets, in force or not."""
        return _elements(self._table(), frozenset(SETS.values()))

    def _apart(self, network: Network) -> None:
        """Raises: ToolError for a network that lies in a blocked one, or around one: a set holds no overlaps. And for
        one that somebody blocked for ever, whose block would end with ours."""
        entries = self._held()
        if any(entry.network == network and entry.until is None for entry in entries):
            message = "it is blocked already, without an end, by somebody else"
            raise ToolError("blocked_already", message, "ours would end it with the time of ours")
        others = [entry.network for entry in entries if entry.network != network]
        if any(covers(other, network) or covers(network, other) for other in others):
            hint = "lift the other block first, see firewall_list_blocks"
            raise ToolError("overlaps", "a block in force lies within or around this network", hint)

    def _blocking(self, network: Network, lasts: timedelta, note: str) -> list[JsonObject]:
        """Everything a block needs. Adding, deleting and adding again moves the end of an element that is there."""
        written = _written(network)
        seconds = max(1, round(lasts.total_seconds()))
        timed: JsonObject = {"elem": {"val": written, "timeout": seconds, "comment": plain_note(note)}}
        bare: JsonObject = {"element": _element(network, written)}
        return [*self._missing(), {"add": bare}, {"delete": bare}, {"add": {"element": _element(network, timed)}}]

    def _missing(self) -> list[JsonObject]:
        """Commands that make the table; those for its rules only where they do not drop yet."""
        made: list[JsonObject] = [{"add": {"table": {"family": "inet", "name": "mcpsoc"}}}]
        made += [{"add": {"set": _set(version)}} for version in SETS]
        made += [{"add": {"chain": _chain(name, hook)}} for name, (hook, _) in _CHAINS.items()]
        if _dropping(self._table()) == set(SETS.values()):
            return made
        for chain, (_, field) in _CHAINS.items():
            made.append({"flush": {"chain": {**TABLE, "name": chain}}})
            made += [{"add": {"rule": _drop(chain, field, version)}} for version in SETS]
        return made


def _ours(tables: Sequence[Item]) -> bool:
    wanted = (TABLE["family"], TABLE["table"])
    return any(wanted == (item.table.get("family"), item.table.get("name")) for item in tables if item.table)


def _set(version: int) -> JsonObject:
    flags: list[JsonValue] = ["interval", "timeout"]
    counted: list[JsonValue] = [{"counter": None}]
    return {**TABLE, "name": SETS[version], "type": _TYPES[version], "flags": flags, "stmt": counted}


def _chain(name: str, hook: str) -> JsonObject:
    return {**TABLE, "name": name, "type": "filter", "hook": hook, "prio": _PRIORITY, "policy": "accept"}


def _match(field: str, version: int) -> JsonObject:
    left: JsonObject = {"payload": {"protocol": _PROTOCOLS[version], "field": field}}
    return {"match": {"op": "==", "left": left, "right": f"@{SETS[version]}"}}


def _drop(chain: str, field: str, version: int) -> JsonObject:
    return {**TABLE, "chain": chain, "expr": [_match(field, version), {"counter": None}, {"drop": None}]}


def _element(network: Network, value: JsonValue) -> JsonObject:
    return {**TABLE, "name": SETS[network.version], "elem": [value]}


def _written(network: Network) -> JsonValue:
    """A network as libnftables takes it: from its bits, never from text that somebody gave."""
    address = str(network.network_address)
    if network.prefixlen == network.max_prefixlen:
        return address
    return {"prefix": {"addr": address, "len": network.prefixlen}}


def _dropping(items: Sequence[Item]) -> set[str]:
    """The sets that both chains drop by, before any rule that says something else."""
    first = [_first(items, chain, field) for chain, (_, field) in _CHAINS.items()]
    hooks = all(hooked(items, chain, hook) for chain, (hook, _) in _CHAINS.items())
    return set.intersection(*first) if hooks else set()


def _first(items: Sequence[Item], chain: str, field: str) -> set[str]:
    """The sets that a chain drops by, before any rule that may let a packet pass."""
    ours = {SETS[version]: [_match(field, version), {"drop": None}] for version in SETS}
    found: set[str] = set()
    for rule in (item.rule for item in items if item.rule is not None and item.rule.chain == chain):
        kept = [part for part in rule.expr if not _NOTES.intersection(part)]
        if any(_HARMLESS.isdisjoint(part) for part in kept):
            break
        found |= {name for name, drop in ours.items() if kept == drop}
    return found


def _elements(items: Sequence[Item], sets: Collection[str]) -> tuple[Entry, ...]:
    now = datetime.now(UTC)
    found = [item.set for item in items if item.set is not None and item.set.name in sets]
    return tuple(entry for held in found for entry in _entries(held, now))


def _entries(held: Set, now: datetime) -> Iterator[Entry]:
    for item in held.elem:
        element = item.elem if isinstance(item, Held) else Element(val=item)
        for network in _networks(element.val):
            yield _entry(network, element, now)


def _entry(network: Network, element: Element, now: datetime) -> Entry:
    left, lasts = element.expires, element.timeout
    until = None if left is None else now + timedelta(seconds=left)
    since = None if until is None or lasts is None else until - timedelta(seconds=lasts)
    passed = element.counter
    return Entry(
        network,
        since,
        until,
        by="table inet mcpsoc",
        note=element.comment,
        packets=None if passed is None else passed.packets,
        bytes=None if passed is None else passed.bytes,
    )


def _networks(value: JsonValue) -> Sequence[Network]:
    """What an element stands for: an address, a prefix or a range."""
    match value:
        case str():
            return (ip_network(value),)
        case {"prefix": {"addr": str(address), "len": int(length)}}:
            return (ip_network((address, length)),)
        case {"range": [str(first), str(last)]}:
            return tuple(summarize_address_range(ip_address(first), ip_address(last)))
    raise ToolError("bad_answer", "nft listed an element that is no address", "is the table ours?")
