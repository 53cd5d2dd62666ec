"""The tools that change: a block lapses by itself, and every change is read back at the product."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from servers.embedded import Reason, iso_or_none
from servers.firewall.backend import BlockList, Network, StateTable, Target, shown
from servers.firewall.models import Changed, Killed
from servers.kit import Reply
from servers.kit.changes import Change, Plan, Undo
from servers.kit.guards import Hit

BlockMinutes = Annotated[int, Field(ge=1, le=43_200)]


@dataclass(frozen=True, slots=True)
class BlockChanges:
    """Tools that set and lift blocks."""

    blocks: BlockList
    now: Callable[[], datetime]
    guards: Callable[[Network], tuple[Hit, ...]]
    lapse: Callable[[Network], bool] | None = None

    def firewall_block_address(self, address: Target, minutes: BlockMinutes, reason: Reason) -> Reply[Changed]:
        """Deny all flows from and to an address or network for some minutes; the block lapses by itself."""
        until = self.blocks.block(address, timedelta(minutes=minutes), reason)
        unproved = self.blocks.unproved
        change = Changed(address=shown(address), change="blocked", until=iso_or_none(until), detail=unproved or None)
        return Reply(change, unproved or "1 address blocked")

    def plan_block(self, address: Target, minutes: BlockMinutes, reason: Reason) -> Plan:
        """What a block would reach."""
        lasts = timedelta(minutes=minutes)
        hits = self.guards(address)
        tried = not hits and self.blocks.try_block(address, lasts, reason)
        return Plan(
            target=shown(address),
            blast_radius=f"all flows from and to {address.num_addresses} addresses for {minutes} minutes",
            undo=Undo("firewall_unblock_address", {"address": shown(address)}),
            expires_at=self.now() + lasts,
            hits=hits,
            dry_run="passed" if tried else "not_offered",
        )

    def is_blocked(self, address: Target, minutes: BlockMinutes, reason: Reason) -> bool | None:
        """Whether the product blocks it; None where it lists the block and nobody can read more."""
        if self.blocks.covering(address) is None:
            return False
        return None if self.blocks.unproved else True

    def firewall_unblock_address(self, address: Target, reason: Reason) -> Reply[Changed]:
        """Lift the block of an address before it lapses."""
        lifted = self.blocks.unblock(address)
        change = Changed(address=shown(address), change="unblocked" if lifted else "was not blocked")
        return Reply(change, "1 block lifted" if lifted else "the address was not blocked")

    def plan_unblock(self, address: Target, reason: Reason) -> Plan:
        """What lifting would open."""
        entries = self.blocks.holding(address)
        ending = sum(entry.ours and entry.network == address for entry in entries)
        others = f"; {len(entries) - ending} others stay and block it" if len(entries) > ending else ""
        return Plan(shown(address), f"{ending} blocks on {address.num_addresses} addresses end{others}")

    def is_open(self, address: Target, reason: Reason) -> bool | None:
        """Whether the product holds no block of it any longer, no wider one neither, and none that its rules drop by
        in one direction alone; None where nobody can read what is still dropped."""
        if self.blocks.holding(address):
            return False
        return None if self.blocks.unproved else True

    def declared(self) -> Sequence[Change]:
        """Both, as the kit wants them."""
        lapse = self.lapse
        block = Change(
            self.firewall_block_address,
            self.plan_block,
            self.is_blocked,
            risk="medium",
            expiry="lapse",
            lapses=self.blocks.lapses,
            undo="firewall_unblock_address",
            lapse=None if lapse is None else lambda address, minutes, reason: lapse(address),
        )
        return block, Change(self.firewall_unblock_address, self.plan_unblock, self.is_open, risk="medium")


@dataclass(frozen=True, slots=True)
class StateChanges:
    """The tool that ends connections."""

    table: StateTable
    blocks: BlockList
    guards: Callable[[Network], tuple[Hit, ...]]

    def firewall_kill_states(self, address: Target, reason: Reason) -> Reply[Killed]:
        """Forget every tracked connection from or to an address or network, so that a block holds for open ones."""
        killed = self.table.kill(address)
        return Reply(Killed(address=shown(address), killed=killed), f"{killed} connections forgotten")

    def plan_kill(self, address: Target, reason: Reason) -> Plan:
        """How many connections would end."""
        found = len(self.table.states(address))
        return Plan(shown(address), f"{found} connections end", hits=self.guards(address))

    def are_gone(self, address: Target, reason: Reason) -> bool | None:
        """Whether no connection is left. Where nothing is blocked, those there are now may have begun since."""
        if not self.table.states(address):
            return True
        return False if self.blocks.covering(address) is not None else None

    def declared(self) -> Sequence[Change]:
        """The change, as the kit wants it."""
        return (Change(self.firewall_kill_states, self.plan_kill, self.are_gone, risk="medium"),)
