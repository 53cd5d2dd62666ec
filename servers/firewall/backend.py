"""What a firewall product can do for this server. Each part that a product lacks is a tool that is not there.

embedded.py   the simulated enterprise       nftables/      the kernel of this machine or of one namespace
crowdsec.py   the local API of CrowdSec      fail2ban.py    the jails of one fail2ban server
pfsense/      a pfSense box
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import AfterValidator, SecretStr
from pydantic.networks import IPvAnyNetwork

from servers.firewall.models import Flows, Peers
from servers.kit import Reply, ToolError
from servers.kit.guards import Hit

Network: TypeAlias = IPv4Network | IPv6Network
"""One address (all bits are prefix) or a network; never with a scope id."""


def plain(network: Network) -> Network:
    """The same network without the forms that mean something else to a backend: an IPv4 address written as IPv6
    becomes IPv4. Raises: ValueError for a scope id, which is free text inside an address."""
    first = network.network_address
    if network.version == 6 and getattr(first, "scope_id", None) is not None:
        raise ValueError("an address with a scope id cannot be blocked")
    mapped = getattr(first, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= _MAPPED:
        return IPv4Network((mapped, network.prefixlen - _MAPPED))
    return network


_MAPPED = 96
"""Bits before the IPv4 address in `::ffff:0:0/96`."""

Target = Annotated[IPvAnyNetwork, AfterValidator(plain)]
"""An address, or a network as address/prefix."""


def shown(network: Network) -> str:
    """A network as answers write it: a single address without its prefix."""
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)


def single(address: str) -> Network:
    """One address as a network. Raises: ToolError for one with a scope id, or for what is none."""
    try:
        return plain(ip_network(address))
    except ValueError:
        raise ToolError("invalid_argument", "this is no address a firewall can block", "give a plain address") from None


def plain_note(note: str) -> str:
    """A reason as a product may carry it: listings of rules are printed unquoted, and people load them again."""
    return " ".join(re.sub(r"[^A-Za-z0-9 .,:_@/+-]", " ", note).split())[:120]


def covers(wide: Network, narrow: Network) -> bool:
    """Whether every address of `narrow` lies in `wide`."""
    if wide.version != narrow.version:
        return False
    return wide.prefixlen <= narrow.prefixlen and narrow.supernet(new_prefix=wide.prefixlen) == wide


@dataclass(frozen=True, slots=True)
class Entry:
    """One block in force."""

    network: Network
    since: datetime | None
    """None where the product does not tell."""
    until: datetime | None
    """None: until somebody lifts it."""
    by: str
    """Who set it, as far as the product tells."""
    note: str = ""
    """What stands beside it at the product: outside text."""
    packets: int | None = None
    """Packets it dropped; None where the product does not count."""
    bytes: int | None = None
    ours: bool = True
    """Whether lifting a block may end it; False for what somebody else decided elsewhere at the product."""


@dataclass(frozen=True, slots=True)
class State:
    """One connection the firewall keeps track of."""

    protocol: str
    source: str
    destination: str
    source_port: int | None = None
    destination_port: int | None = None
    phase: str | None = None
    """Where the connection stands, in the product's words, such as ESTABLISHED."""
    packets: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as the product keeps it."""

    place: str
    """Chain, interface or jail it belongs to."""
    action: str
    """What it does, such as drop or accept."""
    text: str
    """The rule in the product's words: whoever wrote it wrote this."""
    enabled: bool = True
    packets: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FlowQuery:
    """Which logged flows are asked for, and which page of them."""

    start: datetime
    end: datetime
    source: str | None
    """An address, a network or a host's name, as the product may know them; likewise `destination`."""
    destination: str | None
    limit: int
    cursor: str | None


class BlockList(Protocol):
    """The blocks this server may set and lift. Every method asks the product afresh. Raises: ToolError."""

    @property
    def lapses(self) -> Literal["backend", "server"]:
        """Who ends a block at its time: the product itself, or this server by lifting it."""

    @property
    def unproved(self) -> str:
        """What nobody can read back of a block that is listed; empty where the product itself drops and tells."""

    def entries(self) -> Sequence[Entry]:
        """All blocks in force, whoever set them."""

    def covering(self, network: Network) -> Entry | None:
        """A block under which all of `network` lies; None: it is not (wholly) blocked."""

    def holding(self, network: Network) -> Sequence[Entry]:
        """Everything the product keeps that names all of `network`, also where its rules do not drop by it now: as
        long as there is any, the network is not surely open."""

    def try_block(self, network: Network, lasts: timedelta, note: str) -> bool:
        """Have the product check a block without setting it; False where it offers no dry run."""

    def block(self, network: Network, lasts: timedelta, note: str) -> datetime | None:
        """Block from now on; blocking again moves the end. Gives the end, None where it stays until lifted."""

    def unblock(self, network: Network) -> bool:
        """Lift every block of ours on exactly this network; False when there was none. Raises: ToolError also where
        only others block it."""


def blocked_already(message: str) -> ToolError:
    """The answer to a block of what somebody else blocks for at least as long."""
    return ToolError("blocked_already", message, "ours would add nothing; see firewall_list_blocks")


def lasts_longer(entries: Iterable[Entry], until: datetime) -> bool:
    """Whether a block of somebody else is in force until then or later."""
    return any(not entry.ours and (entry.until is None or entry.until >= until) for entry in entries)


def lift_there(what: str) -> ToolError:
    """The answer to lifting what this server did not set."""
    message = f"{what} of somebody else blocks this, and none that this server set"
    return ToolError("blocked_by_others", message, "whoever set it lifts it at the product; see firewall_list_blocks")


class FlowLog(Protocol):
    """Flows the firewall logged. Raises: ToolError."""

    def search(self, wanted: FlowQuery) -> Reply[Flows]:
        """Flows from a source and/or to a destination, earliest first."""

    def summarise(
        self, host_or_ip: str, start: datetime, end: datetime, limit: int, cursor: str | None
    ) -> Reply[Peers]:
        """Per peer and port, most bytes first."""


class StateTable(Protocol):
    """The connections the firewall keeps track of. Raises: ToolError."""

    def states(self, network: Network) -> Sequence[State]:
        """Connections from or to a network."""

    def kill(self, network: Network) -> int:
        """Forget them; how many there were."""


class RuleList(Protocol):
    """The rules the firewall has. Raises: ToolError."""

    def rules(self) -> Sequence[Rule]:
        """All rules, in the product's order."""


def nothing_of_its_own(network: Network) -> tuple[Hit, ...]:
    """The guards of a product that runs on this machine, or knows no more than this machine does."""
    return ()


@dataclass(frozen=True, slots=True)
class FirewallBackend:
    """One product behind the firewall server."""

    product: str
    """Its name, such as nftables."""
    probe: Callable[[], str]
    """What is behind, in one line. Raises: ToolError when it cannot be reached."""
    blocks: BlockList
    flows: FlowLog | None = None
    states: StateTable | None = None
    rules: RuleList | None = None
    needs: str = ""
    """The least privilege it works with."""
    own: Callable[[Network], tuple[Hit, ...]] = nothing_of_its_own
    """Guards of what the product itself has to reach and to be reached by, beside those of this machine."""
    lapse: Callable[[Network], bool] | None = None
    """Ends what this server set on exactly this network and nothing of anybody else, and says whether it is gone; for
    a product that does not end a block itself."""
    secrets: tuple[SecretStr, ...] = ()
    """Credentials that come from other settings than the server's own: no answer may hold one."""
