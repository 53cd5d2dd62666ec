"""A REST ticket system, spoken to as its mapping says."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue, SecretStr

from servers.errors import ConfigurationError, NotFoundError, ToolError
from servers.kit.http import Http
from servers.tickets.backend import OVER, STATUSES, Draft, Part, Seen, Status, Ticket, Wanted, marks_of
from servers.tickets.mapping import Auth, Dialect, Sending, at, body_of, filled
from servers.tickets.settings import TicketsSettings

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MOST_BYTES: Final = 4_000_000
_MOST_TEXT: Final = 200_000
_PAGE: Final = 50
_MOST_QUOTING: Final = 500
"""Tickets looked through for the one that was made."""


class RestTickets:
    """Tickets of one product."""

    def __init__(self, http: Http, mapping: Dialect, project: str) -> None:
        self.product = mapping.product
        self._http = http
        self._mapping = mapping
        self._project = project

    def search(self, wanted: Wanted, limit: int, offset: int) -> Part:
        """Tickets that fit, as the system orders them; fewer than asked where the system gives fewer at once.

        Raises: ToolError, also where it counts tickets that it does not list."""
        total = self._total(wanted)
        rows = [] if offset >= total else self._from(wanted, limit, offset, total)
        if offset < total and not rows:
            raise ToolError("bad_answer", "the ticket system counts more tickets than it lists", "ask again")
        return Part([self._ticket(row) for row in rows], total)

    def counts(self, wanted: Wanted) -> Mapping[Seen, int]:
        """How many fit, one question for each status; what none of them counts is `other`."""
        asked = [wanted.status] if wanted.status else [each for each in STATUSES if self._mapping.words(each)]
        found: dict[Seen, int] = {each: self._total(Wanted(wanted.text, each, wanted.case_id)) for each in asked}
        other = 0 if wanted.status else self._total(wanted) - sum(found.values())
        return {**found, "other": max(0, other)}

    def get(self, ticket_id: str) -> Ticket:
        """One ticket. Raises: NotFoundError, for one of another project too."""
        values = self._values(id=self._ours(ticket_id))
        try:
            answer = self._http.get(filled(self._mapping.get.path, values))
        except ToolError as problem:
            if problem.code == "not_found":
                raise NotFoundError("the ticket system has no ticket of this id", problem.hint) from None
            raise
        return self._ticket(at(answer, self._mapping.get.ticket), whole=True)

    def referring(self, reference: str) -> Sequence[Ticket]:
        """Tickets whose title carries this reference and that are not over. Raises: ToolError for too many."""
        found: list[Ticket] = []
        while len(found) < _MOST_QUOTING:
            part = self.search(Wanted(text=reference), _PAGE, len(found))
            found += part.tickets
            if len(found) >= part.total:
                return [ticket for ticket in found if ticket.reference == reference and ticket.status not in OVER]
        raise ToolError("too_many", f"more than {_MOST_QUOTING} tickets quote this one", "look at the ticket system")

    def create(self, draft: Draft) -> str:
        """Make a ticket; its id. Raises: ToolError."""
        values = self._values(title=draft.marked_title, text=draft.text)
        made = at(self._send(self._mapping.create, values), self._mapping.create.id)
        if not isinstance(made, str | int) or not _ID.fullmatch(str(made)):
            raise ToolError("bad_answer", "the ticket system named no ticket it made", "is the mapping right?")
        return str(made)

    def add_note(self, ticket_id: str, text: str) -> None:
        """Put a note below a ticket."""
        self._send(self._mapping.note, self._values(id=self._ours(ticket_id), note=text))

    def noted(self, ticket_id: str, text: str) -> None:
        """A mapping does not say where notes can be read."""

    def set_status(self, ticket_id: str, status: Status) -> None:
        """Move a ticket. Raises: ToolError for a status the mapping has no word for."""
        if (word := self._mapping.statuses.get(status)) is None:
            raise ToolError("unsupported", "the ticket system has no such status", "see the mapping")
        self._send(self._mapping.status, self._values(id=self._ours(ticket_id), status=word))

    def takes(self, status: Seen) -> bool:
        """Whether the mapping has a word for it."""
        return status in self._mapping.statuses

    def probe(self) -> str:
        """How many tickets there are. Raises: ToolError when the system does not answer."""
        return f"{self._mapping.product}, {self._total(Wanted())} tickets, {self._mapping.tested}"

    def _from(self, wanted: Wanted, limit: int, offset: int, total: int) -> list[JsonValue]:
        """Rows from one on. Where pages are numbered, what the first one holds is how long they are: systems cap what
        is asked. A look that starts within a page is made of two."""
        if any("{offset}" in text for text in self._mapping.search.params.values()):
            return self._rows(wanted, limit, offset)
        first = self._rows(wanted, limit, 0)
        size = max(1, len(first))
        page, skew = divmod(offset, size)
        rows = first[skew:] if page == 0 else self._rows(wanted, size, page * size)[skew:]
        if skew and (page + 1) * size < total:
            rows = [*rows, *self._rows(wanted, size, (page + 1) * size)[:skew]]
        return rows

    def _rows(self, wanted: Wanted, limit: int, offset: int) -> list[JsonValue]:
        search, page = self._mapping.search, offset // limit + 1
        values = self._values(query=self._query(wanted), limit=str(limit), offset=str(offset), page=str(page))
        answer = self._http.get(
            search.path, params={name: filled(text, values) for name, text in search.params.items()}
        )
        rows = at(answer, search.rows)
        if not isinstance(rows, list):
            raise ToolError("bad_answer", "the ticket system gave no list of tickets", "is the mapping right?")
        return rows[:limit]

    def _total(self, wanted: Wanted) -> int:
        return self._counted(self._query(wanted))

    def _counted(self, query: str) -> int:
        count = self._mapping.count
        values = self._values(query=query, limit="1", offset="0", page="1")
        answer = self._http.get(count.path, params={name: filled(text, values) for name, text in count.params.items()})
        total = at(answer, count.total)
        if not isinstance(total, str | int) or not str(total).isdecimal():
            raise ToolError("bad_answer", "the ticket system told no total", "is the mapping right?")
        return int(total)

    def _ours(self, ticket_id: str) -> str:
        """An id that may be used: of a ticket in the project, as far as the mapping can tell.

        Raises: NotFoundError for any other."""
        if not _ID.fullmatch(ticket_id):
            raise NotFoundError("no ticket system has such an id", "tickets_search gives the ids")
        one = self._mapping.clauses.one
        if one and not self._counted(self._joined([filled(one, {"id": ticket_id})])):
            raise NotFoundError("the project has no ticket of this id", "MCPSOC_TICKETS_PROJECT; see tickets_search")
        return ticket_id

    def _joined(self, parts: Sequence[str]) -> str:
        clauses = self._mapping.clauses
        always = [filled(clauses.always, self._values())] if clauses.always else []
        return clauses.between.join([*always, *parts])

    def _query(self, wanted: Wanted) -> str:
        """The query for what is wanted; a case is found by the mark in the title."""
        clauses = self._mapping.clauses
        parts = [filled(clauses.text, {"text": text}) for text in (wanted.text, _mark(wanted.case_id)) if text]
        if wanted.status:
            words = self._mapping.words(wanted.status)
            if not words:
                raise ToolError("unsupported", "the ticket system has no such status", "see the mapping")
            each = clauses.status_between.join(filled(clauses.status, {"status": word}) for word in words)
            parts.append(filled(clauses.status_around, {"any": each}))
        return self._joined(parts)

    def _send(self, call: Sending, values: Mapping[str, str]) -> JsonValue:
        return self._http.send(call.method, filled(call.path, values), json=body_of(call.body, values))

    def _values(self, **values: str) -> dict[str, str]:
        return {"project": self._project, **values}

    def _ticket(self, row: JsonValue, *, whole: bool = False) -> Ticket:
        fields = self._mapping.fields
        number, word = _text(at(row, fields.id)), _text(at(row, fields.status)) or ""
        if number is None or not _ID.fullmatch(number):
            raise ToolError("bad_answer", "the ticket system gave a ticket without an id", "is the mapping right?")
        title, case_id, reference = marks_of(_text(at(row, fields.title)) or "")
        return Ticket(
            ticket_id=number,
            title=title,
            status=self._mapping.seen(word),
            status_word=word,
            case_id=case_id,
            reference=reference,
            created_at=None if fields.created_at is None else _text(at(row, fields.created_at)),
            updated_at=None if fields.updated_at is None else _text(at(row, fields.updated_at)),
            text=_text(at(row, fields.text)) if whole and fields.text is not None else None,
        )


def rest_tickets(settings: TicketsSettings, mapping: Dialect, timeout_s: float) -> RestTickets:
    """The system of these settings. Raises: ConfigurationError for an address or a credential that cannot be used."""
    auth, token = mapping.auth, settings.token
    if token is None:
        raise ConfigurationError("MCPSOC_TICKETS_TOKEN or MCPSOC_TICKETS_TOKEN_FILE is needed for backend rest")
    http = Http(
        settings.url,
        product=mapping.product,
        setting="MCPSOC_TICKETS_URL",
        headers=_headers(auth, token),
        auth=(settings.user, token) if auth.kind == "basic" else None,
        ca_file=settings.ca_file,
        timeout_s=timeout_s,
        most_bytes=_MOST_BYTES,
    )
    return RestTickets(http, mapping, settings.project)


def _headers(auth: Auth, token: SecretStr) -> dict[str, str | SecretStr]:
    return {} if auth.kind == "basic" else {auth.name: SecretStr(auth.prefix + token.get_secret_value())}


def _mark(case_id: str | None) -> str | None:
    return None if case_id is None else f"{case_id} mcpsoc-"


def _text(value: JsonValue) -> str | None:
    return str(value)[:_MOST_TEXT] if isinstance(value, str | int) else None
