"""The conversations of one world: threads are opened, questions asked, runs followed, stopped and taken up again.

async with ChatService(host=host, threads=store, understanding=build_understanding(), intents=INTENTS, brain=None,
                       settings=settings, world="lab", tenant="lab", clock=lab.now, audit=None) as chat:
    thread = await chat.create_thread("ana")
    run = await chat.ask(thread.id, "which alerts are open?", "ana")
    async for step in chat.follow(run.id):
        print(step.text)
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from agent.conversation.errors import QuestionError, RunBusyError
from agent.conversation.holders import Holder, is_gone
from agent.conversation.model import ModelChat
from agent.conversation.models import ChatStep, Run, Thread
from agent.conversation.protocol import Intent, Understanding
from agent.conversation.running import Desk, Runner, spoken
from agent.conversation.threads import ThreadStore
from agent.evidence.text import inert
from agent.host.host import Host
from agent.models import Evidence, JsonObject, World
from agent.settings import Settings
from agent.wording import Language, localised
from knowledge.trust.audit import AuditLog
from knowledge.trust.masking import mask_secrets

LONGEST: Final = 8_000
"""Characters of one question, pasted text included."""
ATTEMPTS: Final = 3
"""How often an interrupted run is begun before it counts as failed."""
POLL_S: Final = 0.25
"""How often a follower looks for the steps of a run that another process runs."""
STOPPED: Final = "Stopped by {person}."
INTERRUPTED: Final = "The run was interrupted and is not taken up again."


class ChatService:
    """Conversations in one world and tenant. Use it inside `async with`; leaving it interrupts what is running, which
    the next `resume_runs` takes up again."""

    def __init__(
        self,
        *,
        host: Host,
        threads: ThreadStore,
        understanding: Understanding,
        intents: Mapping[str, Intent],
        brain: ModelChat | None,
        settings: Settings,
        world: World,
        tenant: str,
        clock: Callable[[], datetime],
        audit: AuditLog | None,
    ) -> None:
        """`brain`: the model that answers, None for answers without one. `clock`: of the world."""
        self.world: World = world
        self.tenant = tenant
        self._store, self._clock, self._audit = threads, clock, audit
        self._desk = Desk(host, threads, understanding, intents, brain, settings, world, clock)
        self._holders = threads.path.with_suffix(".holders")
        self._stack = AsyncExitStack()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._beginning = threading.Lock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._holder = Holder(self._holders)
            stack.callback(self._holder.close)
            self._runner = await stack.enter_async_context(Runner(self._desk))
            stack.push_async_callback(self._interrupt)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def resume_runs(self) -> tuple[Run, ...]:
        """Take up every run of this tenant whose process is gone; call it once after start."""
        resumed = []
        for run, holder, attempts in await asyncio.to_thread(self._store.held, self.tenant):
            if run.id in self._tasks or not is_gone(self._holders, holder):
                continue
            if attempts >= ATTEMPTS:
                await asyncio.to_thread(self._give_up, run)
            elif await asyncio.to_thread(self._store.take_over, run.id, holder, self._holder.id):
                self._launch(run, await self.thread(run.thread_id), resumed=True)
                resumed.append(run)
        return tuple(resumed)

    async def create_thread(
        self, owner: str, *, case_id: str | None = None, language: Language | None = None, title: str = ""
    ) -> Thread:
        """Open a thread. A fixed `language` answers every question in it."""
        now = self._clock()
        thread = Thread(
            id=f"th-{secrets.token_hex(6)}",
            tenant=self.tenant,
            owner=owner,
            title=_title(title),
            case_id=case_id,
            language=language,
            created_at=now,
            updated_at=now,
        )
        return await asyncio.to_thread(self._store.create, thread)

    async def threads(self, owner: str | None = None) -> tuple[Thread, ...]:
        """The threads of this world (of one person), the one used last first."""
        return await asyncio.to_thread(self._store.threads, self.tenant, owner)

    async def thread(self, thread_id: str) -> Thread:
        """One thread. Raises: ThreadNotFoundError."""
        return await asyncio.to_thread(self._store.get, thread_id, self.tenant)

    async def ask(self, thread_id: str, question: str, author: str) -> Run:
        """Start answering and return at once. Secrets in the question are masked before it is stored.

        Raises: ThreadNotFoundError; QuestionError; RunBusyError while the thread answers another question."""
        text = mask_secrets(question).strip()
        if not text:
            raise QuestionError("the question is empty")
        if len(text) > LONGEST:
            raise QuestionError(f"a question has at most {LONGEST} characters, this one has {len(text)}")
        thread = await self.thread(thread_id)
        run = Run(
            id=f"run-{secrets.token_hex(8)}",
            thread_id=thread.id,
            question=text,
            author=author,
            status="running",
            started_at=self._clock(),
        )
        given_up = threading.Event()
        try:
            await asyncio.to_thread(self._begin, run, given_up)
            await self._note("chat.asked", author, {"thread": thread.id, "run": run.id, "question": inert(text)})
        except asyncio.CancelledError:
            self._never_mind(run, given_up)
            raise
        self._launch(run, thread)
        return run

    async def runs(self, thread_id: str) -> tuple[Run, ...]:
        """The thread's runs, oldest first. Raises: ThreadNotFoundError."""
        thread = await self.thread(thread_id)
        return await asyncio.to_thread(self._store.runs, thread.id)

    async def run(self, run_id: str) -> Run:
        """One run as it is now. Raises: RunNotFoundError."""
        return await asyncio.to_thread(self._store.run, run_id, self.tenant)

    async def steps(self, run_id: str, after: int = 0) -> tuple[ChatStep, ...]:
        """The run's steps with a number above `after`. Raises: RunNotFoundError."""
        run = await self.run(run_id)
        return await asyncio.to_thread(self._store.steps, run.id, after)

    async def follow(self, run_id: str, after: int = 0) -> AsyncIterator[ChatStep]:
        """The stored steps, then each new one as it is stored; ends with the run, whichever process runs it.

        Raises: RunNotFoundError."""
        while True:
            news = self._news.setdefault(run_id, asyncio.Event())
            run = await self.run(run_id)
            for step in await asyncio.to_thread(self._store.steps, run_id, after):
                after = step.seq
                yield step
            if run.status != "running":
                self._news.pop(run_id, None)
                return
            await _either(news, POLL_S)

    async def stop(self, run_id: str, author: str) -> Run:
        """Stop a run, wherever it runs; a run that has ended stays as it is. Raises: RunNotFoundError."""
        run = await self.run(run_id)
        thread = await self.thread(run.thread_id)
        told = localised(STOPPED, spoken(run, thread)).format(person=inert(author))
        last = ChatStep(run_id=run.id, seq=0, kind="notice", text=told, at=self._clock())
        if await asyncio.to_thread(self._store.end, run.id, "stopped", self._clock(), last):
            await self._note("chat.stopped", author, {"thread": run.thread_id, "run": run.id})
        if (task := self._tasks.get(run.id)) is not None:
            task.cancel()
            await asyncio.wait({task})
        return await self.run(run_id)

    async def evidence(self, thread_id: str, evidence_id: str) -> Evidence:
        """One piece of the thread's evidence. Raises: ThreadNotFoundError, EvidenceNotFoundError."""
        thread = await self.thread(thread_id)
        return await asyncio.to_thread(self._store.evidence_item, thread.id, evidence_id)

    def _begin(self, run: Run, given_up: threading.Event) -> None:
        """Start the run unless whoever asked is gone already."""
        with self._beginning:
            if not given_up.is_set():
                self._start(run)

    def _never_mind(self, run: Run, given_up: threading.Event) -> None:
        """Whoever asked went away before anybody answered: no run is left that nobody works on, whether it is kept
        already or a thread is about to keep it."""
        with self._beginning:
            given_up.set()
            self._store.end(run.id, "stopped", self._clock())

    def _start(self, run: Run) -> None:
        """One that a process left behind when it died does not keep the thread busy for ever."""
        try:
            self._store.start(run, self._holder.id, _title(run.question))
        except RunBusyError as busy:
            held = {other.id: (other, holder) for other, holder, _ in self._store.held(self.tenant)}
            left, holder = held.get(busy.run_id, (None, ""))
            if left is None or left.id in self._tasks or not is_gone(self._holders, holder):
                raise
            self._give_up(left)
            self._store.start(run, self._holder.id, _title(run.question))

    def _give_up(self, run: Run) -> None:
        told = localised(INTERRUPTED, spoken(run, self._store.get(run.thread_id, self.tenant)))
        last = ChatStep(run_id=run.id, seq=0, kind="notice", text=told, at=self._clock())
        self._store.end(run.id, "failed", self._clock(), last)

    def _launch(self, run: Run, thread: Thread, *, resumed: bool = False) -> None:
        task = asyncio.create_task(self._answer(run, thread, resumed=resumed), name=f"chat {run.id}")
        self._tasks[run.id] = task

    async def _answer(self, run: Run, thread: Thread, *, resumed: bool) -> None:
        try:
            async for _ in self._runner.answer(run, thread, resumed=resumed):
                self._wake(run.id)
            ended = await self.run(run.id)
            if (answer := ended.answer) is not None:
                counted: JsonObject = {"calls": answer.calls, "struck": len(answer.struck)}
                told: JsonObject = {"run": run.id, "brain": answer.brain, "intent": answer.intent}
                await self._note("chat.answered", "mcpsoc", {"thread": thread.id, **told, **counted})
        finally:
            self._tasks.pop(run.id, None)
            self._wake(run.id)

    def _wake(self, run_id: str) -> None:
        if (news := self._news.pop(run_id, None)) is not None:
            news.set()

    async def _interrupt(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _note(self, event: str, actor: str, data: JsonObject) -> None:
        if self._audit is not None:
            await asyncio.to_thread(self._audit.append, self.tenant, actor, event, data, self._clock())


async def _either(news: asyncio.Event, seconds: float) -> None:
    """Until there is news, or the time is over."""
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return


def _title(text: str) -> str:
    return inert(mask_secrets(" ".join(text.split())), 80)
