"""Suite `chat`: questions over small labs, asked as analysts ask them, and held against what is true there.

The cases are made by the real analyst; the chat answers through its own service, like anybody's. What is expected is
read from the lab's file and the case store by this suite alone.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from agent.analyst import Analyst
from agent.conversation.models import Answer
from agent.conversation.service import ChatService
from agent.host.host import Host
from agent.settings import Settings
from evals.errors import EvalError
from evals.pipeline import Pipeline, playbook_brain
from evals.stopping import until_stopped
from evals.suites.chat_asking import Talk
from evals.suites.chat_cast import Cast
from evals.suites.chat_counting import Judged, report_of
from evals.suites.chat_lab import LabFile, Story
from evals.suites.chat_report import ChatReport, SuiteName
from evals.suites.chat_tables import Asked, World, load_conversations, load_worlds
from evals.suites.chat_truth import Books
from servers.lab.world import Lab

Progress = Callable[[str], None]
PATIENCE_S = 60.0
"""How long one answer may take."""
MODEL_PATIENCE_S = 1800.0
"""The same with a language model behind it, which may be a slow one."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The product over one lab: who makes cases of alerts, and who talks about them."""

    analyst: Analyst
    host: Host
    chat: ChatService


OpenDesk = Callable[[Path], AbstractAsyncContextManager[Desk]]
"""Opens the product over the home at a folder, whose lab is `lab.db` in it."""


@dataclass(slots=True)
class _Tally:
    """What a run has so far, so that an interrupted one keeps it."""

    judged: list[Judged] = field(default_factory=list)
    worlds: int = 0

    def brain(self) -> str:
        """Who answered."""
        answers = (item.heard.answer for item in self.judged)
        return next((answer.brain for answer in answers if answer is not None), "playbook")


async def run_chat(
    open_desk: OpenDesk,
    *,
    progress: Progress,
    worlds: Sequence[World] | None = None,
    conversations: Sequence[Asked] | None = None,
    patience_s: float = PATIENCE_S,
    suite: SuiteName = "chat",
) -> ChatReport:
    """Hold every conversation of the tables, or these over these labs; an answer may take `patience_s`."""
    started, tally = perf_counter(), _Tally()
    asked = load_conversations() if conversations is None else conversations
    async with until_stopped() as stop:
        for world in load_worlds() if worlds is None else worlds:
            if mine := [item for item in asked if item.conversation.seed == world.seed]:
                await _hold(open_desk, world, mine, tally, progress, patience_s)
    return report_of(
        tally.judged,
        suite=suite,
        brain=tally.brain(),
        worlds=tally.worlds,
        seconds=perf_counter() - started,
        interrupted=stop.requested,
    )


async def run_chat_model(open_desk: OpenDesk, *, progress: Progress) -> ChatReport:
    """Ten conversations of four questions with the language model that is switched on, and their transcript.

    Raises: EvalError when none is."""
    if Settings().brain != "model":
        raise EvalError("no language model is switched on: set MCPSOC_BRAIN=model, MCPSOC_MODEL and OPENAI_BASE_URL")
    asked = load_conversations(("model",))
    return await run_chat(
        open_desk, progress=progress, conversations=asked, patience_s=MODEL_PATIENCE_S, suite="chat-model"
    )


async def _hold(
    open_desk: OpenDesk,
    world: World,
    asked: Iterable[Asked],
    tally: _Tally,
    progress: Progress,
    patience_s: float,
) -> None:
    tally.worlds += 1
    async with opened(open_desk, world, patience_s) as (talk, cast):
        progress(f"seed {world.seed}: {len(cast.cases)} cases")
        for item in asked:
            async for judged in talk.held(item):
                tally.judged.append(judged)
                progress(f"seed {world.seed}: {judged.id}: {_mark(judged)}, {judged.heard.seconds:.2f} s")


@asynccontextmanager
async def opened(open_desk: OpenDesk, world: World, patience_s: float = PATIENCE_S) -> AsyncIterator[tuple[Talk, Cast]]:
    """The product over a fresh lab of that world, its alerts already made into cases."""
    with tempfile.TemporaryDirectory(prefix="mcpsoc-eval-") as folder:
        path = Path(folder) / "lab.db"
        await asyncio.to_thread(_build, path, world)
        with closing(LabFile(path)) as lab:
            cast = Cast(lab, _stories(world, lab.stories()))
            async with open_desk(Path(folder)) as desk:
                await _triage(desk, cast)
                store, tenant = desk.analyst.store, desk.analyst.settings.tenant("lab")
                books = Books(lab, store, tenant, cast)
                yield Talk(desk.chat, books, lambda: _pass_time(path), patience_s), cast


def _build(path: Path, world: World) -> None:
    Lab.create(path, world.seed, stories=world.wanted()).close()


def _stories(world: World, told: Sequence[Story]) -> dict[str, Story]:
    """Nickname to story. Raises: EvalError when the lab has not told one of them."""
    by_name = {f"{story.family}/{story.kind}": story for story in told}
    if missing := [name for name in world.stories.values() if name not in by_name]:
        raise EvalError(f"the lab of seed {world.seed} has no alert of {missing[0]}")
    return {nickname: by_name[name] for nickname, name in world.stories.items()}


async def _triage(desk: Desk, cast: Cast) -> None:
    pipeline = Pipeline(desk.analyst, desk.host, playbook_brain(), desk.analyst.clock)
    for raw in await pipeline.new_alerts():
        case = await pipeline.handle(raw)
        names = [name for name, story in cast.stories.items() if story.alert_id == raw["kibana.alert.uuid"]]
        cast.cases |= dict.fromkeys(names, case.id)


def _pass_time(path: Path) -> None:
    with closing(Lab.open(path)) as lab:
        lab.advance(timedelta(minutes=10))


def _mark(judged: Judged) -> str:
    answer: Answer | None = judged.heard.answer
    if judged.all_good:
        return "as it has to be"
    return "; ".join(judged.scored.reasons) or ("no answer" if answer is None else "see the report")
