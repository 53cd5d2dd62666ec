"""The queue: which case is next, and everything that is needed to see why."""

from typing import Final

import streamlit as st

from agent.models import Model, UtcTime
from ui.api.client import ApiError
from ui.api.models import CaseList
from ui.web import notices
from ui.web.board import Act, board
from ui.web.filters import ROWS, TABS, Filters
from ui.web.frame import Visit
from ui.web.queue_view import queue_view

POLL_S: Final = 4
"""How often the page asks whether any case has changed."""
AGES_S: Final = 60
"""How long ages and due times are shown before they are worked out again."""
KEPT: Final = "queue_seen"


class Seen(Model):
    """The queue as it was last fetched."""

    world: str
    filters: str
    last: int
    """Number of the last change that is in it."""
    at: UtcTime
    cases: CaseList
    fresh: tuple[str, ...] = ()
    """Cases that changed since the one before."""


def draw(visit: Visit) -> None:
    """Draw the queue, and again when a case changes."""
    st.fragment(_live, run_every=POLL_S)(visit)


def _live(visit: Visit) -> None:
    notices.tell()
    try:
        filters = Filters.read(st.query_params)
        seen = _seen(visit, filters)
        html = queue_view(visit, filters, seen.cases, seen.fresh)
        board(html, key="queue", doing=lambda act: _do(visit, act))
    except ApiError as error:
        notices.failed(visit.t, error)


def _seen(visit: Visit, filters: Filters) -> Seen:
    """What was fetched before, while nothing has changed; else the queue as it is now."""
    before = _before(visit, filters)
    page = visit.api.events(visit.world, after=before.last if before else None)
    if before and not page.events and (visit.now() - before.at).total_seconds() < AGES_S:
        return before
    seen = Seen(
        world=visit.world,
        filters=repr(filters),
        last=page.last,
        at=visit.now(),
        cases=_fetch(visit, filters),
        fresh=tuple(sorted({event.case_id for event in page.events})),
    )
    st.session_state[KEPT] = seen
    return seen


def _before(visit: Visit, filters: Filters) -> Seen | None:
    """What was fetched before with the same filters."""
    kept = st.session_state.get(KEPT)
    same = isinstance(kept, Seen) and (kept.world, kept.filters) == (visit.world, repr(filters))
    return kept if same else None


def _fetch(visit: Visit, filters: Filters) -> CaseList:
    return visit.api.cases(
        visit.world,
        status=TABS[filters.status],
        priority=(filters.priority,) if filters.priority else (),
        disposition=(filters.disposition,) if filters.disposition else (),
        owner=visit.me.name if filters.mine else None,
        overdue=True if filters.overdue else None,
        text=filters.text or None,
        sort=filters.sort,
        limit=ROWS,
        offset=filters.start,
    )


def _do(visit: Visit, act: Act) -> None:
    """Take what was picked."""
    if act.name != "take" or not act.picked:
        return
    t = visit.t
    try:
        taken = visit.api.take_many(visit.world, act.picked)
    except ApiError as error:
        notices.say(error.message)
        return
    parts = [t("Taken: {cases}", cases=", ".join(case.id for case in taken.taken) or "–")]
    parts += [f"{refusal.id}: {refusal.error.message}" for refusal in taken.refused]
    notices.say(" · ".join(parts))
