"""What changed, for whoever remembers the number of the last change it has seen."""

import asyncio
import time
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from sse_starlette.sse import AppStatus

from ui.api.access import Cases, may
from ui.api.casework import Casework
from ui.api.models import CaseEvent, EventPage
from ui.api.sessions import identity_of

router = APIRouter(tags=["events"], dependencies=[Depends(may("case.read"))])

MOST_SEQ: Final = 2**62
"""No number of a change, or of a step, is larger."""
LOOK_EVERY_S: Final = 0.4
"""How often a waiting request looks: other processes write the cases too, and nobody rings a bell."""


@router.get("/events")
async def get_events(
    request: Request,
    work: Cases,
    after: Annotated[int | None, Query(ge=0, le=MOST_SEQ, description="Without it: only where to go on from.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    wait_s: Annotated[float, Query(ge=0, le=25, description="How long to wait for something to happen.")] = 0.0,
) -> EventPage:
    """What changed in the cases of a world after the event numbered `after`, oldest first.

    It waits no longer once the process was told to end."""
    if after is None:
        return EventPage(events=(), last=await asyncio.to_thread(work.store.last_event, work.tenant))
    until = time.monotonic() + wait_s
    found = await _events(work, after, limit)
    while not found and (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(LOOK_EVERY_S, left))
        if AppStatus.should_exit or await request.is_disconnected():
            break
        found = await _events(work, after, limit)
    identity_of(request)  # who waited may have been revoked meanwhile
    return EventPage(events=found, last=found[-1].seq if found else after)


async def _events(work: Casework, after: int, limit: int) -> tuple[CaseEvent, ...]:
    found = await asyncio.to_thread(work.store.events, after, work.tenant, limit)
    return tuple(CaseEvent(seq=event.seq, case_id=event.case_id, at=event.at, kind=event.kind) for event in found)
