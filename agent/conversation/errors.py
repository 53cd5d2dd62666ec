"""What can go wrong in a conversation.

ChatError
├── ThreadNotFoundError        no thread of that id in this world
├── RunNotFoundError           no run of that id in this world
├── EvidenceNotFoundError      the thread has no evidence of that id
├── QuestionError              a question that is empty or too long
├── RunBusyError               the thread is still answering another question
├── RunOverError               the run ended meanwhile: nothing may be added to it
├── UnborneError               a sentence does not stand on its evidence
└── ThreadStoreError           the database of the threads cannot be used

What goes wrong with the language model is told in agent/brain/endpoint/errors.py.
"""

from agent.errors import AgentError


class ChatError(AgentError):
    """Base of every error of this package."""


class ThreadNotFoundError(ChatError):
    """No thread of that id in this world; the message names it."""


class RunNotFoundError(ChatError):
    """No run of that id in this world; the message names it."""


class EvidenceNotFoundError(ChatError):
    """The thread has no evidence of that id; the message names both."""


class QuestionError(ChatError):
    """The question cannot be asked; the message says why."""


class RunBusyError(ChatError):
    """The thread is still answering; `run_id` is the run to wait for or to stop."""

    def __init__(self, message: str, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class RunOverError(ChatError):
    """The run was stopped or has ended: nothing may be added to it any more."""


class UnborneError(ChatError):
    """A sentence is not borne by what it cites; the message is the reason it is struck for."""


class ThreadStoreError(ChatError):
    """The database cannot be opened, or was made by a newer version."""
