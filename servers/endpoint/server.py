"""The endpoint server: what runs and what was recorded; isolation and quarantine are changes that hold."""

from collections.abc import Sequence
from typing import Literal

from servers.behind import server_over
from servers.embedded import lab_server
from servers.endpoint.backend import EndpointBackend
from servers.endpoint.changing import CollectChanges, EstateChanges, HostChanges, KillChanges
from servers.endpoint.embedded import embedded
from servers.endpoint.products import behind
from servers.endpoint.reading import (
    ConnectionReads,
    FileReads,
    HostReads,
    IndexReads,
    LogonReads,
    LookReads,
    ProcessReads,
    TableReads,
)
from servers.endpoint.settings import EndpointSettings, Product
from servers.endpoint.wazuh import hosts as wazuh
from servers.endpoint.wazuh.settings import WazuhSettings
from servers.kit import Change, Conditions, SecurityServer
from servers.kit.tool import Method
from servers.parts import Parts


def build(parts: Parts, settings: EndpointSettings) -> SecurityServer:
    """The endpoints of these settings: a product where one is named and this is no demo, else the simulated ones.

    Raises: ConfigurationError when the product lacks a setting it needs."""
    chosen: Product | Literal["embedded"] = parts.backend(settings.backend)
    if chosen == "embedded":
        return _embedded(parts, settings)
    if chosen == "wazuh":
        return wazuh.build(WazuhSettings(), parts.conditions)
    return _real(behind(parts, settings, chosen), settings, parts.conditions)


def _embedded(parts: Parts, settings: EndpointSettings) -> SecurityServer:
    backend = embedded(parts.door, parts.conditions.protected)
    return lab_server(
        "endpoint",
        parts.door,
        reads=reads(backend),
        changes=changes(backend),
        settings=settings,
        conditions=parts.conditions,
    )


def _real(backend: EndpointBackend, settings: EndpointSettings, conditions: Conditions) -> SecurityServer:
    return server_over(
        "endpoint",
        backend,
        reads=reads(backend),
        changes=changes(backend),
        instructions=f"{backend.product}. Least privilege: {backend.needs}",
        settings=settings,
        conditions=conditions,
    )


def reads(backend: EndpointBackend) -> Sequence[Method]:
    """The tools that look, as far as the product can serve them."""
    found: list[Method] = [HostReads(backend.hosts).endpoint_get_host]
    if backend.processes is not None:
        found.append(ProcessReads(backend.processes).endpoint_process_tree)
    if backend.connections is not None:
        found.append(ConnectionReads(backend.connections).endpoint_list_connections)
    if backend.logons is not None:
        found.append(LogonReads(backend.logons).endpoint_list_logons)
    if backend.files is not None:
        found.append(FileReads(backend.files).endpoint_list_files)
    if backend.index is not None:
        found.append(IndexReads(backend.index).endpoint_find_file)
    if backend.tables is not None:
        found.append(TableReads(backend.tables).endpoint_query)
    if backend.look is not None:
        found.append(LookReads(backend.look).endpoint_file_info)
    return found


def changes(backend: EndpointBackend) -> Sequence[Change]:
    """The tools that change, as far as the product can serve them."""
    found: list[Change] = []
    if backend.isolation is not None:
        hold = backend.quarantine
        both = HostChanges(backend.isolation) if hold is None else EstateChanges(backend.isolation, hold)
        found += both.declared()
    if backend.killing is not None:
        found += KillChanges(backend.killing).declared()
    if backend.collecting is not None:
        found += CollectChanges(backend.collecting).declared()
    return found
