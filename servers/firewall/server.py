"""The firewall server: flows, blocks, connections and rules; blocking an address is a change that lapses by itself."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from servers.embedded import lab_server
from servers.firewall.backend import FirewallBackend, Network
from servers.firewall.changing import BlockChanges, StateChanges
from servers.firewall.embedded import embedded
from servers.firewall.products import behind
from servers.firewall.reading import FlowReads, LabBlockReads, RuleReads, SiteBlockReads, StateReads
from servers.firewall.settings import FirewallSettings, Product
from servers.kit import Change, Conditions, Hit, SecurityServer, build_server
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.parts import Parts
from servers.sealed import sealed


def build(parts: Parts, settings: FirewallSettings) -> SecurityServer:
    """The firewall of these settings: a product where one is named and this is no demo, else the simulated one.

    Raises: ConfigurationError when the product lacks a setting it needs."""
    chosen: Product | Literal["embedded"] = parts.backend(settings.backend)
    if chosen == "embedded":
        return _embedded(parts, settings)
    backend = behind(settings, chosen)
    return _real(backend, sealed(settings, (each.get_secret_value() for each in backend.secrets)), parts.conditions)


def _embedded(parts: Parts, settings: FirewallSettings) -> SecurityServer:
    backend = embedded(parts.door)
    return lab_server(
        "firewall",
        parts.door,
        reads=reads(backend),
        changes=changes(backend, parts.door.now, parts.conditions),
        settings=settings,
        conditions=parts.conditions,
    )


def _real(backend: FirewallBackend, settings: BaseModel, conditions: Conditions) -> SecurityServer:
    return build_server(
        "firewall",
        reads=reads(backend),
        changes=changes(backend, wall_clock, conditions),
        backend="real",
        synthetic=False,
        probe=backend.probe,
        product=backend.product,
        instructions=f"{backend.product}. Least privilege: {backend.needs}",
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


def changes(backend: FirewallBackend, now: Callable[[], datetime], conditions: Conditions) -> Sequence[Change]:
    """The tools that change, as far as the product can serve them."""

    def guards(network: Network) -> tuple[Hit, ...]:
        hits = (*conditions.protected.address(str(network)), *backend.own(network))
        return tuple({hit.guard: hit for hit in hits}.values())

    found = [*BlockChanges(backend.blocks, now, guards, backend.lapse).declared()]
    if backend.states is not None:
        found += StateChanges(backend.states, backend.blocks, guards).declared()
    return found
