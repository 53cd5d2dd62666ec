"""From the bytes a sender posts to rows in the inbox: what can be read is accepted, what cannot is told."""

import asyncio
import io
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from agent.evidence.text import inert
from agent.intake.errors import IntakeError, NotAnAlert
from agent.intake.inbox import Inbox
from agent.intake.inbox_rows import Incoming, Posted
from agent.intake.parsing import parse
from agent.models import AlertFormat, World
from knowledge.trust.canonical import canonical
from ui.alerts import Read, read_alerts
from ui.api.errors import Refusal
from ui.api.models_intake import Accepted, AcceptedAlerts

log = logging.getLogger(__name__)

MOST_ALERTS: Final = 5000
"""Of one request."""
MOST_REASONS: Final = 3
AT_ONCE_BYTES: Final = 32_768
"""A longer body is read beside the event loop, so that other senders do not wait for it."""
LOOK_EVERY_S: Final = 1.0
FULL_RETRY_S: Final = 10


@dataclass(frozen=True, slots=True)
class Post:
    """One request."""

    body: bytes
    world: World
    sender: str
    format: AlertFormat | None
    key: str | None
    """The sender's Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Item:
    """One alert of a request: to be accepted, or the reason why not."""

    index: int
    incoming: Incoming | None = None
    context: bool = False
    reason: str | None = None


class Intake:
    """Accepts alerts as long as there is room for them."""

    def __init__(self, inbox: Inbox, max_waiting: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.inbox = inbox
        self._max_waiting = max_waiting
        self._clock = clock
        self._waiting = 0
        self._looked_at = float("-inf")

    async def accept(self, post: Post) -> AcceptedAlerts:
        """Everything readable in the body, once it is on disk.

        Raises: Refusal when nothing is readable (422), too much at once (413) or there is no room (429); InboxError."""
        self._check_room()
        long = len(post.body) > AT_ONCE_BYTES
        items = await asyncio.to_thread(read_items, post) if long else read_items(post)
        accepted = [item.incoming for item in items if item.incoming is not None]
        if not accepted and not any(item.context for item in items):
            raise _unreadable(items)
        rows = iter(await self.inbox.post(accepted))
        self._waiting += len(accepted)
        return AcceptedAlerts(alerts=tuple(_told(item, rows) for item in items))

    def _check_room(self) -> None:
        """Refuse while too many alerts wait; counted once a second, and by what was accepted since."""
        if self._clock() - self._looked_at >= LOOK_EVERY_S:
            self._waiting, self._looked_at = self.inbox.waiting(), self._clock()
        if self._waiting >= self._max_waiting:
            raise Refusal(
                429,
                "inbox_full",
                f"{self._waiting} alerts wait for triage",
                "send this again later; check that a worker runs",
                {"retry-after": str(FULL_RETRY_S)},
            )


def read_items(post: Post) -> list[Item]:
    """The alerts of a body: one JSON object, an array, or JSON lines.

    Raises: Refusal (413) when there are too many."""
    items: list[Item] = []
    for index, read in enumerate(read_alerts(io.BytesIO(post.body))):
        if index >= MOST_ALERTS:
            raise Refusal(
                413, "too_many_alerts", f"more than {MOST_ALERTS} alerts in one request", "send fewer at once"
            )
        items.append(_item(index, read, post))
    if post.key is not None:
        one = len(items) == 1
        return [_keyed(item, post.key if one else f"{post.key}\n{item.index}") for item in items]
    return items


def _told(item: Item, rows: Iterator[Posted]) -> Accepted:
    """What became of one item; `rows` are those of the accepted ones, in order."""
    if item.incoming is None:
        return Accepted(index=item.index, status="context" if item.context else "refused", reason=item.reason)
    row = next(rows)
    return Accepted(index=item.index, id=row.id, status=row.status, duplicate=row.duplicate)


def _item(index: int, read: Read, post: Post) -> Item:
    if read.raw is None:
        return Item(index, reason=inert(read.reason or "not readable"))
    try:
        raw = canonical(read.raw)
        parse(read.raw, world=post.world, ordinal=read.ordinal, format=post.format)
    except NotAnAlert as error:
        return Item(index, context=True, reason=inert(str(error)))
    except IntakeError as error:
        return Item(index, reason=inert(str(error)))
    except ValueError as error:
        return Item(index, reason=inert(f"not JSON: {error}"))
    except Exception:
        log.exception("parser_failed world=%s", post.world)
        raw = canonical(read.raw)
    return Item(index, Incoming(post.world, raw, post.sender, post.format))


def _keyed(item: Item, key: str) -> Item:
    """The item under the sender's name for it. A header holds no line end, so no other request has the same."""
    if item.incoming is None:
        return item
    old = item.incoming
    return Item(item.index, Incoming(old.world, old.raw, old.sender, old.format, key))


def _unreadable(items: list[Item]) -> Refusal:
    """Nothing in the request is an alert."""
    reasons = [f"{item.index}: {item.reason}" for item in items[:MOST_REASONS]]
    message = "; ".join(reasons) or "the body is empty"
    return Refusal(422, "no_alert", message, "send a JSON object, an array of objects, or JSON lines")
