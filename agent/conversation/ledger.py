"""The evidence of a thread: numbered over all its runs, and stored before anybody is told of it."""

import asyncio
from collections.abc import Mapping

from agent.conversation.threads import ThreadStore
from agent.evidence.ledger import Ledger
from agent.models import Evidence, JsonObject
from knowledge.trust.canonical import canonical

_LASTING = ("success", "no_data", "stale")
"""Answers that an interrupted run need not ask for again."""


class ThreadLedger(Ledger):
    """What a run may cite, and where the read door puts its answers."""

    def __init__(self, store: ThreadStore, thread_id: str, run_id: str) -> None:
        """Continue from what the thread has; what this run asked before it was interrupted is not asked again."""
        super().__init__(store.evidence(thread_id))
        self._store, self._thread_id, self._run_id = store, thread_id, run_id
        self._stored = set(self.by_id)
        self._storing = asyncio.Lock()
        earlier = (self.by_id[name] for name in store.evidence_of_run(run_id) if name in self.by_id)
        self._asked: Mapping[tuple[str, bytes], Evidence] = {
            _key(f"{item.server}__{item.tool}", item.arguments): item for item in earlier if item.status in _LASTING
        }

    def asked(self, tool: str, arguments: JsonObject) -> Evidence | None:
        """The answer this run already had to that very call, by the tool's full name."""
        return self._asked.get(_key(tool, arguments)) if self._asked else None

    async def keep(self) -> tuple[Evidence, ...]:
        """Store what came in since; gives it. Raises: RunOverError when the run was stopped."""
        async with self._storing:
            fresh = tuple(item for item in self.evidence if item.id not in self._stored)
            if fresh:
                await asyncio.to_thread(self._store.add_evidence, self._thread_id, self._run_id, fresh)
                self._stored |= {item.id for item in fresh}
            return fresh


def _key(tool: str, arguments: JsonObject) -> tuple[str, bytes]:
    return tool, canonical(arguments)
