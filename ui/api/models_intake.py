"""What the intake answers with."""

from typing import Literal, TypeAlias

from agent.evidence.text import inert
from agent.intake.inbox_rows import InboxCounts, InboxRow, RowStatus, WorkerSeen
from agent.models import AlertFormat, Model, UtcTime, World

ItemStatus: TypeAlias = Literal["queued", "working", "done", "failed", "context", "refused"]
"""A row's status; `context`: reads well and raises no alarm, so it is not kept; `refused`: cannot be read."""


class Accepted(Model):
    """One item of a request."""

    index: int
    """Place in the request, from 0."""
    status: ItemStatus
    id: int | None = None
    """Of the row in the inbox; GET /alerts/{id} tells what became of it."""
    duplicate: bool | None = None
    """Whether the same alert had been accepted before."""
    reason: str | None = None
    """Why it was not accepted."""


class AcceptedAlerts(Model):
    """The items of a request, in order. Whatever has an `id` is on disk."""

    alerts: tuple[Accepted, ...]


class AlertState(Model):
    """What became of one accepted alert."""

    id: int
    world: World
    format: AlertFormat | None
    sender: str
    received_at: UtcTime
    status: RowStatus
    attempts: int
    ended_at: UtcTime | None
    alert_id: str | None
    case_id: str | None
    reason: str | None
    """What went wrong in the last attempt that did not succeed."""


class InboxView(Model):
    """The inbox of one world."""

    counts: InboxCounts
    failed: tuple[AlertState, ...]
    """Alerts that were given up, the newest first; POST /inbox/{id}/retry queues one again."""
    workers: tuple[WorkerSeen, ...]


def state_of(row: InboxRow) -> AlertState:
    """A row without its bytes; texts that may come from outside are inert."""
    return AlertState(
        id=row.id,
        world=row.world,
        format=row.format,
        sender=row.sender,
        received_at=row.received_at,
        status=row.status,
        attempts=row.attempts,
        ended_at=row.ended_at,
        alert_id=None if row.alert_id is None else inert(row.alert_id),
        case_id=row.case_id,
        reason=None if row.error is None else inert(row.error),
    )
