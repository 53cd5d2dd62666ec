"""Taking a message out of mailboxes, and putting it back: by mailbox, and said mailbox by mailbox."""

from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue

from knowledge.trust.canonical import sha256_of
from servers.embedded import Reason
from servers.kit import NotFoundError, Plan, Reply, ToolError, Undo
from servers.mail.arguments import Boxes, Folder, MessageId
from servers.mail.backend import Mailboxes, Outcome, Place
from servers.mail.models import MailboxState, Moved


class Moving:
    """The changes, with what each needs beside its method."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes

    def mail_quarantine_message(self, message_id: MessageId, mailboxes: Boxes, reason: Reason) -> Reply[Moved]:
        """Move every copy of a message in these mailboxes into their quarantine folder; it stays there until
        restored."""
        return _moved(message_id, self._mailboxes.quarantine(message_id, _once(mailboxes)), "quarantined")

    def plan_quarantine(self, message_id: str, mailboxes: list[str], reason: str) -> Plan:
        """Which copies would move; the undo is about the mailboxes that these lie in, or may."""
        places = self._mailboxes.places(message_id, _once(mailboxes))
        if not any(place.folders for place in places) and any(place.quarantined for place in places):
            raise NotFoundError("every copy of the message is in quarantine already", "mail_restore_message ends that")
        touched = [place for place in places if place.folders or not place.reachable]
        return _plan(message_id, places, [len(place.folders) for place in places], touched, _undo(message_id, touched))

    def quarantined(self, message_id: str, mailboxes: list[str], reason: str) -> bool | None:
        """Whether every copy lies in quarantine; None when a mailbox could not be looked at."""
        places = self._mailboxes.places(message_id, _once(mailboxes))
        if any(place.folders for place in places):
            return False
        if not all(place.reachable for place in places):
            return None
        return any(place.quarantined for place in places)

    def mail_restore_message(
        self, message_id: MessageId, mailboxes: Boxes, reason: Reason, folder: Folder = "INBOX"
    ) -> Reply[Moved]:
        """Move a message out of the quarantine folders of these mailboxes, back into a folder."""
        return _moved(message_id, self._mailboxes.restore(message_id, _once(mailboxes), folder), "restored")

    def plan_restore(self, message_id: str, mailboxes: list[str], reason: str, folder: str) -> Plan:
        """Which copies would come back."""
        places = self._mailboxes.places(message_id, _once(mailboxes))
        return _plan(message_id, places, [place.quarantined for place in places], places, None)

    def restored(self, message_id: str, mailboxes: list[str], reason: str, folder: str) -> bool | None:
        """Whether each mailbox has it in the folder and none in quarantine; None when one could not be looked at."""
        places = self._mailboxes.places(message_id, _once(mailboxes))
        if any(place.quarantined or folder not in place.folders for place in places if place.reachable):
            return False
        return True if all(place.reachable for place in places) else None


def _once(mailboxes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(mailboxes))


def _plan(
    message_id: str, places: Sequence[Place], counts: Sequence[int], touched: Sequence[Place], undo: Undo | None
) -> Plan:
    """What moving would do. Raises: ToolError when nothing could be looked at, NotFoundError when nothing is there."""
    missing = sum(1 for place in places if not place.reachable)
    if missing == len(places):
        raise ToolError("unreachable", "none of the mailboxes can be opened", "see mail_health")
    if not any(counts) and not missing:
        raise NotFoundError("the message is not there (any more)", "try mail_search_messages")
    held = sum(1 for count in counts if count)
    closed = f"; {missing} mailboxes cannot be opened now" if missing else ""
    return Plan(
        target=f"message {_known_as(message_id, touched)}",
        blast_radius=f"{sum(counts)} copies in {held} of {len(places)} mailboxes{closed}",
        undo=undo,
    )


def _known_as(message_id: str, places: Sequence[Place]) -> str:
    """A name for the message in these mailboxes that no sender wrote: the same for the change and for its undo."""
    boxes: list[JsonValue] = [*sorted(place.mailbox for place in places)]
    return sha256_of({"message_id": message_id, "mailboxes": boxes})[:16]


def _undo(message_id: str, touched: Sequence[Place]) -> Undo:
    """Back to the folder the copies came from, to the inbox where they came from several."""
    folders = {folder for place in touched for folder in place.folders}
    only = next(iter(folders)) if len(folders) == 1 else "INBOX"
    boxes: list[JsonValue] = [place.mailbox for place in touched]
    return Undo("mail_restore_message", {"message_id": message_id, "mailboxes": boxes, "folder": only})


def _moved(message_id: str, outcomes: Sequence[Outcome], change: Literal["quarantined", "restored"]) -> Reply[Moved]:
    """What moving came to. Raises: NotFoundError when the message was nowhere; ToolError when no mailbox opened."""
    down = [outcome for outcome in outcomes if outcome.state == "unavailable"]
    moved = [outcome for outcome in outcomes if outcome.state == "moved"]
    if len(down) == len(outcomes):
        raise ToolError("unreachable", "none of the mailboxes could be opened or changed", "see mail_health")
    if not moved and not down:
        raise NotFoundError("the message is not there (any more)", "try mail_search_messages")
    states = [MailboxState(mailbox=each.mailbox, state=each.state, messages=each.messages) for each in outcomes]
    partly: dict[str, Literal["partly quarantined", "partly restored"]] = {
        "quarantined": "partly quarantined",
        "restored": "partly restored",
    }
    data = Moved(message_id=message_id, change=partly[change] if down else change, mailboxes=states)
    copies = sum(each.messages for each in moved)
    closed = f"; {len(down)} mailboxes could not be changed" if down else ""
    return Reply(data, f"{copies} copies {change} in {len(moved)} of {len(outcomes)} mailboxes{closed}")
