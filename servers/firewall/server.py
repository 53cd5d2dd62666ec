"""The firewall server: flows, blocks, connections and rules; blocking an address is a change that lapses by itself."""

from collections.abc import Sequence

from pydantic import BaseModel

from servers.embedded import LabDoor, lab_server
from servers.firewall.backend import FirewallBackend
from servers.firewall.changing import BlockChanges
from servers.firewall.embedded import embedded
from servers.firewall.reading import FlowReads, LabBlockReads, RuleReads, SiteBlockReads, StateReads
from servers.kit import Conditions, SecurityServer
from servers.kit.conditions import EVERYTHING
from servers.kit.tool import Method


def build(door: LabDoor, settings: BaseModel | None = None, conditions: Conditions = EVERYTHING) -> SecurityServer:
    """The firewall of this lab."""
    backend = embedded(door)
    changes = BlockChanges(backend.blocks, door.now, conditions.protected.address)
    return lab_server(
        "firewall",
        door,
        reads=reads(backend),
        changes=changes.declared(),
        settings=settings,
        conditions=conditions,
    )


def reads(backend: FirewallBackend) -> Sequence[Method]:
    """The tools that look, as far as the product can serve them."""
    found: list[Method] = []
    if backend.flows is not None:
        flows = FlowReads(backend.flows)
        found += [flows.firewall_search_flows, flows.firewall_summarise_flows]
    kind = LabBlockReads if backend.product == "embedded" else SiteBlockReads
    blocks = kind(backend.blocks)
    found += [blocks.firewall_list_blocks, blocks.firewall_check_address]
    if backend.states is not None:
        found.append(StateReads(backend.states).firewall_list_states)
    if backend.rules is not None:
        found.append(RuleReads(backend.rules).firewall_list_rules)
    return found
