"""The threads of conversations: threads, runs, steps and evidence in one SQLite file that several processes share.

Every change is one transaction. Steps and evidence are only ever added, and only to a run that is still going on.
"""

from pathlib import Path

from agent.conversation.models import Answer, ChatStep, Run, RunStatus, Thread
from agent.models import Evidence, UtcTime


class ThreadStore:
    """Threads in the database at `path`, made on first use. May be used from several threads and processes.

    Raises: ThreadStoreError when the database cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def close(self) -> None:
        """Close the database."""
        raise NotImplementedError

    def create(self, thread: Thread) -> Thread:
        """Keep a new thread."""
        raise NotImplementedError

    def get(self, thread_id: str, tenant: str) -> Thread:
        """One thread. Raises: ThreadNotFoundError, also when it is another tenant's."""
        raise NotImplementedError

    def threads(self, tenant: str, owner: str | None = None, limit: int = 200) -> tuple[Thread, ...]:
        """The tenant's threads, the one used last first."""
        raise NotImplementedError

    def start(self, run: Run, holder: str) -> Run:
        """Keep a new run, held by that process. Raises: RunBusyError while another run of the thread is going on."""
        raise NotImplementedError

    def run(self, run_id: str, tenant: str) -> Run:
        """One run. Raises: RunNotFoundError, also when it is another tenant's."""
        raise NotImplementedError

    def runs(self, thread_id: str) -> tuple[Run, ...]:
        """The thread's runs, oldest first."""
        raise NotImplementedError

    def append(self, step: ChatStep) -> ChatStep:
        """Add a step to a running run; its number is given here. Raises: RunOverError when the run has ended."""
        raise NotImplementedError

    def steps(self, run_id: str, after: int = 0) -> tuple[ChatStep, ...]:
        """The run's steps with a number above `after`, in order."""
        raise NotImplementedError

    def end(
        self, run_id: str, status: RunStatus, at: UtcTime, last: ChatStep | None = None, answer: Answer | None = None
    ) -> bool:
        """End a running run with its last step; False when it had ended already."""
        raise NotImplementedError

    def add_evidence(self, thread_id: str, run_id: str, items: tuple[Evidence, ...]) -> None:
        """Keep answers in the thread. Raises: RunOverError when the run has ended."""
        raise NotImplementedError

    def evidence(self, thread_id: str, limit: int = 100) -> tuple[Evidence, ...]:
        """The newest evidence of the thread, oldest first."""
        raise NotImplementedError

    def evidence_item(self, thread_id: str, evidence_id: str) -> Evidence:
        """One piece of evidence. Raises: EvidenceNotFoundError."""
        raise NotImplementedError
