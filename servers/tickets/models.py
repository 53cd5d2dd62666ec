"""What the tickets server answers, each field with who wrote it: whoever may write a ticket wrote its words."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, T2, Output
from servers.tickets.backend import Seen


class TicketRow(Output):
    """One ticket of a list."""

    ticket_id: Annotated[str, T1]
    status: Annotated[Seen, T1]
    """In our words; `other` is a status that has none."""
    status_word: Annotated[str, T2]
    """As the ticket system calls it."""
    title: Annotated[str, T2]
    case_id: Annotated[str | None, T2] = None
    """The case it says it belongs to."""
    reference: Annotated[str | None, T2] = None
    """Mark of tickets that MCPSOC made; tickets_withdraw takes it."""
    created_at: Annotated[str | None, T2] = None
    updated_at: Annotated[str | None, T2] = None


class TicketRows(Output):
    """Tickets, newest first."""

    rows: ClassVar[str | None] = "tickets"
    tickets: list[TicketRow]


class StatusCount(Output):
    """Tickets of one status."""

    status: Annotated[Seen, T1]
    tickets: Annotated[int, T1]


class Counts(Output):
    """How many tickets fit."""

    total: Annotated[int, T1]
    by_status: list[StatusCount]


class NoteRow(Output):
    """One note of a ticket."""

    at: Annotated[str, T1]
    text: Annotated[str, T2]


class OneTicket(TicketRow):
    """A ticket with its words."""

    text: Annotated[str | None, T2] = None
    """Missing where the system does not give it with the ticket."""
    notes: list[NoteRow] = []
    """The last 50; only tickets of the own store show them."""


class Made(Output):
    """A ticket that was wanted."""

    ticket_id: Annotated[str, T1]
    reference: Annotated[str, T1]
    change: Annotated[Literal["created", "there already"], T1]


class Withdrawn(Output):
    """A ticket that was taken back: closed as withdrawn, never deleted."""

    ticket_id: Annotated[str, T1]
    change: Annotated[Literal["withdrawn"], T1]


class Noted(Output):
    """A note that was added, for good."""

    ticket_id: Annotated[str, T0]
    change: Annotated[Literal["noted", "there already"], T1]


class Moved(Output):
    """A ticket in its new status."""

    ticket_id: Annotated[str, T0]
    before: Annotated[Seen, T1]
    status: Annotated[Seen, T1]
