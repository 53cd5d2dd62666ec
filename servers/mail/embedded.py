"""The simulated enterprise's mailboxes: deliveries as its relay logged them. The lab keeps no bodies and no links."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from servers.embedded import LabDoor, blind_spot
from servers.kit import NotFoundError, ToolError
from servers.lab.messages import message_id
from servers.lab.queries.events import search_events
from servers.lab.queries.network import contained
from servers.lab.records import JsonObject, from_ms, to_ms
from servers.mail.backend import Copy, Found, Outcome, Place, Wanted

SENSOR = "mail"
INBOX, QUARANTINE = "INBOX", "Quarantine"
BY = "mail server"
MOST = 100_000
_TIME = re.compile(r"<([0-9a-f]{1,12})\.")


class LabMail:
    """Deliveries of the lab, and quarantine as its containment."""

    def __init__(self, door: LabDoor) -> None:
        self._door = door

    def search(self, wanted: Wanted, start: datetime, end: datetime) -> Found:
        """Deliveries in the window. Raises: ToolError for a link: the lab logs none."""
        if wanted.url is not None:
            hint = "search by sender or attachment; siem_search knows the requests that followed"
            raise ToolError("not_kept", "the simulated relay logs no links", hint)
        return Found(tuple(self._copies(wanted, start, end)), blind_spot(self._door.db, [SENSOR], None, start, end))

    def _copies(self, wanted: Wanted, start: datetime, end: datetime) -> Iterator[Copy]:
        filters = {}
        if wanted.sender is not None:
            filters["email.sender"] = f"*{wanted.sender}" if wanted.sender.startswith("@") else wanted.sender
        if wanted.attachment_sha256 is not None:
            filters["email.attachment.sha256"] = wanted.attachment_sha256.lower()
        page = search_events(self._door.db, start=start, end=end, filters=filters, source=SENSOR, limit=MOST)
        for event in page.events:
            copy = self._copy(event)
            if wanted.message_id in (None, copy.message_id):
                yield copy

    def _copy(self, event: JsonObject) -> Copy:
        at = datetime.fromisoformat(str(event["@timestamp"]))
        known_as, attached = message_id(to_ms(at), event), event.get("email.attachment.sha256")
        held = contained(self._door.db, kind="quarantine_message", target=known_as, at=self._door.now()) is not None
        return Copy(
            at=at,
            mailbox=str(event["email.recipient"]),
            folder=QUARANTINE if held else INBOX,
            quarantined=held,
            message_id=known_as,
            sender=str(event["email.sender"]),
            subject=str(event["email.subject"]),
            attachments=() if attached is None else (str(attached),),
            event_id=str(event["event.id"]),
        )

    def content(self, mailbox: str, message_id: str) -> bytes:
        """Raises: ToolError: the lab has none."""
        raise ToolError("not_kept", "the simulated mailboxes keep no message bodies", "give eml_base64 or path")

    def places(self, message_id: str, mailboxes: Sequence[str]) -> tuple[Place, ...]:
        """Where the message lies, mailbox by mailbox."""
        copies = self._delivered(message_id)
        return tuple(self._place(self._known(mailbox), copies) for mailbox in mailboxes)

    def _place(self, mailbox: str, copies: tuple[Copy, ...]) -> Place:
        mine = [copy for copy in copies if copy.mailbox == mailbox]
        folders = tuple(copy.folder for copy in mine if not copy.quarantined)
        return Place(mailbox, True, folders, sum(copy.quarantined for copy in mine))

    def quarantine(self, message_id: str, mailboxes: Sequence[str]) -> tuple[Outcome, ...]:
        """Nobody can open the message any more."""
        outcomes = []
        for place in self.places(message_id, mailboxes):
            if place.folders:
                self._door.lab.contain("quarantine_message", message_id, None, BY)
            moved = len(place.folders)
            outcomes.append(Outcome(place.mailbox, "moved" if moved else "not_found", moved))
        return tuple(outcomes)

    def restore(self, message_id: str, mailboxes: Sequence[str], folder: str) -> tuple[Outcome, ...]:
        """The message is back where it was."""
        outcomes = []
        for place in self.places(message_id, mailboxes):
            if place.quarantined:
                self._door.lab.release("quarantine_message", message_id, BY)
            outcomes.append(Outcome(place.mailbox, "moved" if place.quarantined else "not_found", place.quarantined))
        return tuple(outcomes)

    def probe(self) -> str:
        """What is behind."""
        return self._door.probe()

    def _delivered(self, message_id: str) -> tuple[Copy, ...]:
        if (match := _TIME.match(message_id)) is None:
            return ()
        at = from_ms(int(match.group(1), 16) % 10**14)
        return tuple(self._copies(Wanted(message_id), at, at))

    def _known(self, mailbox: str) -> str:
        """The mailbox in lower case. Raises: NotFoundError when nobody has it."""
        row = self._door.db.execute("SELECT 1 FROM people WHERE email = ?", (mailbox.lower(),)).fetchone()
        if row is None:
            raise NotFoundError("nobody here has one of these mailboxes", "mailboxes are addresses of our people")
        return mailbox.lower()
