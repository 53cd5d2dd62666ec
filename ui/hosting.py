"""The host over the servers of one home.

This is where agent and servers meet, and they meet over MCP: the host is given transports, never servers.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import datetime

from agent.host.connections import AnyConnection, Connection, from_mcp_servers
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.models import World
from agent.settings import Settings as AgentSettings
from servers.bundle import SETTINGS, analysts_servers, bundled, conditions_of
from servers.kit import SecurityServer
from servers.mcpsoc import server as mcpsoc
from servers.mcpsoc.asking import Asker
from servers.settings import Settings as ServerSettings
from ui.home import Home
from ui.library.opening import knowledge_home
from ui.records import CaseRecords


@asynccontextmanager
async def open_host(
    home: Home, world: World, settings: AgentSettings, clock: Callable[[], datetime]
) -> AsyncIterator[Host]:
    """The host alone, connected to the bundled servers, to our own cases and, in world `site`, to every product that
    is configured and to other people's servers."""
    lab = home.lab if world == "lab" else None
    server_settings = ServerSettings(home=home.root)
    with closing(CaseRecords(home, world, settings, clock)) as records:
        names = analysts_servers(world)
        servers = bundled(lab, knowledge_home(home), server_settings, settings.tenant(world), names)
        servers[mcpsoc.NAME] = own_server(records, world, server_settings, clock)
        connections: list[AnyConnection] = [
            Connection(name, server.transport, product=server.product, setting=setting_of(name))
            for name, server in servers.items()
        ]
        if world == "site" and settings.servers_path.exists():
            connections += from_mcp_servers(settings.servers_path)
        async with Host(connections, settings=settings, pins=PinStore(home.pins), clock=clock) as host:
            yield host


def setting_of(server: str) -> str:
    """The setting that puts a product behind a bundled server; none for our own cases and the knowledge base."""
    return f"MCPSOC_{server.upper()}_BACKEND" if server in SETTINGS else ""


def own_server(
    records: CaseRecords,
    world: World,
    settings: ServerSettings,
    clock: Callable[[], datetime],
    asker: Asker | None = None,
) -> SecurityServer:
    """Our cases as a server. Those of the lab are as synthetic as what they are about. Only one that runs for others
    has an asker: the analyst that is connected to it would ask itself."""
    return mcpsoc.build(
        records,
        asker=asker,
        backend="embedded" if world == "lab" else "real",
        synthetic=world == "lab",
        clock=clock,
        settings=settings,
        conditions=conditions_of(settings),
    )
