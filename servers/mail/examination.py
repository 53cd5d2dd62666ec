"""One message looked at from every side: the steps between its bytes and the answers of two tools."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from servers.defang import defanged
from servers.errors import ToolError
from servers.kit.envelope import iso
from servers.mail.files import MACRO_KINDS, File, looked_at
from servers.mail.hops import Hop, hops_of
from servers.mail.links import Link, links_of, text_of
from servers.mail.message import Address, Mail, parse
from servers.mail.models import CheckRow, ClaimRow, FileRow, HopRow, LinkRow, Mailbox, Message
from servers.mail.proof import Check, checked, claims_of
from servers.mail.signs import Examined, Known
from servers.mail.zone import Zone
from servers.malware.analysis import Room

_MACROS_S = 20.0
_MOST_SHOWN = 20
_MOST_FILES = 15
_MOST_MEMBERS = 8
_TEXT_SHOWN = 1_500


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known about ourselves that a message is held against."""

    relays: tuple[str, ...]
    zone: Callable[[], Zone | None]
    known: Callable[[], Known]


class _Part(BaseModel):
    """What the room tells, as far as it is of use here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Word(_Part):
    kind: str
    keyword: str


class _Code(_Part):
    keywords: tuple[_Word, ...]


class _Told(_Part):
    macros: _Code | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Macros:
    """What oletools says about one file; `found` is None when it could not say."""

    found: bool | None
    words: tuple[str, ...] = ()
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """A message with all that was found out."""

    examined: Examined
    macros: dict[str, Macros]
    not_checked: tuple[str, ...]


def look(raw: bytes, around: Surroundings) -> Looked:
    """Everything about one message. Raises: ToolError for bytes that are none."""
    mail = parse(raw)
    hops = hops_of(mail, around.relays)
    links = links_of(mail.text, mail.html)
    files = tuple(looked_at(part) for part in mail.attachments)
    contents = {file.sha256: part.content for file, part in zip(files, mail.attachments, strict=True)}
    macros = {file.sha256: macros_in(contents[file.sha256]) for file in files if file.kind in MACRO_KINDS}
    checks = checked(mail, hops, around.zone())
    examined = Examined(
        mail=mail,
        hops=hops,
        checks=checks,
        claims=claims_of(mail, around.relays),
        links=links.links,
        form=links.form,
        files=files,
        macros={sha256: True for sha256, each in macros.items() if each.found},
        autostart=frozenset(sha256 for sha256, each in macros.items() if each.starts),
    )
    return Looked(examined, macros, _not_checked(checks, macros))


def macros_in(content: bytes) -> Macros:
    """Signs of macros, found in the limited process that files are taken apart in. One that breaks it is not clean."""
    try:
        told = _Told.model_validate(Room(_MACROS_S).ask("report", content, name=""))
    except (ToolError, ValidationError):
        return Macros(None)
    if told.macros is None:
        return Macros(None if told.problems else False)
    words = told.macros.keywords
    return Macros(True, tuple(each.keyword for each in words), any(each.kind == "AutoExec" for each in words))


def _not_checked(checks: tuple[Check, ...], macros: dict[str, Macros]) -> tuple[str, ...]:
    said = [f"{check.method}: {check.why}" for check in checks if check.result in ("not_checked", "temperror")]
    unread = sum(1 for each in macros.values() if each.found is None)
    return (*said, *([f"macros of {unread} attachments could not be looked at"] if unread else []))


def message_row(looked: Looked) -> Message:
    """The message as the tool answers it."""
    found = looked.examined
    mail = found.mail
    return Message(
        sha256=hashlib.sha256(mail.raw).hexdigest(),
        size=len(mail.raw),
        message_id=mail.first("Message-ID"),
        sender=_mailbox(mail.sender),
        reply_to=[_mailbox(each) for each in mail.addresses("Reply-To")[:10]],
        recipients=[_mailbox(each) for each in (*mail.addresses("To"), *mail.addresses("Cc"))[:_MOST_SHOWN]],
        return_path=mail.first("Return-Path"),
        subject=mail.first("Subject"),
        date=None if mail.date is None else iso(mail.date),
        text=defanged(_visible(mail)),
        hops=[_hop(hop) for hop in found.hops[:_MOST_SHOWN]],
        checks=[CheckRow.of(check) for check in found.checks],
        claims=[ClaimRow.of(claim) for claim in found.claims[:_MOST_SHOWN]],
        links=[_link(link) for link in found.links[:_MOST_SHOWN]],
        attachments=[_file(file, looked.macros.get(file.sha256)) for file in found.files[:_MOST_FILES]],
        left_out=[*mail.limits, *looked.not_checked, *_more(found)],
    )


def _more(found: Examined) -> list[str]:
    """What the answer leaves out to fit; the signs rest on all of it."""
    counted = [("links", found.links, _MOST_SHOWN), ("hops", found.hops, _MOST_SHOWN)]
    counted += [("claims", found.claims, _MOST_SHOWN), ("attachments", found.files, _MOST_FILES)]
    return [f"{len(all_of) - most} more {what}" for what, all_of, most in counted if len(all_of) > most]


def _visible(mail: Mail) -> str:
    return " ".join((mail.text or text_of(mail.html)).split())[:_TEXT_SHOWN]


def _mailbox(address: Address) -> Mailbox:
    return Mailbox(name=address.name, address=address.address)


def _hop(hop: Hop) -> HopRow:
    time = None if hop.at is None else iso(hop.at)
    return HopRow(said=hop.said, address=hop.address, by=hop.by, protocol=hop.protocol, time=time, ours=hop.ours)


def _link(link: Link) -> LinkRow:
    return LinkRow(url=defanged(link.url[:500]), host=defanged(link.host), shown=defanged(link.shown))


def _file(file: File, macros: Macros | None) -> FileRow:
    return FileRow(
        name=file.name,
        declared=file.declared,
        kind=file.kind,
        size=file.size,
        sha256=file.sha256,
        md5=file.md5,
        members=list(file.members[:_MOST_MEMBERS]),
        encrypted=file.encrypted,
        macros="not_checked" if macros is None or macros.found is None else "found" if macros.found else "none",
        macro_signs=[] if macros is None else list(macros.words[:20]),
    )
