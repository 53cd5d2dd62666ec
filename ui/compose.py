"""Putting the parts together: host, stores and analyst, for one home and one world."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from agent.analyst import Analyst
from agent.brain.playbook import PlaybookBrain
from agent.cases import CaseStore
from agent.host.host import Host
from agent.models import World, utc_now
from agent.playbooks.format import load_playbooks
from agent.settings import Settings as AgentSettings
from knowledge.trust.audit import AuditLog
from servers.lab.world import Lab
from ui.home import Home
from ui.hosting import open_host


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

    Alerts are judged by the playbook brain also when a model is switched on: it answers chats only."""
    settings = AgentSettings(home=home.make().root)
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
