"""What the tools ask of whoever keeps the mailboxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from servers.kit import Problem

State: TypeAlias = Literal["moved", "not_found", "unavailable"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages are looked for; what is None does not matter. At least one is given for a search."""

    message_id: str | None = None
    sender: str | None = None
    """An address, or `@domain`."""
    url: str | None = None
    attachment_sha256: str | None = None
    attachments: bool = False
    """Whether the hashes of attachments are wanted too."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a message in one mailbox."""

    at: datetime
    mailbox: str
    folder: str
    quarantined: bool
    message_id: str
    sender: str
    subject: str
    size: int | None = None
    attachments: tuple[str, ...] = ()
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The copies found, earliest first. `gap` says what was not looked at."""

    copies: tuple[Copy, ...]
    gap: Problem | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message lies in one mailbox: how many copies in the folders people read, and in quarantine."""

    mailbox: str
    reachable: bool
    folders: tuple[str, ...] = ()
    """Folders outside quarantine that hold a copy, once for each."""
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What moving came to in one mailbox."""

    mailbox: str
    state: State
    messages: int = 0


class Mailboxes(Protocol):
    """Mailboxes of an organisation."""

    def search(self, wanted: Wanted, start: datetime, end: datetime) -> Found:
        """Copies delivered in the window that match everything wanted. Raises: ToolError."""

    def content(self, mailbox: str, message_id: str) -> bytes:
        """A message as it lies in a mailbox. Raises: ToolError, NotFoundError."""

    def places(self, message_id: str, mailboxes: Sequence[str]) -> tuple[Place, ...]:
        """Where the message lies now, asked afresh. Raises: ToolError for a mailbox that is not ours to open."""

    def quarantine(self, message_id: str, mailboxes: Sequence[str]) -> tuple[Outcome, ...]:
        """Move every copy out of the folders people read."""

    def restore(self, message_id: str, mailboxes: Sequence[str], folder: str) -> tuple[Outcome, ...]:
        """Move the copies in quarantine back into a folder."""

    def probe(self) -> str:
        """What is behind, in one line. Raises: ToolError when it cannot be reached."""
