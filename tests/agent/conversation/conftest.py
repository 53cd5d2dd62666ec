"""A thread without a service: questions are read and answered over a real lab with investigated cases."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from agent.cases.queries import CaseQuery
from agent.conversation.intents import INTENTS
from agent.conversation.models import Referents, Sentence
from agent.conversation.nodes import remembered
from agent.conversation.protocol import Draft, Understood
from agent.conversation.sentences import checked
from agent.conversation.understanding import build_understanding
from agent.evidence.ledger import Ledger
from agent.host.read import Budget, ReadDoor
from agent.models import Evidence, JsonObject, World
from ui.compose import Desk, open_desk
from ui.home import Home


@dataclass
class PlainLooker:
    """A read door and a clock."""

    door: ReadDoor
    ledger: Ledger
    clock: Callable[[], datetime]
    calls: list[tuple[str, JsonObject]] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.door.world

    def now(self) -> datetime:
        return self.clock()

    async def read(self, tool: str, arguments: JsonObject) -> Evidence:
        return (await self.read_many([(tool, arguments)]))[0]

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        self.calls += calls
        return await self.door.read_many(calls)


@dataclass
class Told:
    """What came of one question."""

    understood: Understood
    draft: Draft | None
    sentences: tuple[Sentence, ...]
    struck: tuple[Sentence, ...]
    evidence: dict[str, Evidence]

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(sentence.text for sentence in self.sentences)

    def kinds(self) -> set[str]:
        """The kinds of sentences."""
        return {sentence.kind for sentence in self.sentences}


@dataclass
class Talk:
    """One thread."""

    desk: Desk
    world: World
    referents: Referents = field(default_factory=Referents)

    def looker(self) -> PlainLooker:
        """Reads of one question, with what a run may spend."""
        ledger = Ledger()
        budget = Budget(calls=25, seconds=60)
        door = self.desk.host.read_door(world=self.world, ledger=ledger, clock=self.desk.clock, budget=budget)
        return PlainLooker(door, ledger, self.desk.clock)

    async def read(self, question: str, referents: Referents | None = None) -> Understood:
        """The question, understood."""
        return await build_understanding()(question, None, referents or self.referents, self.looker())

    async def ask(self, question: str) -> Told:
        """The question, answered; the next one may refer to it."""
        looker = self.looker()
        understood = await build_understanding()(question, None, self.referents, looker)
        intent = INTENTS.get(understood.intent or "")
        draft = await intent.answer(understood, self.referents, looker) if intent else None
        sentences, struck = checked(draft, looker.ledger.by_id, understood.language, understood) if draft else ((), ())
        self.referents = (draft.referents if draft else None) or remembered(understood, self.referents)
        return Told(understood, draft, sentences, struck, dict(looker.ledger.by_id))

    def case_of(self, family: str) -> str:
        """The id of the case whose title has these words."""
        listed = self.desk.analyst.store.list_cases(CaseQuery(now=self.desk.clock()))
        return next(case.id for case in listed if family in case.title)


@pytest.fixture
def talking(investigated: Path) -> Callable[[], AbstractAsyncContextManager[Talk]]:
    """Opens a thread over the investigated lab."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Talk]:
        async with open_desk(Home(investigated).demo, "lab") as desk:
            yield Talk(desk, "lab")

    return opened
