"""One connection to one mailbox. Whatever comes from outside is quoted or refused before it is sent.

Source: RFC 3501 (IMAP4rev1), RFC 4616 (SASL PLAIN), RFC 6851 (MOVE).
"""

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, TypeAlias

from servers.errors import ToolError

Security: TypeAlias = Literal["tls", "starttls", "none"]
MOST_FOLDERS = 500
"""A mailbox with more is not looked through by half: it counts as one that cannot be opened."""
_PRINTABLE = re.compile(r"[\x20-\x7e]{0,1000}")
_LISTED = re.compile(rb'\(([^)]*)\) (?:"(?:[^"\\]|\\.)"|NIL) (?:"((?:[^"\\]|\\.)*)"|([^\s"]+))$')
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_RECEIVED = re.compile(rb'\bINTERNALDATE "([^"]{10,40})"')
_MOST_HEADER = 16_384
_SUMMARY = (
    f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.{_MOST_HEADER}> "
    f"BODY.PEEK[HEADER.FIELDS (FROM)]<0.{_MOST_HEADER}> BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.{_MOST_HEADER // 2}>)"
)
"""Each header by itself: in front of the others a long one of the sender's would leave no room for them."""
_BATCH = 50


@dataclass(frozen=True, slots=True)
class Door:
    """Where the server is and how it is entered."""

    host: str
    port: int
    security: Security
    ca_file: Path | None
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Login:
    """Who opens a mailbox: its owner, or a master user in the owner's place."""

    mailbox: str
    user: str
    password: str = field(repr=False)

    def plain(self) -> bytes:
        """The SASL PLAIN answer. Raises: ToolError for a name that would end before its end."""
        if any("\0" in part for part in (self.mailbox, self.user, self.password)):
            raise ToolError("bad_login", "a mailbox name or password holds a null byte", "check the settings")
        instead = "" if self.user == self.mailbox else self.mailbox
        return f"{instead}\0{self.user}\0{self.password}".encode()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the server tells of one message, with Message-ID, From and Subject."""

    uid: str
    size: int
    at: datetime
    headers: bytes
    whole: bool
    """Whether Message-ID and From are no longer than what was fetched of them."""


class Unavailable(Exception):
    """The mailbox cannot be opened or stopped answering: that says nothing about what is in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def opened(door: Door, login: Login) -> Iterator["Session"]:
    """A session that is logged in, closed at the end.

    Raises: Unavailable, whatever goes wrong on the wire meanwhile."""
    connection: imaplib.IMAP4 | None = None
    try:
        connection = _connected(door)
        connection.authenticate("PLAIN", lambda _: login.plain())
        yield Session(connection)
    except imaplib.IMAP4.abort as error:
        raise Unavailable("connection_lost") from error
    except imaplib.IMAP4.error as error:
        raise Unavailable("refused_by_backend") from error
    except ssl.SSLError as error:
        raise Unavailable("tls_failed") from error
    except OSError as error:
        raise Unavailable("unreachable") from error
    finally:
        if connection is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                connection.logout()


def _connected(door: Door) -> imaplib.IMAP4:
    if door.security == "none":
        return imaplib.IMAP4(door.host, door.port, timeout=door.timeout_s)
    context = ssl.create_default_context(cafile=None if door.ca_file is None else str(door.ca_file))
    if door.security == "tls":
        return imaplib.IMAP4_SSL(door.host, door.port, ssl_context=context, timeout=door.timeout_s)
    connection = imaplib.IMAP4(door.host, door.port, timeout=door.timeout_s)
    connection.starttls(context)
    return connection


class Session:
    """A mailbox that is open."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._imap = connection

    def can_move(self) -> bool:
        """Whether messages move in one step; without that a crash could lose or double them."""
        _, answer = self._imap.capability()
        return b"MOVE" in b" ".join(part for part in answer if isinstance(part, bytes)).upper().split()

    def folders(self) -> tuple[str, ...]:
        """Every folder that holds messages.

        Raises: IMAP4.error for more than can be looked through, or a name that cannot be read: a folder that is
        passed over would hide what lies in it."""
        _, rows = self._imap.list()
        names = [name for row in rows if row and (name := _folder(row)) is not None]
        if len(names) > MOST_FOLDERS:
            raise imaplib.IMAP4.error("too many folders")
        return tuple(names)

    def enter(self, folder: str, *, readonly: bool) -> bool:
        """Open a folder; False when there is none. Raises: IMAP4.error for one that is there and cannot be opened."""
        kind, answer = self._imap.select(quoted(folder), readonly=readonly)
        if kind != "OK" and b"[NONEXISTENT]" not in b" ".join(part for part in answer if isinstance(part, bytes)):
            raise imaplib.IMAP4.error("folder refused")
        return kind == "OK"

    def create(self, folder: str) -> None:
        """Make a folder, if it is not there."""
        self._imap.create(quoted(folder))

    def search(self, *criteria: str) -> tuple[str, ...]:
        """UIDs that match; every criterion is a keyword or went through `quoted` or `day`."""
        kind, answer = self._imap.uid("SEARCH", *criteria)
        if kind != "OK":
            raise imaplib.IMAP4.error("search refused")
        rows = b" ".join(part for part in answer if isinstance(part, bytes))
        return tuple(uid.decode() for uid in rows.split() if uid.isdigit())

    def summaries(self, uids: Sequence[str]) -> Iterator[Fetched]:
        """Size, time and some headers of messages; one that vanished meanwhile is left out."""
        for start in range(0, len(uids), _BATCH):
            _, rows = self._imap.uid("FETCH", ",".join(uids[start : start + _BATCH]), _SUMMARY)
            yield from _fetched(rows)

    def whole(self, uid: str, most_bytes: int) -> bytes:
        """A message, or as many of its bytes; empty when it vanished."""
        _, rows = self._imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{most_bytes}>)")
        return next((bytes(row[1]) for row in rows if isinstance(row, tuple)), b"")

    def move(self, uids: Sequence[str], folder: str) -> None:
        """Move messages in one step. Raises: IMAP4.error when the server refuses."""
        kind, _ = self._imap.uid("MOVE", ",".join(uids), quoted(folder))
        if kind != "OK":
            raise imaplib.IMAP4.error("move refused")


def _folder(row: object) -> str | None:
    """The name in a row of a list; None where no message can be. Raises: IMAP4.error."""
    match = _LISTED.search(row) if isinstance(row, bytes) else None
    if match is None:
        raise imaplib.IMAP4.error("a folder without a name")
    if b"\\noselect" in match.group(1).lower() or b"\\nonexistent" in match.group(1).lower():
        return None
    name = (match.group(2) or match.group(3) or b"").replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    return name.decode("ascii", "replace")


def quoted(text: str) -> str:
    """A string of the protocol. Raises: ToolError for what could end it: only printable ASCII passes."""
    if not _PRINTABLE.fullmatch(text):
        raise ToolError("invalid_argument", "only printable ASCII can be asked of an IMAP server", "use punycode")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def day(when: date) -> str:
    """A date of the protocol."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{when.day}-{months[when.month - 1]}-{when.year:04d}"


def _fetched(rows: Sequence[object]) -> Iterator[Fetched]:
    """What rows of an answer tell: of each message what stands before and between its literals, these, and the end."""
    told, parts = b"", list[bytes]()
    for row in rows:
        if isinstance(row, tuple):
            told += bytes(row[0])
            parts.append(bytes(row[1]))
        elif isinstance(row, bytes):
            if (found := _message(told + row, parts)) is not None:
                yield found
            told, parts = b"", []


def _message(told: bytes, parts: Sequence[bytes]) -> Fetched | None:
    """One message; None for an answer about something else."""
    uid, size, received = _UID.search(told), _SIZE.search(told), _RECEIVED.search(told)
    if not (uid and size and received):
        return None
    at = parsedate_to_datetime(received.group(1).decode("ascii", "replace").replace("-", " ").replace("  ", " "))
    headers = b"".join(part.rstrip(b"\r\n") + b"\r\n" for part in parts if part.strip())
    whole = all(len(part) < _MOST_HEADER for part in parts)
    return Fetched(uid.group(1).decode(), int(size.group(1)), at.astimezone(UTC), headers, whole)
