"""The firewall of the simulated enterprise: its flows and the addresses it blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from sqlite3 import Connection
from typing import Literal

from servers.embedded import LabDoor, asked, blind_spot, cursors_of, events_of, host_of, searched
from servers.firewall.backend import Entry, FirewallBackend, FlowQuery, Network, covers, shown
from servers.firewall.models import Flows, Peer, Peers
from servers.kit import Reply, ToolError, paged
from servers.kit.envelope import iso
from servers.lab.queries import network as flows
from servers.lab.records import Containment

SENSOR = "firewall"
BY = "firewall server"


def embedded(door: LabDoor) -> FirewallBackend:
    """The lab's firewall."""
    return FirewallBackend("embedded", door.probe, LabBlocks(door), flows=LabFlows(door))


@dataclass(frozen=True, slots=True)
class LabFlows:
    """Flows of the lab's event store."""

    door: LabDoor

    def search(self, wanted: FlowQuery) -> Reply[Flows]:
        """Flows as events, earliest first."""
        db = self.door.db
        start, end = wanted.start, wanted.end
        source, destination = _address(db, wanted.source), _address(db, wanted.destination)
        page = searched(
            lambda: flows.search_flows(
                db,
                start=start,
                end=end,
                source=source,
                destination=destination,
                limit=wanted.limit,
                cursor=wanted.cursor,
            )
        )
        return Reply(
            Flows(flows=events_of(page)),
            f"{len(page.events)} of {page.total} flows",
            sensor=SENSOR,
            query=asked({"source": source, "destination": destination}, start, end),
            total=page.total,
            after=cursors_of(page.events),
            more=page.next_cursor is not None,
            stale=blind_spot(db, [SENSOR], None, start, end),
        )

    def summarise(
        self, host_or_ip: str, start: datetime, end: datetime, limit: int, cursor: str | None
    ) -> Reply[Peers]:
        """Peers of one address, most bytes first."""
        db = self.door.db
        address = _address(db, host_or_ip) or host_or_ip
        found = flows.summarise_flows(db, host_or_ip=address, start=start, end=end, limit=_ALL)
        page = paged(found, limit, cursor)
        return page.reply(
            Peers(peers=[_peer(peer) for peer in page.rows]),
            f"{len(page.rows)} of {page.total} peers",
            sensor=SENSOR,
            query=asked({"address": address}, start, end),
            stale=blind_spot(db, [SENSOR], None, start, end),
        )


@dataclass(frozen=True, slots=True)
class LabBlocks:
    """Blocks of single addresses; the lab ends them by its own clock."""

    door: LabDoor
    lapses: Literal["backend", "server"] = "backend"
    unproved: str = ""

    def entries(self) -> Sequence[Entry]:
        """The blocks in force."""
        found = flows.list_containment(self.door.db, kind="block_address", in_force_at=self.door.now())
        return tuple(_entry(measure) for measure in found)

    def covering(self, network: Network) -> Entry | None:
        """The latest block of that address."""
        return next((entry for entry in reversed(self.entries()) if covers(entry.network, network)), None)

    def holding(self, network: Network) -> Sequence[Entry]:
        """The blocks of that address."""
        return [entry for entry in self.entries() if covers(entry.network, network)]

    def try_block(self, network: Network, lasts: timedelta, note: str) -> bool:
        """Only single addresses can be blocked."""
        _single(network)
        return False

    def block(self, network: Network, lasts: timedelta, note: str) -> datetime | None:
        """Block an address from the lab's now on."""
        until = self.door.now() + lasts
        return self.door.lab.contain("block_address", _single(network), until, BY).until

    def unblock(self, network: Network) -> bool:
        """Lift the block."""
        return self.door.lab.release("block_address", _single(network), BY)


_ALL = 10_000


def _single(network: Network) -> str:
    if network.prefixlen != network.max_prefixlen:
        raise ToolError("not_offered", "the simulated firewall blocks single addresses only", "give one address")
    return shown(network)


def _entry(measure: Containment) -> Entry:
    return Entry(ip_network(measure.target), measure.since, measure.until, measure.by)


def _address(db: Connection, name: str | None) -> str | None:
    """The address meant: itself, or that of one of our hosts."""
    if name is None:
        return None
    try:
        return str(ip_address(name))
    except ValueError:
        return host_of(db, name).ip


def _peer(peer: flows.Peer) -> Peer:
    return Peer(
        address=peer.address,
        port=peer.port,
        flows=peer.flows,
        bytes_out=peer.bytes_out,
        bytes_in=peer.bytes_in,
        first=iso(peer.first),
        last=iso(peer.last),
        median_interval_s=peer.median_interval_s,
        internal=peer.internal,
        blocked=peer.blocked,
    )
