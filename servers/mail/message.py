"""A message off the wire: headers, texts and attachments, within bounds that hold for hostile ones too.

Source: RFC 5322 (headers), RFC 2045 to 2047 (MIME, encoded words), RFC 2231 (file names).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from servers.errors import ToolError

MOST_BYTES = 10_000_000
MOST_PARTS = 200
MOST_DEPTH = 12
MOST_HEADERS = 500
MOST_HEADER_CHARACTERS = 16_000
MOST_TEXT = 500_000
MOST_ATTACHMENTS = 50
_BOUNDARY = re.compile(rb"boundary\s*=|message/rfc822", re.IGNORECASE)
_MOST_BOUNDARIES = 250


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header: what is shown, and where it leads."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The part after the last `@`, in lower case; empty without one."""
        return self.address.rpartition("@")[2].strip(". ").lower() if "@" in self.address else ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached file."""

    name: str
    declared: str
    """The content type its sender gave."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One message, decoded."""

    raw: bytes
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    limits: tuple[str, ...]
    """What was left out because it was too much: our own words."""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, topmost first."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    def first(self, name: str) -> str:
        """The topmost value of a header, empty when there is none."""
        return next(iter(self.all(name)), "")

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The mailboxes of every header of that name."""
        return addresses_of(self.all(name))

    @property
    def sender(self) -> Address:
        """Whom a reader sees: the first mailbox of From."""
        return next(iter(self.addresses("From")), Address("", ""))

    @property
    def date(self) -> datetime | None:
        """When the sender says it was written."""
        return moment(self.first("Date"))


@dataclass(slots=True)
class _Found:
    text: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)

    def limit(self, what: str) -> None:
        if what not in self.limits:
            self.limits.append(what)


def parse(raw: bytes) -> Mail:
    """The message in these bytes.

    Raises: ToolError for one that is too large, nested too deep, or no message at all."""
    if len(raw) > MOST_BYTES:
        raise ToolError("too_large", f"the message is larger than {MOST_BYTES // 1_000_000} MB", "look at its headers")
    if len(_BOUNDARY.findall(raw)) > _MOST_BOUNDARIES:
        raise ToolError("too_deep", "the message nests more parts than any mail program makes", "treat it as hostile")
    try:
        message = message_from_bytes(raw)
        found = _found(message)
    except RecursionError:
        raise ToolError("too_deep", "the message is nested too deep to be read", "treat it as hostile") from None
    headers = _headers(message, found)
    if not headers:
        raise ToolError("no_message", "these bytes have no mail header", "give a whole message, headers first")
    texts = [_clipped("\n".join(part), found) for part in (found.text, found.html)]
    return Mail(raw, headers, texts[0], texts[1], tuple(found.attachments), tuple(found.limits))


def moment(text: str) -> datetime | None:
    """The time of a date header, UTC; None for one that is none."""
    try:
        parsed = parsedate_to_datetime(text.strip()[:80])
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def addresses_of(values: tuple[str, ...]) -> tuple[Address, ...]:
    """The mailboxes that header values name, 100 at most."""
    pairs = getaddresses([value[:4_000] for value in values[:20]])
    return tuple(Address(name.strip(), address.strip()) for name, address in pairs[:100] if name or address)


def decoded(value: str) -> str:
    """A header value with its encoded words read, on one line."""
    plain = _eight_bit(value[:MOST_HEADER_CHARACTERS])
    flat = re.sub(r"\r?\n[ \t]*", " ", plain)
    if "=?" not in flat:
        return flat.strip()
    try:
        pieces = decode_header(flat)
    except (HeaderParseError, ValueError):
        return flat.strip()
    return "".join(_piece(content, charset) for content, charset in pieces).strip()


def _piece(content: str | bytes, charset: str | None) -> str:
    return content if isinstance(content, str) else _as_text(content, charset)


def _eight_bit(value: str) -> str:
    """Raw eight-bit bytes of a header, which the parser keeps as surrogates, as text."""
    return value if value.isascii() else _as_text(value.encode("utf-8", "surrogateescape"), None)


def _as_text(content: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8"):
        try:
            return content.decode(name or "utf-8")
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("latin-1")


def _headers(message: Message, found: _Found) -> tuple[tuple[str, str], ...]:
    items = list(message.raw_items())
    if len(items) > MOST_HEADERS:
        found.limit(f"only the first {MOST_HEADERS} headers were read")
    kept = [(name[:100], str(value)) for name, value in items[:MOST_HEADERS]]
    if any(len(value) > MOST_HEADER_CHARACTERS for _, value in kept):
        found.limit(f"headers longer than {MOST_HEADER_CHARACTERS} characters were cut")
    return tuple((name, decoded(value)) for name, value in kept)


def _found(message: Message) -> _Found:
    found = _Found()
    for number, (part, depth) in enumerate(_walk(message, 0)):
        if number >= MOST_PARTS:
            found.limit(f"only the first {MOST_PARTS} parts were read")
            break
        if depth > MOST_DEPTH:
            found.limit(f"parts nested deeper than {MOST_DEPTH} levels were left out")
        elif not part.is_multipart():
            _sort(part, found)
        elif part.get_content_type() == "message/rfc822" and depth:
            _attach(part, part.as_bytes(), found)
    return found


def _walk(message: Message, depth: int) -> Iterator[tuple[Message, int]]:
    """Every part with its depth. What lies inside an attached message belongs to that message."""
    open_parts = [(message, depth)]
    while open_parts:
        part, level = open_parts.pop()
        yield part, level
        children = part.get_payload() if part.is_multipart() else None
        if isinstance(children, list) and part.get_content_type() != "message/rfc822" and level <= MOST_DEPTH:
            open_parts.extend((child, level + 1) for child in reversed(children) if isinstance(child, Message))


def _sort(part: Message, found: _Found) -> None:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    kind = part.get_content_type()
    if part.get_content_disposition() == "attachment" or _file_name(part) or not kind.startswith("text/"):
        _attach(part, content, found)
        return
    texts = found.html if kind == "text/html" else found.text
    texts.append(_as_text(content[: MOST_TEXT * 2], _charset(part)))


def _attach(part: Message, content: bytes, found: _Found) -> None:
    if len(found.attachments) >= MOST_ATTACHMENTS:
        found.limit(f"only the first {MOST_ATTACHMENTS} attachments were read")
        return
    found.attachments.append(Attachment(_file_name(part), part.get_content_type()[:120], content))


def _file_name(part: Message) -> str:
    try:
        return decoded(part.get_filename() or "")[:255]
    except (LookupError, ValueError, TypeError):
        return ""


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def _clipped(text: str, found: _Found) -> str:
    if len(text) > MOST_TEXT:
        found.limit(f"texts were read up to {MOST_TEXT} characters")
    return text[:MOST_TEXT]
