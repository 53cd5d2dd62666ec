"""What the simulated box holds: its configuration, what of it is live, and the switches for its bad days.

Tests alone use it. It is a stand-in for a product that cannot run where the tests run, never for a box that is down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TypeAlias

from pydantic import JsonValue

Row: TypeAlias = dict[str, JsonValue]
EVERYTHING = frozenset({"page-all"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request with its answer, as it went over the wire."""

    method: str
    path: str
    query: Mapping[str, str]
    content_type: str | None
    body: JsonValue
    status: int
    answer: JsonValue
    """None when it was no JSON."""


def rule(alias: str, end: str, **more: JsonValue) -> Row:
    """A floating rule that blocks one direction."""
    return {
        "type": "block", "interface": [], "ipprotocol": "inet46", "protocol": None, "sched": None,
        "source": "any", "source_port": None, "destination": "any", "destination_port": None,
        "descr": "MCPSoc", "disabled": False, "log": True,
        "floating": True, "quick": True, "direction": "any", "tracker": 1_700_000_001,
        end: alias, **more,
    }  # fmt: skip


def alias(name: str, kind: str = "network", entries: Mapping[str, str] | None = None) -> Row:
    """An alias; `entries` are texts by address."""
    held = entries or {}
    return {"name": name, "type": kind, "descr": "by the admin", "address": [*held], "detail": [*held.values()]}


def state(source: str, destination: str, protocol: str = "tcp") -> Row:
    """A connection."""
    return {
        "interface": "em0", "protocol": protocol, "direction": "in", "source": source, "destination": destination,
        "state": "ESTABLISHED:ESTABLISHED", "age": "00:01:00", "expires_in": "23:59:00",
        "packets_total": 12, "packets_in": 6, "packets_out": 6, "bytes_total": 1_200, "bytes_in": 600,
        "bytes_out": 600,
    }  # fmt: skip


def _interfaces() -> list[Row]:
    wan: Row = {"name": "wan", "descr": "WAN", "hwif": "em0", "enable": True, "status": "up", "ipaddr": "198.51.100.2",
                "linklocal": "fe80::1%em0", "ipaddrv6": "2001:db8:1::2", "gateway": "198.51.100.1",
                "gatewayv6": "fe80::fe%em0"}  # fmt: skip
    lan: Row = {"name": "lan", "descr": "LAN", "hwif": "em1", "enable": True, "status": "up", "ipaddr": "10.0.0.1",
                "linklocal": None, "ipaddrv6": None, "gateway": None, "gatewayv6": None}  # fmt: skip
    return [wan, lan]


def _gateways() -> list[Row]:
    return [{"name": "WAN_GW", "srcip": "198.51.100.2", "monitorip": "192.0.2.53", "loss": 0.0, "status": "online"}]


@dataclass(slots=True)
class World:
    """One box."""

    api_version: str = "v2.10.0"
    keys: dict[str, frozenset[str]] = field(default_factory=lambda: {"good": EVERYTHING})
    """Privileges by key."""
    aliases: list[Row] = field(default_factory=lambda: [alias("LAN_HOSTS"), alias("MCPSOC_BLOCK")])
    rules: list[Row] = field(
        default_factory=lambda: [rule("MCPSOC_BLOCK", "source"), rule("MCPSOC_BLOCK", "destination")]
    )
    states: list[Row] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """Raw lines, oldest first."""
    interfaces: list[Row] = field(default_factory=_interfaces)
    gateways: list[Row] = field(default_factory=_gateways)
    dns: list[str] = field(default_factory=lambda: ["192.0.2.53", "10.0.0.53"])
    polls_to_apply: int = 2
    """How often the state of an apply is asked before it has ended."""
    stuck: bool = False
    """An apply never ends."""
    log_dies: bool = False
    """The log is larger than what the endpoint may hold in memory."""
    newest_first: bool = True
    """Whether a limit on the log keeps its newest lines, as newer versions do, or its oldest."""
    lockout_after: int = 3
    before_write: Callable[["World"], None] = lambda world: None
    """Called as a write arrives: what another admin does at that moment."""
    tables: dict[str, list[str]] = field(default_factory=dict)
    """What the packet filter holds."""
    pending: set[str] = field(default_factory=set)
    polls_left: int | None = None
    """None: nothing is being applied."""
    failures: int = 0
    recorded: list[Recorded] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.go_live()

    @property
    def locked_out(self) -> bool:
        """Whether the login protection shut the client out (trap 12)."""
        return self.failures >= self.lockout_after

    @property
    def dry_runs(self) -> bool:
        """Whether this version knows `dry_run` (trap 9)."""
        numbers = self.api_version.removeprefix("v").split(".")
        return tuple(int(number) for number in numbers) >= (2, 8, 0)

    def begin_apply(self, *, waits: bool) -> None:
        """Make the configuration live, now or in the background (trap 3)."""
        if waits:
            self.go_live()
        else:
            self.polls_left = self.polls_to_apply

    def polled(self) -> None:
        """Time goes by."""
        if self.polls_left is None or self.stuck:
            return
        if self.polls_left == 0:
            self.go_live()
        else:
            self.polls_left -= 1

    def go_live(self) -> None:
        """The packet filter's tables become what the aliases say."""
        self.tables = {str(each["name"]): _held(each) for each in self.aliases if each["type"] != "port"}
        self.pending.clear()
        self.polls_left = None


def _held(each: Row) -> list[str]:
    """The entries of a table as the packet filter writes them; names are left to its resolver."""
    found = []
    addresses = each["address"]
    for text in addresses if isinstance(addresses, list) else []:
        try:
            held = ip_network(str(text), strict=False)
        except ValueError:
            continue
        single = held.prefixlen == held.max_prefixlen
        found.append(str(held.network_address) if single else str(held))
    return found
