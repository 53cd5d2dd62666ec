"""The mailboxes of an IMAP server: searched and moved one by one, so that one that fails spoils no other."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from typing import TypeVar

from servers.kit import NotFoundError, Problem, ToolError
from servers.mail.backend import Copy, Found, Outcome, Place, Wanted
from servers.mail.imap.session import Door, Fetched, Login, Session, Unavailable, day, opened, quoted
from servers.mail.message import MOST_BYTES, addresses_of, decoded, parse

MOST_MESSAGES = 2_000
"""Messages of one mailbox that a search looks at."""
MOST_HASHED = 200
"""Messages of one mailbox whose attachments are hashed for a search: each is read whole."""
T = TypeVar("T")
_WHERE = "see MCPSOC_MAIL_IMAP_HOST, MCPSOC_MAIL_IMAP_PORT, MCPSOC_MAIL_IMAP_SECURITY and the logins"


@dataclass(frozen=True, slots=True)
class ImapMail:
    """The mailboxes that the settings name."""

    door: Door
    logins: Mapping[str, Login]
    quarantine_folder: str

    def search(self, wanted: Wanted, start: datetime, end: datetime) -> Found:
        """Copies in every folder of every mailbox. Mailboxes that do not answer are named by their number alone."""
        copies: list[Copy] = []
        failed, cut = 0, False
        for login in self.logins.values():
            try:
                found, more = self._in_mailbox(login, wanted, start, end)
            except Unavailable:
                failed += 1
                continue
            copies, cut = copies + found, cut or more
        if failed == len(self.logins):
            raise ToolError("unreachable", "no mailbox could be opened", "see mail_health; nothing was searched")
        return Found(
            tuple(sorted(copies, key=lambda copy: (copy.at, copy.mailbox, copy.message_id))), _gap(failed, cut)
        )

    def _in_mailbox(self, login: Login, wanted: Wanted, start: datetime, end: datetime) -> tuple[list[Copy], bool]:
        found: list[Copy] = []
        cut = False
        with opened(self.door, login) as session:
            for folder in session.folders():
                if session.enter(folder, readonly=True):
                    uids = session.search(*_criteria(wanted), *_window(start, end))
                    most = MOST_HASHED if _hashed(wanted) else MOST_MESSAGES
                    copies = [*self._matching(session, login.mailbox, folder, uids[-most:], wanted)]
                    found += [copy for copy in copies if copy is not None]
                    cut = cut or len(uids) > most or None in copies
        return [copy for copy in found if start <= copy.at <= end], cut

    def _matching(
        self, session: Session, mailbox: str, folder: str, uids: Sequence[str], wanted: Wanted
    ) -> Iterator[Copy | None]:
        """The messages that are wanted; None beside or for one that cannot be read whole, so that it may be one."""
        for fetched in session.summaries(uids):
            hashes, whole = self._attached(session, fetched) if _hashed(wanted) else ((), True)
            copy = self._copy(mailbox, folder, fetched, hashes)
            named = wanted.message_id in (None, copy.message_id) and _sent_by(copy.sender, wanted.sender)
            attached = wanted.attachment_sha256 is None or wanted.attachment_sha256.lower() in hashes
            if named and attached:
                yield copy
            if not (named and attached and whole) and (named or not fetched.whole) and (attached or not whole):
                yield None

    def _attached(self, session: Session, fetched: Fetched) -> tuple[tuple[str, ...], bool]:
        """Hashes of a message's attachments, and whether those are all of them."""
        try:
            mail = parse(session.whole(fetched.uid, MOST_BYTES))
        except ToolError:
            return (), False
        hashes = tuple(hashlib.sha256(part.content).hexdigest() for part in mail.attachments)
        return hashes, fetched.size <= MOST_BYTES and not mail.limits

    def _copy(self, mailbox: str, folder: str, fetched: Fetched, hashes: tuple[str, ...]) -> Copy:
        headers = message_from_bytes(fetched.headers)
        senders = addresses_of((decoded(str(headers.get("From", ""))),))
        return Copy(
            at=fetched.at,
            mailbox=mailbox,
            folder=folder,
            quarantined=folder == self.quarantine_folder,
            message_id=decoded(str(headers.get("Message-ID", "")))[:300],
            sender=senders[0].address if senders else "",
            subject=decoded(str(headers.get("Subject", ""))),
            size=fetched.size,
            attachments=hashes,
        )

    def content(self, mailbox: str, message_id: str) -> bytes:
        """The first copy of a message in a mailbox."""
        login = self._login(mailbox)

        def read() -> bytes:
            with opened(self.door, login) as session:
                for folder in session.folders():
                    for uid in self._copies_in(session, folder, message_id, readonly=True):
                        return session.whole(uid, MOST_BYTES)
            raise NotFoundError("the mailbox holds no message with this id", "try mail_search_messages")

        return _told(read)

    def places(self, message_id: str, mailboxes: Sequence[str]) -> tuple[Place, ...]:
        """Where the message lies, each mailbox opened afresh."""
        return tuple(self._place(self._login(mailbox), message_id) for mailbox in mailboxes)

    def _place(self, login: Login, message_id: str) -> Place:
        try:
            with opened(self.door, login) as session:
                held = {
                    folder: len(self._copies_in(session, folder, message_id, readonly=True))
                    for folder in session.folders()
                }
        except Unavailable:
            return Place(login.mailbox, False)
        outside = tuple(name for name, count in held.items() for _ in range(count) if name != self.quarantine_folder)
        return Place(login.mailbox, True, outside, held.get(self.quarantine_folder, 0))

    def quarantine(self, message_id: str, mailboxes: Sequence[str]) -> tuple[Outcome, ...]:
        """Move every copy into the quarantine folder, which is made where it is missing."""

        def move(session: Session) -> int:
            session.create(self.quarantine_folder)
            sources = [name for name in session.folders() if name != self.quarantine_folder]
            return sum(self._moved(session, name, message_id, self.quarantine_folder) for name in sources)

        return self._each(mailboxes, move)

    def restore(self, message_id: str, mailboxes: Sequence[str], folder: str) -> tuple[Outcome, ...]:
        """Move the copies in quarantine back."""
        if folder == self.quarantine_folder:
            raise ToolError("invalid_argument", "the quarantine folder is no place to restore to", "for example INBOX")

        def move(session: Session) -> int:
            return self._moved(session, self.quarantine_folder, message_id, folder)

        return self._each(mailboxes, move)

    def _each(self, mailboxes: Sequence[str], move: Callable[[Session], int]) -> tuple[Outcome, ...]:
        """The same in each mailbox. One that fails does not keep the rest from being served, and is said."""
        outcomes = []
        for login in [self._login(mailbox) for mailbox in mailboxes]:
            try:
                with opened(self.door, login) as session:
                    if not session.can_move():
                        raise Unavailable("no_move")
                    moved = move(session)
                outcomes.append(Outcome(login.mailbox, "moved" if moved else "not_found", moved))
            except Unavailable:
                outcomes.append(Outcome(login.mailbox, "unavailable"))
        return tuple(outcomes)

    def _moved(self, session: Session, source: str, message_id: str, target: str) -> int:
        """How many copies left one folder for another, counted where they arrived."""
        before = len(self._copies_in(session, target, message_id, readonly=True))
        uids = self._copies_in(session, source, message_id, readonly=False)
        if not uids:
            return 0
        session.move(uids, target)
        return len(self._copies_in(session, target, message_id, readonly=True)) - before

    def _copies_in(self, session: Session, folder: str, message_id: str, *, readonly: bool) -> list[str]:
        """UIDs of exactly this message: a server matches parts of a header, so each hit is looked at.

        Raises: Unavailable for more than can be: whoever writes many like it would hide the one behind them."""
        if not session.enter(folder, readonly=readonly):
            return []
        hits = session.search("HEADER", "MESSAGE-ID", quoted(message_id))
        if len(hits) > MOST_MESSAGES:
            raise Unavailable("too_many_messages")
        return [fetched.uid for fetched in session.summaries(hits) if self._is(fetched, message_id)]

    def _is(self, fetched: Fetched, message_id: str) -> bool:
        """Whether it is this message. Raises: Unavailable for one whose id is too long to tell."""
        same = self._copy("", "", fetched, ()).message_id == message_id
        if not same and not fetched.whole:
            raise Unavailable("too_long_header")
        return same

    def probe(self) -> str:
        """The server's address and how many of the mailboxes open. Raises: ToolError when none does."""
        answers = [self._answers(login) for login in list(self.logins.values())[:20]]
        if not any(answers):
            raise ToolError("unreachable", "no mailbox could be opened", _WHERE)
        return f"IMAP server with {len(self.logins)} mailboxes; {sum(answers)} of {len(answers)} tried can be opened"

    def _answers(self, login: Login) -> bool:
        try:
            with opened(self.door, login) as session:
                return session.can_move()
        except Unavailable:
            return False

    def _login(self, mailbox: str) -> Login:
        if (login := self.logins.get(mailbox)) is None:
            raise ToolError("unknown_mailbox", "a mailbox is not among those configured", "see the mailbox of a search")
        return login


def _told(read: Callable[[], T]) -> T:
    """What a call gives. Raises: ToolError in place of Unavailable."""
    try:
        return read()
    except Unavailable as error:
        raise ToolError(error.code, "the mailbox could not be opened", "see mail_health") from error


def _criteria(wanted: Wanted) -> list[str]:
    criteria = []
    if wanted.message_id is not None:
        criteria += ["HEADER", "MESSAGE-ID", quoted(wanted.message_id)]
    if wanted.sender is not None:
        criteria += ["FROM", quoted(wanted.sender)]
    if wanted.url is not None:
        spellings = _spellings(wanted.url)
        criteria += ["OR"] * (len(spellings) - 1)
        criteria += [word for each in spellings for word in ("TEXT", quoted(each))]
    return criteria


def _spellings(url: str) -> list[str]:
    """A URL as a text part holds it, and as one of HTML may: a server compares the source, entities as they stand."""
    plain = url.replace("&amp;", "&")
    return list(dict.fromkeys(plain.replace("&", mark) for mark in ("&", "&amp;", "&#38;", "&#x26;")))


def _window(start: datetime, end: datetime) -> list[str]:
    """A day more on both sides: the server compares days in its own time zone."""
    first, last = (start - timedelta(days=1)).date(), (end + timedelta(days=2)).date()
    return ["SINCE", day(first), "BEFORE", day(last)]


def _sent_by(sender: str, wanted: str | None) -> bool:
    if wanted is None:
        return True
    return sender.lower().endswith(wanted.lower()) if wanted.startswith("@") else sender.lower() == wanted.lower()


def _hashed(wanted: Wanted) -> bool:
    return wanted.attachments or wanted.attachment_sha256 is not None


def _gap(failed: int, cut: bool) -> Problem | None:
    if failed:
        return Problem("partial", f"{failed} mailboxes could not be searched", "what is missing may lie there")
    if cut:
        message = "a mailbox holds more than one search looks at: too many messages, or some too long to read whole"
        return Problem("partial", message, "ask for a shorter window")
    return None
