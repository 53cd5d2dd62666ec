"""Looking at messages: one by its content, many by who sent them and what they hold."""

import base64
import binascii
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from servers.embedded import Sha256, check_window
from servers.folders import FilePath, Folders
from servers.kit import Cursor, Limit, Reply, Time, ToolError, paged
from servers.kit.envelope import iso
from servers.mail.arguments import Base64, CountBy, MailboxName, MessageId, Sender, Url
from servers.mail.backend import Copy, Found, Mailboxes, Wanted
from servers.mail.examination import Surroundings, look, message_row
from servers.mail.likeness import like_ours
from servers.mail.message import MOST_BYTES
from servers.mail.models import Deliveries, Delivery, History, Message, SignRow, Signs, Tallies, Tally
from servers.mail.signs import signs_of


class Reading:
    """The reads."""

    def __init__(
        self, mailboxes: Mailboxes, around: Surroundings, folders: Folders, domains: Callable[[], tuple[str, ...]]
    ) -> None:
        self._mailboxes = mailboxes
        self._around = around
        self._folders = folders
        self._domains = domains

    def mail_parse_message(
        self,
        eml_base64: Base64 | None = None,
        path: FilePath | None = None,
        mailbox: MailboxName | None = None,
        message_id: MessageId | None = None,
    ) -> Reply[Message]:
        """Take one message apart: headers, hops, DKIM/SPF/DMARC, links, attachments by content. Give eml_base64, or
        path, or mailbox with message_id."""
        looked = look(self._bytes(eml_base64, path, mailbox, message_id), self._around)
        row = message_row(looked)
        text = f"{len(row.links)} links, {len(row.attachments)} attachments, {len(row.hops)} hops"
        results = ", ".join(f"{check.method} {check.result}" for check in row.checks)
        return Reply(row, f"{text}; {results}")

    def mail_phishing_signs(
        self,
        eml_base64: Base64 | None = None,
        path: FilePath | None = None,
        mailbox: MailboxName | None = None,
        message_id: MessageId | None = None,
    ) -> Reply[Signs]:
        """What speaks against one message, each sign with its reason; none found proves nothing. Source as in
        mail_parse_message."""
        looked = look(self._bytes(eml_base64, path, mailbox, message_id), self._around)
        found = signs_of(looked.examined, self._around.known())
        rows = [SignRow(sign=sign.name, strength=sign.strength, why=sign.why, shown=sign.shown) for sign in found]
        message = message_row(looked)
        strong = sum(1 for sign in found if sign.strength == "high")
        signs = Signs(
            sha256=message.sha256, message_id=message.message_id, signs=rows, not_checked=list(looked.not_checked)
        )
        return Reply(signs, f"{len(rows)} signs, {strong} of them strong", beside=bool(looked.not_checked))

    def mail_search_messages(
        self,
        start: Time,
        end: Time,
        message_id: MessageId | None = None,
        sender: Sender | None = None,
        url: Url | None = None,
        attachment_sha256: Sha256 | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Deliveries]:
        """Copies of messages in our mailboxes, earliest first, and whether they are in quarantine. sender may be
        @domain."""
        wanted = Wanted(message_id, sender, url, attachment_sha256)
        if wanted == Wanted():
            hint = "message_id, sender, url or attachment_sha256; mail_count_messages needs none"
            raise ToolError("missing_argument", "give something to search for", hint)
        found = self._found(wanted, start, end)
        page = paged(found.copies, limit, cursor)
        return page.reply(
            Deliveries(messages=[_delivery(copy) for copy in page.rows]),
            f"{len(page.rows)} of {page.total} messages in {len({copy.mailbox for copy in found.copies})} mailboxes",
            sensor="mail",
            stale=found.gap,
        )

    def mail_count_messages(
        self,
        by: CountBy,
        start: Time,
        end: Time,
        sender: Sender | None = None,
        attachment_sha256: Sha256 | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Tallies]:
        """How many messages there are by sender, sender_domain, mailbox, subject or attachment, most first."""
        wanted = Wanted(sender=sender, attachment_sha256=attachment_sha256, attachments=by == "attachment")
        found = self._found(wanted, start, end)
        counted = Counter(value for copy in found.copies for value in _values(copy, by))
        page = paged(sorted(counted.items(), key=lambda item: (-item[1], item[0])), limit, cursor)
        return page.reply(
            Tallies(counts=[Tally(value=value, messages=count) for value, count in page.rows]),
            f"{len(found.copies)} messages, {page.total} values",
            sensor="mail",
            stale=found.gap,
        )

    def mail_sender_history(self, sender: Sender, start: Time, end: Time) -> Reply[History]:
        """Since when and how often a sender and its domain write to us; a first contact is one to look at."""
        domain = sender.rpartition("@")[2].lower()
        found = self._found(Wanted(sender=f"@{domain}"), start, end)
        mine = [copy for copy in found.copies if copy.sender.lower() == sender.lower()]
        own = self._domains()
        like = like_ours(domain, own)
        history = History(
            sender=sender,
            messages=len(mine),
            days=len({copy.at.date() for copy in mine}),
            recipients=len({copy.mailbox for copy in mine}),
            first=iso(mine[0].at) if mine else None,
            last=iso(mine[-1].at) if mine else None,
            domain_messages=len(found.copies),
            domain_first=iso(found.copies[0].at) if found.copies else None,
            own_domain=domain in own,
            looks_like=None if like is None else like.ours,
        )
        text = f"{len(mine)} messages from the sender, {len(found.copies)} from its domain"
        return Reply(history, text, sensor="mail", stale=found.gap, empty=not found.copies)

    def _found(self, wanted: Wanted, start: datetime, end: datetime) -> Found:
        check_window(start, end)
        return self._mailboxes.search(wanted, start, end)

    def _bytes(self, eml: str | None, path: str | None, mailbox: str | None, message_id: str | None) -> bytes:
        """The one message meant. Raises: ToolError when none or several are named."""
        stored = mailbox is not None or message_id is not None
        named = [eml is not None, path is not None, stored].count(True)
        if named != 1:
            code = "invalid_argument" if named else "missing_argument"
            raise ToolError(code, "name one message", "eml_base64, or path, or mailbox and message_id")
        if eml is not None:
            return _decoded(eml)
        if path is not None:
            return self._folders.read(path, MOST_BYTES)
        if mailbox is None or message_id is None:
            raise ToolError("missing_argument", "a stored message is named by mailbox and message_id", "give both")
        return self._mailboxes.content(mailbox, message_id)


def _decoded(eml: str) -> bytes:
    try:
        return base64.b64decode(eml, validate=True)
    except (binascii.Error, ValueError):
        raise ToolError("invalid_argument", "eml_base64 is not base64", "encode the whole message") from None


def _delivery(copy: Copy) -> Delivery:
    return Delivery(
        time=iso(copy.at),
        mailbox=copy.mailbox,
        folder=copy.folder,
        quarantined=copy.quarantined,
        message_id=copy.message_id,
        sender=copy.sender,
        subject=copy.subject,
        size=copy.size,
        attachment_sha256=list(copy.attachments),
        event_id=copy.event_id,
    )


def _values(copy: Copy, by: CountBy) -> tuple[str, ...]:
    match by:
        case "sender":
            return (copy.sender.lower(),)
        case "sender_domain":
            return (copy.sender.rpartition("@")[2].lower(),)
        case "mailbox":
            return (copy.mailbox,)
        case "subject":
            return (copy.subject,)
        case "attachment":
            return copy.attachments
