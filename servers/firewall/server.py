"""The firewall server: flows and blocks; blocking an address is a change that lapses by itself."""

from datetime import timedelta
from ipaddress import ip_address
from sqlite3 import Connection
from typing import Annotated

from pydantic import BaseModel, Field
from pydantic.networks import IPvAnyAddress

from servers.embedded import (
    LabDoor,
    Name,
    Reason,
    asked,
    blind_spot,
    check_window,
    cursors_of,
    events_of,
    host_of,
    iso_or_none,
    lab_server,
    searched,
)
from servers.firewall.models import Block, Blocks, BlockState, Changed, Flows, Peer, Peers
from servers.kit import Cursor, Gate, Limit, Reply, SecurityServer, Time, ToolError, paged
from servers.kit.envelope import iso
from servers.lab.queries import network

SENSOR = "firewall"
BY = "firewall server"
BlockMinutes = Annotated[int, Field(ge=1, le=43_200)]


class Firewall:
    """Tools over the flows and blocks of the lab."""

    def __init__(self, door: LabDoor) -> None:
        self._door = door

    def firewall_search_flows(
        self,
        start: Time,
        end: Time,
        source: Name | None = None,
        destination: Name | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Flows]:
        """Flows from a source and/or to a destination (address or our host's name), earliest first."""
        check_window(start, end)
        if source is None and destination is None:
            raise ToolError("missing_argument", "give a source or a destination", "an address or a host name")
        db = self._door.db
        source, destination = _address(db, source), _address(db, destination)
        page = searched(
            lambda: network.search_flows(
                db, start=start, end=end, source=source, destination=destination, limit=limit, cursor=cursor
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

    def firewall_summarise_flows(
        self, host_or_ip: Name, start: Time, end: Time, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Peers]:
        """Whom a host or address talked to, per peer and port, most bytes first; median_interval_s shows beacons."""
        check_window(start, end)
        db = self._door.db
        address = _address(db, host_or_ip) or host_or_ip
        found = network.summarise_flows(db, host_or_ip=address, start=start, end=end, limit=_ALL)
        page = paged(found, limit, cursor)
        return Reply(
            Peers(peers=[_peer(peer) for peer in page.rows]),
            f"{len(page.rows)} of {page.total} peers",
            sensor=SENSOR,
            query=asked({"address": address}, start, end),
            total=page.total,
            after=page.after,
            more=page.more,
            stale=blind_spot(db, [SENSOR], None, start, end),
        )

    def firewall_list_blocks(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Blocks]:
        """Addresses the firewall blocks now, and until when."""
        found = network.list_containment(self._door.db, kind="block_address", in_force_at=self._door.now())
        page = paged(found, limit, cursor)
        blocks = [Block(address=b.target, since=iso(b.since), until=iso_or_none(b.until), by=b.by) for b in page.rows]
        text = f"{page.total} blocks in force"
        return Reply(Blocks(blocks=blocks), text, total=page.total, after=page.after, more=page.more)

    def firewall_check_address(self, address: IPvAnyAddress) -> Reply[BlockState]:
        """Whether one address is blocked now: the read-back of a block."""
        found = network.contained(self._door.db, kind="block_address", target=str(address), at=self._door.now())
        state = BlockState(
            address=str(address),
            blocked=found is not None,
            since=None if found is None else iso(found.since),
            until=None if found is None else iso_or_none(found.until),
        )
        return Reply(state, "blocked" if found else "not blocked")

    def firewall_block_address(self, address: IPvAnyAddress, minutes: BlockMinutes, reason: Reason) -> Reply[Changed]:
        """Deny all flows from and to an address for some minutes; the block lapses by itself."""
        until = self._door.now() + timedelta(minutes=minutes)
        made = self._door.lab.contain("block_address", str(address), until, BY)
        return Reply(
            Changed(address=str(address), change="blocked", until=iso_or_none(made.until)), "1 address blocked"
        )

    def firewall_unblock_address(self, address: IPvAnyAddress, reason: Reason) -> Reply[Changed]:
        """Lift the block of an address before it lapses."""
        lifted = self._door.lab.release("block_address", str(address), BY)
        change = Changed(address=str(address), change="unblocked" if lifted else "was not blocked")
        return Reply(change, "1 block lifted" if lifted else "the address was not blocked")


def build(
    door: LabDoor, settings: BaseModel | None = None, timeout_s: float = 20.0, gate: Gate | None = None
) -> SecurityServer:
    """The firewall of this lab."""
    firewall = Firewall(door)
    return lab_server(
        "firewall",
        door,
        reads=[
            firewall.firewall_search_flows,
            firewall.firewall_summarise_flows,
            firewall.firewall_list_blocks,
            firewall.firewall_check_address,
        ],
        changes=[firewall.firewall_block_address, firewall.firewall_unblock_address],
        settings=settings,
        timeout_s=timeout_s,
        gate=gate,
    )


_ALL = 10_000


def _address(db: Connection, name: str | None) -> str | None:
    """The address meant: itself, or that of one of our hosts."""
    if name is None:
        return None
    try:
        return str(ip_address(name))
    except ValueError:
        return host_of(db, name).ip


def _peer(peer: network.Peer) -> Peer:
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
