"""The mail server: what a message says about itself, where it lies, and taking it out of mailboxes until released."""

from collections.abc import Callable, Sequence

from servers.embedded import LabDoor, lab_server
from servers.folders import Folders, folders_of
from servers.kit import Change, SecurityServer, build_server
from servers.kit.tool import Method
from servers.lab.enterprise import MAIL_DOMAIN
from servers.mail.backend import Mailboxes
from servers.mail.embedded import LabMail
from servers.mail.examination import Surroundings
from servers.mail.imap.mailboxes import ImapMail
from servers.mail.message import Address
from servers.mail.moving import Moving
from servers.mail.reading import Reading
from servers.mail.settings import NEEDS, MailSettings, listed
from servers.mail.signs import Known
from servers.parts import Parts
from servers.sealed import sealed


def build(parts: Parts, settings: MailSettings) -> SecurityServer:
    """The mail server of this lab, or of the IMAP server that is configured.

    Raises: ConfigurationError for settings that cannot be used."""
    return _imap(parts, settings) if parts.backend(settings.backend) == "imap" else _embedded(parts, settings)


def _embedded(parts: Parts, settings: MailSettings) -> SecurityServer:
    mailboxes = LabMail(parts.door)

    def known() -> Known:
        return Known((MAIL_DOMAIN,), listed(settings.partner_domains), _people(parts.door))

    return lab_server(
        "mail",
        parts.door,
        reads=_reads(mailboxes, settings, lambda: (MAIL_DOMAIN,), known),
        changes=_changes(mailboxes),
        instructions=NEEDS,
        settings=settings,
        conditions=parts.conditions,
    )


def _imap(parts: Parts, settings: MailSettings) -> SecurityServer:
    logins = settings.logins()
    mailboxes = ImapMail(settings.door, logins, settings.quarantine_folder)
    own = listed(settings.own_domains.lower()) or parts.conditions.protected.domains

    def known() -> Known:
        return Known(own, listed(settings.partner_domains.lower()), settings.people())

    return build_server(
        "mail",
        reads=_reads(mailboxes, settings, lambda: own, known),
        changes=_changes(mailboxes),
        backend="real",
        synthetic=False,
        probe=mailboxes.probe,
        product=f"imap at {settings.imap_host}:{settings.imap_port}",
        instructions=NEEDS,
        settings=sealed(settings, (login.password for login in logins.values())),
        conditions=parts.conditions,
    )


def _reads(
    mailboxes: Mailboxes, settings: MailSettings, own: Callable[[], tuple[str, ...]], known: Callable[[], Known]
) -> Sequence[Method]:
    around = Surroundings(listed(settings.relays.lower()), settings.zone, known)
    reading = Reading(mailboxes, around, Folders(folders_of(settings.roots), "MCPSOC_MAIL_ROOTS"), own)
    return [
        reading.mail_parse_message,
        reading.mail_phishing_signs,
        reading.mail_search_messages,
        reading.mail_count_messages,
        reading.mail_sender_history,
    ]


def _changes(mailboxes: Mailboxes) -> Sequence[Change]:
    moving = Moving(mailboxes)
    return [
        Change(
            moving.mail_quarantine_message,
            plan=moving.plan_quarantine,
            read_back=moving.quarantined,
            risk="medium",
            expiry="hold",
            undo="mail_restore_message",
        ),
        Change(moving.mail_restore_message, plan=moving.plan_restore, read_back=moving.restored, risk="medium"),
    ]


def _people(door: LabDoor) -> tuple[Address, ...]:
    rows = door.db.execute("SELECT name, email FROM people ORDER BY id")
    return tuple(Address(name, email) for name, email in rows)
