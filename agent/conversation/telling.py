"""Telling what a run does: a step is stored first, and handed on to whoever listens only then."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from agent.conversation.models import ChatStep, Sentence, StepKind
from agent.conversation.threads import ThreadStore
from agent.models import EvidenceStatus


@dataclass(slots=True)
class Teller:
    """The steps of one run. A step that was told before, by the attempt that was interrupted, is not told again."""

    store: ThreadStore
    thread_id: str
    run_id: str
    clock: Callable[[], datetime]
    on_step: Callable[[ChatStep], None]
    """Handed every step once it is stored."""
    _told: set[tuple[StepKind, str, str | None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._told = {(step.kind, step.text, step.evidence) for step in self.store.steps(self.run_id)}

    async def tell(
        self,
        kind: StepKind,
        text: str,
        *,
        evidence: str | None = None,
        status: EvidenceStatus | None = None,
        sentence: Sentence | None = None,
    ) -> ChatStep | None:
        """Store one step; gives it, or None when it was told before. Raises: RunOverError when the run was stopped."""
        if (kind, text, evidence) in self._told:
            return None
        self._told.add((kind, text, evidence))
        step = ChatStep(
            run_id=self.run_id,
            seq=0,
            kind=kind,
            text=text,
            at=self.clock(),
            evidence=evidence,
            status=status,
            sentence=sentence,
        )
        stored = await asyncio.to_thread(self.store.append, step)
        self.on_step(stored)
        return stored

    async def first_time(self, text: str) -> ChatStep | None:
        """Store a notice, once in a thread."""
        if await asyncio.to_thread(self.store.told, self.thread_id, text):
            return None
        return await self.tell("notice", text)
