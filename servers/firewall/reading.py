"""The tools that look: flows, blocks, connections and rules."""

from dataclasses import dataclass

from pydantic.networks import IPvAnyAddress

from servers.embedded import Name, check_window, iso_or_none
from servers.firewall.backend import (
    BlockList,
    Entry,
    FlowLog,
    FlowQuery,
    RuleList,
    StateTable,
    Target,
    shown,
    single,
)
from servers.firewall.models import (
    Block,
    Blocks,
    BlockState,
    Connection,
    Connections,
    Flows,
    Peers,
    Rules,
    SiteBlock,
    SiteBlocks,
    SiteBlockState,
    SiteRule,
)
from servers.kit import Cursor, Limit, Reply, Time, ToolError, paged


@dataclass(frozen=True, slots=True)
class FlowReads:
    """Tools over logged flows."""

    flows: FlowLog

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
        return self.flows.search(FlowQuery(start, end, source, destination, limit, cursor))

    def firewall_summarise_flows(
        self, host_or_ip: Name, start: Time, end: Time, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Peers]:
        """Whom a host or address talked to, per peer and port, most bytes first; median_interval_s shows beacons."""
        check_window(start, end)
        return self.flows.summarise(host_or_ip, start, end, limit, cursor)


@dataclass(frozen=True, slots=True)
class LabBlockReads:
    """The blocks of the simulated enterprise."""

    blocks: BlockList

    def firewall_list_blocks(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Blocks]:
        """Addresses the firewall blocks now, and until when."""
        page = paged(self.blocks.entries(), limit, cursor)
        blocks = [
            Block(address=shown(b.network), since=iso_or_none(b.since) or "", until=iso_or_none(b.until), by=b.by)
            for b in page.rows
        ]
        text = f"{page.total} blocks in force"
        return page.reply(Blocks(blocks=blocks), text)

    def firewall_check_address(self, address: IPvAnyAddress) -> Reply[BlockState]:
        """Whether one address is blocked now: the read-back of a block."""
        found = self.blocks.covering(single(str(address)))
        state = BlockState(
            address=str(address),
            blocked=found is not None,
            since=None if found is None else iso_or_none(found.since),
            until=None if found is None else iso_or_none(found.until),
        )
        return Reply(state, "blocked" if found else "not blocked")


@dataclass(frozen=True, slots=True)
class SiteBlockReads:
    """The blocks of a product."""

    blocks: BlockList

    def firewall_list_blocks(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[SiteBlocks]:
        """Addresses and networks the firewall blocks now, until when, and what each block dropped."""
        page = paged(self.blocks.entries(), limit, cursor)
        data = SiteBlocks(blocks=[_block(entry) for entry in page.rows])
        return page.reply(data, f"{page.total} blocks in force")

    def firewall_check_address(self, address: Target) -> Reply[SiteBlockState]:
        """Whether an address or network is blocked now, by which entry, and what it dropped: the read-back of a
        block."""
        found = self.blocks.covering(address)
        block = None if found is None else _block(found)
        detail = self.blocks.unproved if found else ""
        data = SiteBlockState(address=shown(address), blocked=found is not None, detail=detail or None, block=block)
        return Reply(data, detail or ("blocked" if found else "not blocked"))


@dataclass(frozen=True, slots=True)
class StateReads:
    """Tools over the connections kept track of."""

    table: StateTable

    def firewall_list_states(self, address: Target, limit: Limit = 20, cursor: Cursor = None) -> Reply[Connections]:
        """Connections from or to an address or network that the firewall tracks now."""
        page = paged(self.table.states(address), limit, cursor)
        data = Connections(states=[Connection.of(state) for state in page.rows])
        return page.reply(data, f"{page.total} connections")


@dataclass(frozen=True, slots=True)
class RuleReads:
    """Tools over the rules."""

    list: RuleList

    def firewall_list_rules(self, limit: Limit = 20, cursor: Cursor = None) -> Reply[Rules]:
        """The firewall's rules in their order, with what each matched."""
        page = paged(self.list.rules(), limit, cursor)
        rules = [
            SiteRule(
                place=rule.place,
                action=rule.action,
                rule=rule.text,
                enabled=rule.enabled,
                packets=rule.packets,
                bytes=rule.bytes,
            )
            for rule in page.rows
        ]
        return page.reply(Rules(rules=rules), f"{page.total} rules")


def _block(entry: Entry) -> SiteBlock:
    return SiteBlock(
        address=shown(entry.network),
        since=iso_or_none(entry.since),
        until=iso_or_none(entry.until),
        by=entry.by,
        note=entry.note or None,
        dropped_packets=entry.packets,
        dropped_bytes=entry.bytes,
    )
