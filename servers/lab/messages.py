"""Messages of the lab: the id each is known by, and what can no longer be opened once one is in quarantine."""

from collections.abc import Mapping

from pydantic import JsonValue

from servers.lab.enterprise import MAIL_DOMAIN, Enterprise
from servers.lab.records import Event, digest


def message_id(at: int, fields: Mapping[str, JsonValue]) -> str:
    """The Message-ID of a delivery, made of its time, what it holds and whom it reached."""
    content = fields.get("email.attachment.sha256") or digest(
        str(fields.get("email.sender")), str(fields.get("email.subject"))
    )
    return f"<{at:x}.{_mark(str(content))}.{_local(str(fields.get('email.recipient')))}@mail.{MAIL_DOMAIN}>"


def opens(enterprise: Enterprise, event: Event, target: str) -> bool:
    """Whether somebody opens what came attached to this very message of theirs."""
    content, account = event.text("file.hash.sha256"), enterprise.account.get(event.text("user.name") or "")
    if event.category != "file" or event.action != "open" or content is None or account is None:
        return False
    person = enterprise.person.get(account.person or "")
    return person is not None and target.endswith(f".{_mark(content)}.{_local(person.email)}@mail.{MAIL_DOMAIN}>")


def _mark(content: str) -> str:
    return digest("message", content, size=12)


def _local(address: str) -> str:
    return address.partition("@")[0]
