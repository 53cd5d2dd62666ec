"""Putting the parts together: host, stores and analyst, for one home and one world."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from agent.analyst import Analyst
from agent.brain import build_brain
from agent.brain.playbook import PlaybookBrain
from agent.cases import CaseStore
from agent.host.host import Host
from agent.models import World, utc_now
from agent.playbooks.format import load_playbooks
from agent.settings import Settings as AgentSettings
from agent.wording import Language
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
async def open_desk(home: Home, world: World, *, judging: bool = True) -> AsyncIterator[Desk]:
    """An analyst over the files of `home`. In world `site` no server has the lab behind it.

    `judging`: whether alerts will be judged there; a desk that only answers questions asks no model for decisions.
    Raises: ModelUnfitError when a model is to judge alerts that must not."""
    settings = AgentSettings(home=home.make().root)
    told = settings if judging else settings.model_copy(update={"brain": PlaybookBrain.name})
    brain = build_brain(told, home.installation.root, tell=_say, language=_language())
    with _clock(home, world) as now, _store(home, settings) as store, closing(AuditLog(home.audit)) as audit:
        async with open_host(home, world, settings, now) as host:
            analyst = Analyst(
                host=host,
                store=store,
                brain=brain,
                playbooks=load_playbooks(),
                audit=audit,
                settings=settings,
                clock=lambda _: now(),
            )
            yield Desk(analyst, host, now)


def _say(told: str) -> None:
    """To the person who started the program; its data goes to stdout."""
    sys.stderr.write(f"{told}\n")
    sys.stderr.flush()


def _language() -> Language:
    """The language this program was asked to speak."""
    from ui.cli.catalogue import choose

    return "zh" if choose(sys.argv[1:], os.environ) == "zh" else "en"


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
