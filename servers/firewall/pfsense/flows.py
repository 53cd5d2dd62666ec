"""Flows as the box's filter log has them: one record per packet that a rule logs, blocked or passed."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from itertools import pairwise
from statistics import median

from pydantic import JsonValue

from servers.embedded import check_window
from servers.errors import ToolError
from servers.firewall.backend import FlowQuery, Network
from servers.firewall.models import Flows, Peer, Peers
from servers.firewall.pfsense.client import PfSense
from servers.firewall.pfsense.filterlog import Address, Packet, packet
from servers.kit import Problem, Reply, paged
from servers.kit.ecs import Event
from servers.kit.envelope import iso

SENSOR = "firewall"
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of the log."""

    packets: Sequence[Packet]
    """Earliest first."""
    to_end: bool
    """Whether its newest line was among what was read."""


@dataclass(frozen=True, slots=True)
class BoxFlows:
    """The filter log of one box; `servers.firewall.backend.FlowLog`."""

    box: PfSense
    now: Callable[[], datetime]

    def search(self, wanted: FlowQuery) -> Reply[Flows]:
        """Logged packets from a source and/or to a destination (address or network), earliest first."""
        start, end = wanted.start, wanted.end
        check_window(start, end)
        if wanted.source is None and wanted.destination is None:
            raise ToolError("missing_argument", "give a source or a destination", "an address or a network")
        origin, target = _network(wanted.source), _network(wanted.destination)
        seen = self._read(start)
        rows = [
            each
            for each in seen.packets
            if start <= each.at <= end and _fits(each.source, origin) and _fits(each.destination, target)
        ]
        page = paged(list(_events(rows)), wanted.limit, wanted.cursor)
        return page.reply(
            Flows(flows=list(page.rows)),
            f"{len(page.rows)} of {page.total} logged packets",
            sensor=SENSOR,
            query=f"filter log from {iso(start)} to {iso(end)}",
            stale=_gap(seen, start, end),
        )

    def summarise(
        self, host_or_ip: str, start: datetime, end: datetime, limit: int, cursor: str | None
    ) -> Reply[Peers]:
        """Per peer and port; bytes are those of the logged packets alone."""
        check_window(start, end)
        network = _network(host_or_ip)
        seen = self._read(start)
        page = paged(_peers([each for each in seen.packets if start <= each.at <= end], network), limit, cursor)
        return page.reply(
            Peers(peers=list(page.rows)),
            f"{len(page.rows)} of {page.total} peers in the filter log",
            sensor=SENSOR,
            query=f"filter log from {iso(start)} to {iso(end)}",
            stale=_gap(seen, start, end),
        )

    def _read(self, start: datetime) -> Seen:
        """The log as far as `start`, or as many rows as are allowed. Some versions give the newest rows first, some
        the oldest: pages are read until one is not full, or begins before `start` while older ones follow."""
        most = self.box.settings.log_rows
        lines: list[str] = []
        older = False
        while len(lines) < most:
            wanted = min(_PAGE, most - len(lines))
            page = self.box.log(wanted, len(lines))
            older = _older(page, lines, self._parsed)
            lines += page
            if len(page) < wanted:
                return self._seen(lines, to_end=True)
            first = next(self._parsed(page), None)
            if older and first is not None and first.at < start:
                return self._seen(lines, to_end=True)
        return self._seen(lines, to_end=older)

    def _seen(self, lines: Sequence[str], *, to_end: bool) -> Seen:
        return Seen(sorted(self._parsed(lines), key=lambda each: each.at), to_end)

    def _parsed(self, lines: Sequence[str]) -> Iterator[Packet]:
        zone, now = self.box.settings.zone, self.now()
        return (found for line in lines if (found := packet(line, zone, now)) is not None)


def _older(page: Sequence[str], before: Sequence[str], parsed: Callable[[Sequence[str]], Iterator[Packet]]) -> bool:
    """Whether a page holds what came before the pages read so far."""
    new, old = next(parsed(page), None), next(parsed(before), None)
    return new is not None and old is not None and new.at < old.at


def _gap(seen: Seen, start: datetime, end: datetime) -> Problem | None:
    """What of the window the log that was read does not cover; the first line of a rotated log says when it begins."""
    if not seen.packets:
        why = "the filter log holds no record of a packet"
        return Problem("not_covered", why, "see whether the block and pass rules log, and their log's format")
    first, last = seen.packets[0].at, seen.packets[-1].at
    if first > start:
        return Problem("not_covered", f"the filter log was read from {iso(first)} on", "absence before proves nothing")
    if not seen.to_end and last < end:
        return Problem("not_covered", f"the filter log was read up to {iso(last)}", "raise MCPSOC_PFSENSE_LOG_ROWS")
    return None


def _network(text: str | None) -> Network | None:
    """Raises: ToolError for what is neither an address nor a network."""
    if text is None:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ToolError(
            "invalid_argument", "the box knows addresses alone", "resolve names with assets_resolve"
        ) from None


def _fits(address: Address, network: Network | None) -> bool:
    return network is None or address in network


def _events(packets: Sequence[Packet]) -> Iterator[Event]:
    """Each with an id that is the same in every answer; equal packets are told apart by counting them."""
    count: Counter[Packet] = Counter()
    for each in packets:
        count[each] += 1
        yield _event(each, hashlib.sha256(f"{count[each]} {each!r}".encode()).hexdigest()[:16])


def _event(each: Packet, name: str) -> Event:
    fields: dict[str, JsonValue] = {
        "event.id": name,
        "@timestamp": iso(each.at),
        "event.source": SENSOR,
        "event.category": "network",
        "event.action": "allowed" if each.action == "pass" else "denied",
        "event.outcome": "success" if each.action == "pass" else "failure",
        "source.ip": str(each.source),
        "source.port": each.source_port,
        "destination.ip": str(each.destination),
        "destination.port": each.destination_port,
        "network.bytes": each.length,
        "network.transport": each.protocol,
        "rule.id": each.rule,
    }
    return Event({name: value for name, value in fields.items() if value is not None})


def _peers(packets: Sequence[Packet], network: Network | None) -> list[Peer]:
    groups: dict[tuple[str, int], list[tuple[Packet, bool]]] = {}
    for each in packets:
        out = _fits(each.source, network)
        if out or _fits(each.destination, network):
            peer = each.destination if out else each.source
            groups.setdefault((str(peer), each.destination_port or 0), []).append((each, out))
    peers = [_peer(address, port, found) for (address, port), found in groups.items()]
    return sorted(peers, key=lambda peer: (-(peer.bytes_out + peer.bytes_in), peer.address, peer.port))


def _peer(address: str, port: int, found: Sequence[tuple[Packet, bool]]) -> Peer:
    times = [each.at for each, _ in found]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    one = found[0][0]
    return Peer(
        address=address,
        port=port,
        flows=len(found),
        bytes_out=sum(each.length or 0 for each, out in found if out),
        bytes_in=sum(each.length or 0 for each, out in found if not out),
        first=iso(times[0]),
        last=iso(times[-1]),
        median_interval_s=median(gaps) if gaps else None,
        internal=(one.destination if found[0][1] else one.source).is_private,
        blocked=sum(each.action != "pass" for each, _ in found),
    )
