"""Putting the parts together: servers, host, stores and analyst, for one home and one world.

This is where agent and servers meet, and they meet over MCP: the analyst is given transports, never servers.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from agent.analyst import Analyst
from agent.brain.playbook import PlaybookBrain
from agent.cases import CaseStore
from agent.host.connections import AnyConnection, Connection, from_mcp_servers
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.models import World, utc_now
from agent.playbooks.format import load_playbooks
from agent.settings import Settings as AgentSettings
from knowledge.trust.audit import AuditLog
from servers.bundle import bundled
from servers.lab.world import Lab
from servers.settings import Settings as ServerSettings
from ui.errors import UsageError
from ui.home import Home


@dataclass(frozen=True, slots=True)
class Desk:
    """An analyst at work, and what it works with."""

    analyst: Analyst
    host: Host
    clock: Callable[[], datetime]
    """Of the world the desk was opened for."""


@asynccontextmanager
async def open_desk(home: Home, world: World) -> AsyncIterator[Desk]:
    """An analyst over the files of `home`. In world `site` no server has the lab behind it.

    Raises: UsageError when a brain is asked for that this version does not have."""
    settings = AgentSettings(home=home.make().root)
    _check_brain(settings)
    with _clock(home, world) as now, _store(home, settings) as store, closing(AuditLog(home.audit)) as audit:
        async with open_host(home, world, settings, now) as host:
            analyst = Analyst(
                host=host,
                store=store,
                brain=PlaybookBrain(),
                playbooks=load_playbooks(),
                audit=audit,
                settings=settings,
                clock=lambda _: now(),
            )
            yield Desk(analyst, host, now)


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


@contextmanager
def _clock(home: Home, world: World) -> Iterator[Callable[[], datetime]]:
    """Lab time for the lab, wall time for a site."""
    if world == "site":
        yield utc_now
        return
    with closing(Lab.open(home.lab)) as lab:
        yield lab.now


@contextmanager
def _store(home: Home, settings: AgentSettings) -> Iterator[CaseStore]:
    store = CaseStore(home.cases_url, settings.due_in)
    try:
        yield store
    finally:
        store.dispose()


def _check_brain(settings: AgentSettings) -> None:
    if settings.brain != "playbook":
        raise UsageError("this version has no model brain; take {setting} away", setting="MCPSOC_BRAIN=model")
