"""The tickets server: tickets of cases, made, noted and moved; taken back by closing them, never by deleting."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from servers.embedded import Reason
from servers.errors import ConfigurationError, ToolError
from servers.kit import Change, Cursor, Limit, Plan, Rate, Reply, SecurityServer, Undo, build_server
from servers.kit.answer import offset_of, row_cursors
from servers.kit.server import wall_clock
from servers.kit.tool import Method
from servers.parts import Parts
from servers.tickets import models
from servers.tickets.backend import Draft, Status, Ticket, TicketSystem, Wanted
from servers.tickets.mapping import mapping_of
from servers.tickets.rest import RestTickets, rest_tickets
from servers.tickets.settings import NEEDS, TicketsSettings
from servers.tickets.store import TicketStore
from servers.tickets.wording import MOST_TEXT, MOST_TITLE, line, words

SearchText = Annotated[str, Field(pattern=r"^[\w .:@-]{1,100}$")]
CaseId = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
TicketId = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Reference = Annotated[str, Field(pattern="^mcpsoc-[0-9a-f]{16}$")]
Title = Annotated[str, Field(min_length=3, max_length=MOST_TITLE)]
Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
WRITING: Final = Rate(60, per_s=3600)


class Reading:
    """The reads."""

    def __init__(self, system: TicketSystem) -> None:
        self._system = system

    def tickets_search(
        self,
        text: SearchText | None = None,
        status: Status | None = None,
        case_id: CaseId | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[models.TicketRows]:
        """Tickets that fit all of this, newest first. text: part of the words."""
        offset = offset_of(cursor)
        part = self._system.search(Wanted(text, status, case_id), limit, offset)
        rows = models.TicketRows(tickets=[models.TicketRow.model_validate(_head(ticket)) for ticket in part.tickets])
        until = offset + len(part.tickets)
        after = row_cursors(offset, len(part.tickets))
        return Reply(rows, f"{part.total} tickets", total=part.total, after=after, more=until < part.total)

    def tickets_count(
        self, text: SearchText | None = None, status: Status | None = None, case_id: CaseId | None = None
    ) -> Reply[models.Counts]:
        """How many tickets fit, in all and by status."""
        found = self._system.counts(Wanted(text, status, case_id))
        rows = [models.StatusCount(status=each, tickets=count) for each, count in sorted(found.items()) if count]
        total = sum(found.values())
        return Reply(models.Counts(total=total, by_status=rows), f"{total} tickets")

    def tickets_get(self, ticket_id: TicketId) -> Reply[models.OneTicket]:
        """One ticket with its text and notes, as far as the system gives them."""
        ticket = self._system.get(ticket_id)
        notes = [models.NoteRow(at=note.at, text=note.text) for note in ticket.notes]
        row = models.TicketRow.model_validate(_head(ticket))
        data = models.OneTicket(**dict(row), text=ticket.text, notes=notes)
        return Reply(data, f"ticket is {ticket.status}, {len(notes)} notes")


class Writing:
    """The changes, and what each would do."""

    def __init__(self, system: TicketSystem) -> None:
        self._system = system

    def tickets_create(
        self, title: Title, text: Text, reason: Reason, case_id: CaseId | None = None
    ) -> Reply[models.Made]:
        """Open a ticket; one of the same words still in work is not made twice. Undo withdraws it."""
        draft = _draft(title, text, case_id)
        if (there := self._one(draft.reference)) is not None:
            made = models.Made(ticket_id=there.ticket_id, reference=draft.reference, change="there already")
            return Reply(made, "0 tickets created: it is there already")
        number = self._system.create(draft)
        return Reply(models.Made(ticket_id=number, reference=draft.reference, change="created"), "1 ticket created")

    def plan_create(self, title: str, text: str, reason: str, case_id: str | None = None) -> Plan:
        """One ticket more, unless it is there."""
        draft = _draft(title, text, case_id)
        if self._one(draft.reference) is not None:
            return Plan(draft.reference, "none: a ticket of the same words is in work already")
        undo = Undo("tickets_withdraw", {"reference": draft.reference})
        return Plan(draft.reference, "1 ticket for whoever works on the queue", undo)

    def created(self, title: str, text: str, reason: str, case_id: str | None = None) -> bool:
        """Whether a ticket of these words is in work."""
        return bool(self._system.referring(_draft(title, text, case_id).reference))

    def tickets_withdraw(self, reference: Reference, reason: Reason) -> Reply[models.Withdrawn]:
        """Close a ticket that tickets_create made as withdrawn. Nothing is deleted."""
        ticket = self._made(reference)
        self._system.set_status(ticket.ticket_id, "withdrawn")
        return Reply(models.Withdrawn(ticket_id=ticket.ticket_id, change="withdrawn"), "1 ticket withdrawn")

    def plan_withdraw(self, reference: str, reason: str) -> Plan:
        """One ticket less in work."""
        ticket = self._made(reference)
        undo = Undo("tickets_set_status", {"ticket_id": ticket.ticket_id, "status": ticket.status})
        return Plan(reference, "1 ticket leaves the queue", undo if self._system.takes(ticket.status) else None)

    def withdrawn(self, reference: str, reason: str) -> bool:
        """Whether none of this reference is in work."""
        return not self._system.referring(reference)

    def tickets_add_note(self, ticket_id: TicketId, text: Text, reason: Reason) -> Reply[models.Noted]:
        """Add a note, marked as written by MCPSOC. It stays: it cannot be taken back."""
        there, note = self._system.noted(ticket_id, words(text)), words(text)
        if not there:
            self._system.add_note(ticket_id, note)
        return Reply(
            models.Noted(ticket_id=ticket_id, change="there already" if there else "noted"),
            f"{0 if there else 1} notes added",
        )

    def plan_note(self, ticket_id: str, text: str, reason: str) -> Plan:
        """One note more, for good."""
        ticket = self._system.get(ticket_id)
        return Plan(f"notes of {ticket.ticket_id}", "1 note for whoever follows the ticket; it cannot be taken back")

    def noted(self, ticket_id: str, text: str, reason: str) -> bool | None:
        """Whether the note is there; None where notes cannot be read."""
        return self._system.noted(ticket_id, words(text))

    def tickets_set_status(self, ticket_id: TicketId, status: Status, reason: Reason) -> Reply[models.Moved]:
        """Move a ticket to another status. Undo is the status it had."""
        before = self._system.get(ticket_id).status
        self._system.set_status(ticket_id, status)
        return Reply(models.Moved(ticket_id=ticket_id, before=before, status=status), f"from {before} to {status}")

    def plan_status(self, ticket_id: str, status: Status, reason: str) -> Plan:
        """From which status to which. Raises: ToolError for one the system does not have."""
        ticket = self._system.get(ticket_id)
        if not self._system.takes(status):
            raise ToolError("unsupported", "the ticket system does not take this status", "see the mapping")
        undo = Undo("tickets_set_status", {"ticket_id": ticket_id, "status": ticket.status})
        lasting = undo if self._system.takes(ticket.status) else None
        return Plan(f"status of {ticket.ticket_id}", f"1 ticket from {ticket.status} to {status}", lasting)

    def moved(self, ticket_id: str, status: Status, reason: str) -> bool:
        """Whether the ticket is in this status."""
        return self._system.get(ticket_id).status == status

    def _one(self, reference: str) -> Ticket | None:
        """The ticket of this reference that is in work. Raises: ToolError when there are several."""
        found = self._system.referring(reference)
        if len(found) > 1:
            raise ToolError("ambiguous", f"{len(found)} tickets in work carry this reference", "look at them first")
        return found[0] if found else None

    def _made(self, reference: str) -> Ticket:
        if (ticket := self._one(reference)) is None:
            raise ToolError("not_in_work", "no ticket of this reference is in work", "it may be closed already")
        return ticket


def build(parts: Parts, settings: TicketsSettings) -> SecurityServer:
    """The tickets server of this lab, of the own store, or of the REST system that is configured.

    Raises: ConfigurationError for settings that cannot be used."""
    chosen = parts.backend(settings.backend)
    if chosen == "rest":
        rest = _rest(parts, settings)
        product = f"{rest.product} at {settings.url}" + (f", {settings.project}" if settings.project else "")
        return _server(parts, settings, rest, product, wall_clock)
    if chosen == "store":
        own = TicketStore(parts.settings.root / "tickets.db", wall_clock)
        return _server(parts, settings, own, "store", wall_clock)
    lab = TicketStore(parts.settings.root / "tickets-lab.db", parts.door.now)
    return _server(parts, settings, lab, "", parts.door.now)


def _server(
    parts: Parts, settings: TicketsSettings, system: TicketSystem, product: str, clock: Callable[[], datetime]
) -> SecurityServer:
    """Without a product it is the simulated enterprise's."""
    return build_server(
        "tickets",
        reads=_reads(system),
        changes=_changes(system),
        backend="real" if product else "embedded",
        synthetic=not product,
        clock=clock,
        probe=system.probe,
        product=product,
        instructions=NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )


def _rest(parts: Parts, settings: TicketsSettings) -> RestTickets:
    if not settings.url:
        raise ConfigurationError("MCPSOC_TICKETS_URL is needed for backend rest")
    return rest_tickets(settings, mapping_of(settings.mapping), parts.conditions.timeout_s * 0.4)


def _reads(system: TicketSystem) -> list[Method]:
    reading = Reading(system)
    return [reading.tickets_search, reading.tickets_count, reading.tickets_get]


def _changes(system: TicketSystem) -> list[Change]:
    writing = Writing(system)
    return [
        Change(
            writing.tickets_create,
            writing.plan_create,
            writing.created,
            risk="low",
            expiry="hold",
            undo="tickets_withdraw",
            rate=WRITING,
        ),
        Change(
            writing.tickets_withdraw, writing.plan_withdraw, writing.withdrawn, risk="low", undo="tickets_set_status"
        ),
        Change(writing.tickets_add_note, writing.plan_note, writing.noted, risk="low", rate=WRITING),
        Change(
            writing.tickets_set_status,
            writing.plan_status,
            writing.moved,
            risk="low",
            expiry="hold",
            undo="tickets_set_status",
            rate=WRITING,
        ),
    ]


def _draft(title: str, text: str, case_id: str | None) -> Draft:
    return Draft(line(title), words(text), case_id)


def _head(ticket: Ticket) -> dict[str, str | None]:
    return {
        "ticket_id": ticket.ticket_id,
        "status": ticket.status,
        "status_word": ticket.status_word,
        "title": ticket.title,
        "case_id": ticket.case_id,
        "reference": ticket.reference,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
    }
