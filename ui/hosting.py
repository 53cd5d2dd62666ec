"""The host over the servers of one home.

This is where agent and servers meet, and they meet over MCP: the host is given transports, never servers.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from agent.host.connections import AnyConnection, Connection, from_mcp_servers
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.models import World
from agent.settings import Settings as AgentSettings
from servers.bundle import bundled
from servers.settings import Settings as ServerSettings
from ui.home import Home


@asynccontextmanager
async def open_host(
    home: Home, world: World, settings: AgentSettings, clock: Callable[[], datetime]
) -> AsyncIterator[Host]:
    """The host alone, connected to the bundled servers and, in world `site`, to other people's."""
    lab = home.lab if world == "lab" else None
    servers = bundled(lab, home.root / "knowledge", ServerSettings(home=home.root))
    connections: list[AnyConnection] = [Connection(name, server.transport) for name, server in servers.items()]
    if world == "site" and settings.servers_path.exists():
        connections += from_mcp_servers(settings.servers_path)
    async with Host(connections, settings=settings, pins=PinStore(home.pins), clock=clock) as host:
        yield host
