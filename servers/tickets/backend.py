"""What the tools ask of a ticket system, and how a ticket carries the marks it is found by."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from knowledge.trust.canonical import sha256_of

Status: TypeAlias = Literal["open", "in_progress", "waiting", "resolved", "closed", "withdrawn"]
Seen: TypeAlias = Literal["open", "in_progress", "waiting", "resolved", "closed", "withdrawn", "other"]
STATUSES: Final[tuple[Status, ...]] = ("open", "in_progress", "waiting", "resolved", "closed", "withdrawn")
OVER: Final = frozenset({"resolved", "closed", "withdrawn"})
"""Nobody works on a ticket of these any longer."""
BY_US: Final = "-- written by MCPSOC"
"""Last line of everything this server writes."""
_MARKED: Final = re.compile(r"(?P<title>.*) \[(?:(?P<case>[A-Za-z0-9-]{1,40}) )?(?P<reference>mcpsoc-[0-9a-f]{16})\]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tickets; what is left out does not restrict."""

    text: str | None = None
    status: Status | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note, and when it was written."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as its system tells it."""

    ticket_id: str
    title: str
    status: Seen
    status_word: str
    case_id: str | None = None
    reference: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    text: str | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A ticket to be made; its words are harmless already."""

    title: str
    text: str
    case_id: str | None

    @property
    def reference(self) -> str:
        """The same words for the same case have the same one, so that a crash makes no second ticket."""
        return f"mcpsoc-{sha256_of({'title': self.title, 'text': self.text, 'case': self.case_id or ''})[:16]}"

    @property
    def marked_title(self) -> str:
        """The title with case and reference, for systems that have no place of their own for them."""
        return f"{self.title} [{f'{self.case_id} ' if self.case_id else ''}{self.reference}]"


@dataclass(frozen=True, slots=True)
class Part:
    """Some tickets, and how many there are in all."""

    tickets: Sequence[Ticket]
    total: int


class TicketSystem(Protocol):
    """A ticket system. Every method raises ToolError when it cannot be asked."""

    def search(self, wanted: Wanted, limit: int, offset: int) -> Part:
        """Tickets that fit, newest first."""
        ...

    def counts(self, wanted: Wanted) -> Mapping[Seen, int]:
        """How many fit, by status; statuses without any may be missing."""
        ...

    def get(self, ticket_id: str) -> Ticket:
        """One ticket. Raises: NotFoundError."""
        ...

    def referring(self, reference: str) -> Sequence[Ticket]:
        """Tickets made under this reference that are not over."""
        ...

    def create(self, draft: Draft) -> str:
        """Make a ticket; its id."""
        ...

    def add_note(self, ticket_id: str, text: str) -> None:
        """Put a note below a ticket."""
        ...

    def noted(self, ticket_id: str, text: str) -> bool | None:
        """Whether the ticket has this note; None where notes cannot be read."""
        ...

    def set_status(self, ticket_id: str, status: Status) -> None:
        """Move a ticket."""
        ...

    def takes(self, status: Seen) -> bool:
        """Whether a ticket can be given this status."""
        ...

    def probe(self) -> str:
        """What is behind it, in one line."""
        ...


def marks_of(title: str) -> tuple[str, str | None, str | None]:
    """Title, case and reference, from a title that may carry marks."""
    found = _MARKED.fullmatch(title)
    return (title, None, None) if found is None else (found["title"], found["case"], found["reference"])
