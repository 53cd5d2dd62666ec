"""Conversations over a real host and a small lab, with intents that are spelled out."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.conversation.models import ChatStep, Referents, Run
from agent.conversation.protocol import Draft, Fact, Looker, Understood
from agent.conversation.service import ChatService
from agent.conversation.testing import Answering, ScriptedIntent, SpelledOut
from agent.conversation.threads import ThreadStore
from agent.host.connections import Connection
from agent.host.host import Host
from agent.host.pins import PinStore
from agent.models import Count, Ref
from agent.settings import Settings
from servers.bundle import bundled
from servers.lab.world import Lab
from servers.settings import Settings as ServerSettings
from tests.labs import lab_at

SOURCES = "siem__siem_list_sources"


@pytest.fixture(scope="session")
def lab_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small lab; tests only read it."""
    return lab_at(tmp_path_factory.mktemp("lab") / "lab.db", 11, [("password_spray", "attack")])


@pytest.fixture
async def host(lab_path: Path, tmp_path: Path) -> AsyncIterator[Host]:
    """The bundled servers over that lab."""
    settings = Settings(home=tmp_path)
    servers = bundled(lab_path, tmp_path / "knowledge", ServerSettings(home=tmp_path))
    wanted = [Connection(name, servers[name].transport) for name in ("siem", "assets", "firewall")]
    with Lab.open(lab_path) as lab:
        async with Host(wanted, settings=settings, pins=PinStore(), clock=lab.now) as host:
            yield host


async def count_sources(question: Understood, referents: Referents, looker: Looker) -> Draft:
    """How many log sources there are."""
    answer = await looker.read(SOURCES, {})
    assert isinstance(answer.data, dict)
    there = answer.data["sources"]
    assert isinstance(there, list)
    claim = Count(id="c1", template="{value} log sources.", ref=Ref(evidence=answer.id, path="$.sources[*]"), value=12)
    return Draft(said=(Fact(claim),), suggestions=("count again",))


@dataclass
class Chats:
    """Makes services over one file of threads, all with the same intents."""

    host: Host
    path: Path
    clock: Callable[[], datetime]
    understanding: Any = field(default_factory=SpelledOut)
    answering: dict[str, Answering] = field(default_factory=lambda: {"count": count_sources})
    stores: list[ThreadStore] = field(default_factory=list)

    def store(self) -> ThreadStore:
        """Another connection to the threads."""
        self.stores.append(ThreadStore(self.path))
        return self.stores[-1]

    @property
    def intents(self) -> Mapping[str, ScriptedIntent]:
        """By name."""
        return {name: ScriptedIntent(name, answering) for name, answering in self.answering.items()}

    def open(self, tenant: str = "lab", **given: Any) -> AbstractAsyncContextManager[ChatService]:
        """A service, as one process has it."""
        parts = {
            "host": self.host,
            "threads": self.store(),
            "understanding": self.understanding,
            "intents": self.intents,
            "brain": None,
            "settings": self.host.settings,
            "world": "lab",
            "tenant": tenant,
            "clock": self.clock,
            "audit": None,
        }
        return ChatService(**{**parts, **given})

    @asynccontextmanager
    async def asked(self, question: str, **given: Any) -> AsyncIterator[tuple[ChatService, Run]]:
        """A service with one question under way in a new thread."""
        async with self.open() as chat:
            thread = await chat.create_thread("ana", **given)
            yield chat, await chat.ask(thread.id, question, "ana")


async def told(chat: ChatService, run: Run, after: int = 0) -> list[ChatStep]:
    """Every step of the run, to its end."""
    return [step async for step in chat.follow(run.id, after)]


@pytest.fixture
def follow() -> Callable[..., Any]:
    """Every step of a run, to its end."""
    return told


@pytest.fixture
def chats(host: Host, lab_path: Path, tmp_path: Path) -> Any:
    """Services over a fresh file of threads."""
    with Lab.open(lab_path) as lab:
        made = Chats(host, tmp_path / "threads.db", lab.now)
        yield made
        for store in made.stores:
            store.close()
