"""What speaks against a message, each sign with its reason. A sign is a reason to look, not a verdict."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias

from servers.defang import defanged, domains_in
from servers.mail.files import RUNS, File
from servers.mail.hops import Hop
from servers.mail.likeness import foreign_letters, like_ours, readable, same_person
from servers.mail.links import Link, is_address
from servers.mail.message import Address, Mail
from servers.mail.proof import Check, Claim, aligned

Strength: TypeAlias = Literal["low", "medium", "high"]
_ORDER: dict[Strength, int] = {"high": 0, "medium": 1, "low": 2}
_ALIKE = {
    "looks_the_same": "looks the same as one of our domains",
    "one_letter_off": "is one letter away from one of our domains",
    "contains_it": "carries the name of one of our domains but is another's",
    "other_ending": "is the name of one of our domains under another ending",
}
_BIDI = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")


@dataclass(frozen=True, slots=True)
class Known:
    """Whom senders may pretend to be."""

    domains: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    """Domains of others that write to us."""
    people: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Examined:
    """A message with all that was found out about it."""

    mail: Mail
    hops: tuple[Hop, ...]
    checks: tuple[Check, ...]
    claims: tuple[Claim, ...]
    links: tuple[Link, ...]
    form: bool
    files: tuple[File, ...]
    macros: dict[str, bool] = field(default_factory=dict)
    """SHA-256 to whether the file holds macros."""
    autostart: frozenset[str] = frozenset()
    """SHA-256 of files whose macros start by themselves."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks against a message."""

    name: str
    strength: Strength
    why: str
    """Our own words."""
    shown: str = ""
    """What it is seen by, in the sender's words."""


def signs_of(message: Examined, known: Known) -> tuple[Sign, ...]:
    """Every sign, strongest first."""
    found = [
        *_sender(message.mail, known),
        *_proof(message, known),
        *_links(message, known),
        *_files(message),
        *_form(message),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda sign: (_ORDER[sign.strength], sign.name)))


def _sender(mail: Mail, known: Known) -> Iterator[Sign]:
    sender = mail.sender
    if len(mail.all("From")) > 1 or len(mail.addresses("From")) > 1:
        yield Sign(
            "several_senders", "high", "From names more than one mailbox: programs differ in which one they show"
        )
    if not sender.domain:
        yield Sign("no_sender", "medium", "From holds no address that can be read", sender.address)
    yield from _display_name(sender, known)
    yield from _domain("sender", sender.domain, known)
    for other in mail.addresses("Reply-To"):
        if other.domain and not aligned(other.domain, sender.domain):
            why = "answers go to another domain than the sender's"
            yield Sign("reply_to_elsewhere", "medium", why, other.address)
            yield from _domain("reply_to", other.domain, known)
    for envelope in mail.addresses("Return-Path")[:1]:
        if envelope.domain and not aligned(envelope.domain, sender.domain):
            why = "the envelope names another domain than From: usual for newsletters"
            yield Sign("envelope_elsewhere", "low", why, envelope.address)


def _display_name(sender: Address, known: Known) -> Iterator[Sign]:
    named = [domain for word in sender.name.split() if "@" in word for domain in domains_in(word)]
    if any(not aligned(domain, sender.domain) for domain in named):
        yield Sign("address_in_name", "high", "the shown name is the address of another domain", sender.name)
    if _BIDI & set(sender.name):
        yield Sign("reversed_name", "high", "the shown name holds characters that reverse its direction", sender.name)
    for person in known.people:
        if same_person(sender.name, person.name) and sender.address.lower() != person.address.lower():
            inside = sender.domain in known.domains
            strength: Strength = "low" if inside else "high"
            yield Sign(
                "name_of_known_person", strength, "the shown name is a known person's, the address is not", sender.name
            )
            return


def _domain(where: str, domain: str, known: Known) -> Iterator[Sign]:
    if (like := like_ours(domain, known.domains)) is not None:
        yield Sign(f"{where}_like_own_domain", "high", f"the domain {_ALIKE[like.how]}", readable(domain))
    elif domain not in known.partners and (like := like_ours(domain, known.partners)) is not None:
        why = _ALIKE[like.how].replace("one of our domains", "a domain that writes to us")
        yield Sign(f"{where}_like_partner", "medium", f"the domain {why}", readable(domain))
    if foreign_letters(domain):
        yield Sign(f"{where}_mixed_letters", "high", "one label mixes alphabets that look alike", readable(domain))


def _proof(message: Examined, known: Known) -> Iterator[Sign]:
    by_method = {check.method: check for check in message.checks if check.method != "dkim"}
    signatures = [check for check in message.checks if check.method == "dkim"]
    proved = any(check.result == "pass" and check.aligned for check in message.checks)
    ours = message.mail.sender.domain in known.domains
    if ours and message.hops and not proved and _made(message.checks):
        yield Sign("own_domain_unproved", "high", "From is our own domain, and neither signature nor address proves it")
    for check in signatures:
        if check.result == "fail":
            yield Sign("dkim_failed", "medium", check.why, check.domain)
    if (spf := by_method.get("spf")) and spf.result in ("fail", "softfail"):
        strength: Strength = "medium" if spf.result == "fail" else "low"
        yield Sign("spf_failed", strength, "the domain does not let this address send for it", spf.domain)
    if (dmarc := by_method.get("dmarc")) and dmarc.result == "fail":
        yield Sign("dmarc_failed", "high", dmarc.why, dmarc.domain)
    yield from _claims(message.checks, message.claims)


def _made(checks: tuple[Check, ...]) -> bool:
    return any(check.result not in ("not_checked", "temperror") for check in checks)


def _claims(checks: tuple[Check, ...], claims: tuple[Claim, ...]) -> Iterator[Sign]:
    for claim in claims:
        said = [check for check in checks if check.method == claim.method]
        refuted = bool(said) and all(check.result in ("fail", "softfail", "none", "no_key") for check in said)
        if claim.result == "pass" and refuted:
            why = "a header claims a check passed that does not pass here"
            yield Sign("claim_not_borne_out", "low" if claim.ours else "medium", why, f"{claim.method} by {claim.by}")


def _links(message: Examined, known: Known) -> Iterator[Sign]:
    for link in message.links:
        shown = defanged(link.url[:300])
        host = link.host
        if is_address(host):
            yield Sign("link_to_address", "medium", "a link leads to a bare address", shown)
        if "@" in link.url.split("://", 1)[-1].split("/")[0]:
            yield Sign("link_with_user", "high", "a link hides its host behind a name before @", shown)
        if any(not aligned(domain, host) for domain in domains_in(link.shown)[:5] if _web_name(domain, link.shown)):
            yield Sign("link_text_differs", "high", "the visible text names another host than the link leads to", shown)
        yield from (
            Sign(sign.name, sign.strength, sign.why, defanged(sign.shown)) for sign in _domain("link", host, known)
        )
    if message.form:
        yield Sign("form", "medium", "the message itself asks for input in a form")


def _web_name(domain: str, shown: str) -> bool:
    """Whether a visible text shows an address of the web, not a file name in a sentence."""
    return "://" in shown or shown.strip().lower().startswith((domain, "www."))


def _files(message: Examined) -> Iterator[Sign]:
    for file in message.files:
        for name, strength, why in _of_file(file, message):
            yield Sign(name, strength, why, file.name)


def _of_file(file: File, message: Examined) -> Iterator[tuple[str, Strength, str]]:
    if file.kind in RUNS:
        yield "attachment_runs", "high", f"the attachment is a {file.kind.replace('_', ' ')} by its content"
    if file.double_ending:
        yield "double_ending", "high", "a harmless ending stands before one that runs"
    if file.disguised:
        yield "attachment_disguised", "high", f"the name promises something else than {file.kind.replace('_', ' ')}"
    if _BIDI & set(file.name):
        yield "reversed_name", "high", "the file name holds characters that reverse its direction"
    if file.encrypted:
        yield "attachment_locked", "medium", "a password keeps the content from being looked at"
    if file.running_members:
        yield "archive_with_programs", "high", f"{file.running_members} files inside run when they are opened"
    if message.macros.get(file.sha256):
        starts = file.sha256 in message.autostart
        why = "the document holds macros that start by themselves" if starts else "the document holds macros"
        yield "macros", "high" if starts else "medium", why
    if file.kind in ("html", "svg", "onenote"):
        yield "attachment_with_content", "medium", f"{file.kind} attachments carry pages or files past filters"


def _form(message: Examined) -> Iterator[Sign]:
    for limit in message.mail.limits:
        yield Sign("too_much", "low", limit)
    written, arrived = message.mail.date, next((hop.at for hop in message.hops if hop.at), None)
    if written and arrived and abs(arrived - written) > timedelta(days=2):
        yield Sign("date_differs", "low", "the date it gives lies more than two days from its arrival")
    if not message.mail.first("Message-ID"):
        yield Sign("no_message_id", "low", "mail programs give every message an id; this one has none")
