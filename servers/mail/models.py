"""What the mail server answers, each field with who wrote it. Whatever a sender wrote is T2."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from servers.kit import T0, T1, T2, Output
from servers.mail.files import Kind
from servers.mail.proof import Method, Result


class Mailbox(Output):
    """One mailbox of a header."""

    name: Annotated[str, T2]
    address: Annotated[str, T2]


class HopRow(Output):
    """One handing over, as the relay wrote it down."""

    said: Annotated[str, T2]
    """The name the handing machine gave itself."""
    address: Annotated[str, T2]
    by: Annotated[str, T2]
    protocol: Annotated[str, T2]
    time: Annotated[str | None, T2] = None
    ours: Annotated[bool, T1]
    """Written by one of our relays; every other line is a claim."""


class CheckRow(Output):
    """A check made here."""

    method: Annotated[Method, T1]
    result: Annotated[Result, T1]
    domain: Annotated[str, T2]
    selector: Annotated[str, T2]
    aligned: Annotated[bool, T1]
    why: Annotated[str, T1]


class ClaimRow(Output):
    """A result that a header ascribes to somebody."""

    by: Annotated[str, T2]
    method: Annotated[str, T2]
    result: Annotated[str, T2]
    header: Annotated[str, T1]
    ours: Annotated[bool, T1]


class LinkRow(Output):
    """Where the message leads; not clickable."""

    url: Annotated[str, T2]
    host: Annotated[str, T2]
    shown: Annotated[str, T2]


class FileRow(Output):
    """An attachment by its content."""

    name: Annotated[str, T2]
    declared: Annotated[str, T2]
    kind: Annotated[Kind, T1]
    size: Annotated[int, T1]
    sha256: Annotated[str, T1]
    md5: Annotated[str, T1]
    members: Annotated[list[str], T2, Field(max_length=8)]
    encrypted: Annotated[bool, T1]
    macros: Annotated[Literal["found", "none", "not_checked"], T1]
    macro_signs: Annotated[list[str], T2, Field(max_length=20)]
    """Words in the macros that oletools finds suspicious."""


class Message(Output):
    """One message, taken apart."""

    sha256: Annotated[str, T1]
    size: Annotated[int, T1]
    message_id: Annotated[str, T2]
    sender: Annotated[Mailbox, T2]
    reply_to: Annotated[list[Mailbox], T2, Field(max_length=10)]
    recipients: Annotated[list[Mailbox], T2, Field(max_length=20)]
    return_path: Annotated[str, T2]
    subject: Annotated[str, T2]
    date: Annotated[str | None, T2] = None
    text: Annotated[str, T2]
    """Beginning of the visible text, addresses defanged."""
    hops: Annotated[list[HopRow], Field(max_length=20)]
    checks: Annotated[list[CheckRow], Field(max_length=8)]
    claims: Annotated[list[ClaimRow], Field(max_length=20)]
    links: Annotated[list[LinkRow], Field(max_length=20)]
    attachments: Annotated[list[FileRow], Field(max_length=15)]
    left_out: Annotated[list[str], T1, Field(max_length=20)]
    """What was not read, not checked, or does not fit here."""


class SignRow(Output):
    """One thing that speaks against a message."""

    sign: Annotated[str, T1]
    strength: Annotated[Literal["low", "medium", "high"], T1]
    why: Annotated[str, T1]
    shown: Annotated[str, T2]
    """What it is seen by."""


class Signs(Output):
    """Signs of phishing, strongest first. None found proves nothing."""

    rows: ClassVar[str | None] = "signs"
    sha256: Annotated[str, T1]
    message_id: Annotated[str, T2]
    signs: list[SignRow]
    not_checked: Annotated[list[str], T1]


class Delivery(Output):
    """One copy of a message in one mailbox."""

    time: Annotated[str, T1]
    mailbox: Annotated[str, T1]
    folder: Annotated[str, T2]
    quarantined: Annotated[bool, T1]
    message_id: Annotated[str, T2]
    sender: Annotated[str, T2]
    subject: Annotated[str, T2]
    size: Annotated[int | None, T1] = None
    attachment_sha256: Annotated[list[str], T1]
    event_id: Annotated[str | None, T1] = None


class Deliveries(Output):
    """Messages in order of time."""

    rows: ClassVar[str | None] = "messages"
    messages: list[Delivery]


class Tally(Output):
    """How many messages share a value."""

    value: Annotated[str, T2]
    messages: Annotated[int, T1]


class Tallies(Output):
    """Most frequent first."""

    rows: ClassVar[str | None] = "counts"
    counts: list[Tally]


class History(Output):
    """What a sender, and others of its domain, sent before."""

    sender: Annotated[str, T2]
    messages: Annotated[int, T1]
    days: Annotated[int, T1]
    """Days with at least one message."""
    recipients: Annotated[int, T1]
    first: Annotated[str | None, T1] = None
    last: Annotated[str | None, T1] = None
    domain_messages: Annotated[int, T1]
    domain_first: Annotated[str | None, T1] = None
    own_domain: Annotated[bool, T1]
    looks_like: Annotated[str | None, T0] = None
    """The own domain that the sender's imitates."""


class MailboxState(Output):
    """What became of a message in one mailbox."""

    mailbox: Annotated[str, T0]
    state: Annotated[Literal["moved", "not_found", "unavailable"], T1]
    messages: Annotated[int, T1]


class Moved(Output):
    """What was moved where. Read back with mail_search_messages."""

    message_id: Annotated[str, T2]
    change: Annotated[Literal["quarantined", "restored", "partly quarantined", "partly restored"], T1]
    mailboxes: list[MailboxState]
