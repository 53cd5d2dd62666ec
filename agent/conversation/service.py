"""The conversations of one world: threads are opened, questions asked, runs followed, stopped and taken up again.

async with ChatService(host=host, threads=store, understanding=build_understanding(), intents=INTENTS, brain=None,
                       settings=settings, world="lab", tenant="lab", clock=lab.now, audit=None) as chat:
    thread = await chat.create_thread("ana")
    run = await chat.ask(thread.id, "which alerts are open?", "ana")
    async for step in chat.follow(run.id):
        print(step.text)
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from agent.conversation.model import ModelChat
from agent.conversation.models import ChatStep, Run, Thread
from agent.conversation.protocol import Intent, Understanding
from agent.conversation.threads import ThreadStore
from agent.host.host import Host
from agent.models import Evidence, World
from agent.settings import Settings
from agent.wording import Language
from knowledge.trust.audit import AuditLog


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

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def resume_runs(self) -> tuple[Run, ...]:
        """Take up every run of this tenant whose process is gone; call it once after start."""
        raise NotImplementedError

    async def create_thread(
        self, owner: str, *, case_id: str | None = None, language: Language | None = None, title: str = ""
    ) -> Thread:
        """Open a thread. A fixed `language` answers every question in it."""
        raise NotImplementedError

    async def threads(self, owner: str | None = None) -> tuple[Thread, ...]:
        """The threads of this world (of one person), the one used last first."""
        raise NotImplementedError

    async def thread(self, thread_id: str) -> Thread:
        """One thread. Raises: ThreadNotFoundError."""
        raise NotImplementedError

    async def ask(self, thread_id: str, question: str, author: str) -> Run:
        """Start answering and return at once.

        Raises: ThreadNotFoundError; QuestionError; RunBusyError while the thread answers another question."""
        raise NotImplementedError

    async def runs(self, thread_id: str) -> tuple[Run, ...]:
        """The thread's runs, oldest first. Raises: ThreadNotFoundError."""
        raise NotImplementedError

    async def run(self, run_id: str) -> Run:
        """One run as it is now. Raises: RunNotFoundError."""
        raise NotImplementedError

    async def steps(self, run_id: str, after: int = 0) -> tuple[ChatStep, ...]:
        """The run's steps with a number above `after`. Raises: RunNotFoundError."""
        raise NotImplementedError

    async def follow(self, run_id: str, after: int = 0) -> AsyncIterator[ChatStep]:
        """The stored steps, then each new one as it is stored; ends with the run. Raises: RunNotFoundError."""
        raise NotImplementedError
        yield

    async def stop(self, run_id: str, author: str) -> Run:
        """Stop a run, wherever it runs; a run that has ended stays as it is. Raises: RunNotFoundError."""
        raise NotImplementedError

    async def evidence(self, thread_id: str, evidence_id: str) -> Evidence:
        """One piece of the thread's evidence. Raises: ThreadNotFoundError, EvidenceNotFoundError."""
        raise NotImplementedError
