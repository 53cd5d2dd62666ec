"""One run from its question to its last step, whatever becomes of it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from agent.chat import answer_in, build_graph, converse, left_at, stream
from agent.conversation.checkpoints import keep_latest, open_checkpoints, settle
from agent.conversation.errors import RunOverError
from agent.conversation.ledger import ThreadLedger
from agent.conversation.looking import ThreadLooker, call_text
from agent.conversation.model import ModelChat
from agent.conversation.models import Answer, ChatStep, Run, RunStatus, StepKind, Thread
from agent.conversation.protocol import Intent, Understanding
from agent.conversation.state import Deps, State
from agent.conversation.telling import Teller
from agent.conversation.threads import ThreadStore
from agent.conversation.understanding.plain import language_of
from agent.conversation.visits import last_visit
from agent.host.host import Host
from agent.host.read import Budget
from agent.models import Evidence, World
from agent.settings import Settings
from agent.wording import Language, localised

HISTORY: Final = 6
"""Earlier answers of the thread that a model is shown."""
GOES_ON: Final = "The run was interrupted and goes on."
FAILED: Final = "Something broke while this was answered; the log of the server has it."
ANSWERED: Final = "{sentences} sentences, {struck} struck, {calls} calls."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every run of one world works with."""

    host: Host
    threads: ThreadStore
    understanding: Understanding
    intents: Mapping[str, Intent]
    brain: ModelChat | None
    settings: Settings
    world: World
    clock: Callable[[], datetime]


class Runner:
    """Runs the conversation graph over the checkpoints of the threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._checkpoints = await self._stack.enter_async_context(open_checkpoints(self._desk.threads.path))
        self._graph = build_graph(self._checkpoints)
        if self._desk.brain is not None:
            await asyncio.to_thread(self._desk.brain.prepare)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._desk.brain is not None:
            await self._desk.brain.aclose()
        await self._stack.aclose()

    async def answer(self, run: Run, thread: Thread, *, resumed: bool) -> AsyncIterator[ChatStep]:
        """Each step once it is stored, the run ended with the last. A run that breaks ends as failed.

        A run that was stopped, here or elsewhere, just ends; one that is cancelled can be taken up again."""
        try:
            async for step in self._steps(run, thread, resumed=resumed):
                yield step
            answer = await answer_in(self._graph, thread.id)
            await self._end(run, "done", _summary(answer), answer)
            await keep_latest(self._checkpoints, thread.id)
        except RunOverError:
            log.info("chat_stopped run=%s", run.id)
        except asyncio.CancelledError:
            await settle(self._checkpoints)
            raise
        except Exception:
            if await self._end(run, "failed", localised(FAILED, spoken(run, thread))):
                log.exception("chat_failed run=%s thread=%s", run.id, thread.id)

    async def _steps(self, run: Run, thread: Thread, *, resumed: bool) -> AsyncIterator[ChatStep]:
        deps = await asyncio.to_thread(self._deps, run, thread)
        left = await left_at(self._graph, thread.id, run.id) if resumed else None
        if resumed:
            yield await asyncio.to_thread(self._goes_on, run, thread)
        if left == "":
            return
        start = None if left else await asyncio.to_thread(self._start, run, thread)
        async for step in converse(self._graph, start, thread.id, deps):
            yield step

    def _goes_on(self, run: Run, thread: Thread) -> ChatStep:
        told = localised(GOES_ON, spoken(run, thread))
        return self._desk.threads.append(
            ChatStep(run_id=run.id, seq=0, kind="notice", text=told, at=self._desk.clock())
        )

    def _start(self, run: Run, thread: Thread) -> State:
        asked = self._desk.threads.asked(thread.tenant, run.author)
        visit = last_visit(run.started_at, [moment for moment in asked if moment < run.started_at])
        return State(
            run_id=run.id,
            thread_id=thread.id,
            question=run.question,
            language=thread.language,
            case_id=thread.case_id,
            last_visit=None if visit is None else visit.isoformat(),
            began=time.time(),
            written=None,
        )

    def _deps(self, run: Run, thread: Thread) -> Deps:
        desk = self._desk
        teller = Teller(desk.threads, thread.id, run.id, desk.clock, stream)
        ledger = ThreadLedger(desk.threads, thread.id, run.id)
        door = desk.host.read_door(world=desk.world, ledger=ledger, clock=desk.clock, budget=self._budget())

        async def told(evidence: Evidence) -> None:
            await teller.tell("call", call_text(evidence), evidence=evidence.id, status=evidence.status)

        earlier = [item.answer for item in desk.threads.runs(thread.id) if item.answer is not None]
        return Deps(
            understanding=desk.understanding,
            intents=desk.intents,
            brain=desk.brain,
            looker=ThreadLooker(door, ledger, desk.clock, told),
            ledger=ledger,
            teller=teller,
            tools=desk.host.reads(desk.world),
            history=earlier[-HISTORY:],
        )

    def _budget(self) -> Budget:
        """What one question may spend; with a model, its own time is not the tools'."""
        settings, brain = self._desk.settings, self._desk.brain
        return Budget(settings.max_calls, settings.max_seconds + (0.0 if brain is None else brain.longest_s))

    async def _end(self, run: Run, status: RunStatus, text: str, answer: Answer | None = None) -> bool:
        now = self._desk.clock()
        kind: StepKind = "notice" if answer is None else "answer"
        last = ChatStep(run_id=run.id, seq=0, kind=kind, text=text, at=now, answer=answer)
        return await asyncio.to_thread(self._desk.threads.end, run.id, status, now, last, answer)


def spoken(run: Run, thread: Thread) -> Language:
    """The language that a run is told in: the thread's, or that of its question."""
    return thread.language or language_of(run.question)


def _summary(answer: Answer) -> str:
    counts = {"sentences": len(answer.sentences), "struck": len(answer.struck), "calls": answer.calls}
    return localised(ANSWERED, answer.language).format(**counts)
