"""What happened to cases since a time: the last visit, the time that was asked for, or the last day."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from agent.conversation.intents.open_alerts import UNAVAILABLE
from agent.conversation.intents.saying import (
    Saying,
    about,
    asks,
    counted,
    equals,
    nothing,
    path,
    told,
    unanswered,
    where,
)
from agent.conversation.models import Entity, Referents, moment_text
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import rows, text
from agent.evidence.entities import moment_of
from agent.models import Evidence

_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(seconds=1)
_MOST: Final = 200
TOLD_AT: Final = "changes.told_at"
"""Name of the filter that keeps when changes were told last."""
_LATEST: Final = 5
KINDS: Final[Mapping[str, str]] = {
    "opened": "Cases opened: {value} ({cases}).",
    "closed": "Cases closed: {value} ({cases}).",
    "reopened": "Cases reopened: {value} ({cases}).",
    "taken": "Cases taken: {value} ({cases}).",
    "noted": "Notes written: {value} ({cases}).",
    "duplicate": "Alerts that came again: {value} ({cases}).",
}
EVENTS: Final[Mapping[str, str]] = {
    "opened": "{at}: {case} was opened: {title}.",
    "closed": "{at}: {case} was closed: {title}.",
    "reopened": "{at}: {case} was reopened: {title}.",
    "taken": "{at}: {case} was taken: {title}.",
    "noted": "{at}: a note was written on {case}: {title}.",
}
SINCE_VISIT: Final = "Since your last visit:"
SINCE_TOLD: Final = "Since I told you last:"
SINCE_DAY: Final = "I do not know of an earlier visit of yours; in the last day:"
SINCE: Final = "Since {start} (UTC):"
NOTHING_ON_CASE: Final = "Nothing happened to that case in that time."
NOTHING_NEW: Final = "Nothing happened to any case in that time."


class Changes:
    """Counts by kind, then the latest ones."""

    name = "changes"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """What changed, the most telling first."""
        told_at = moment_of(text(referents.filters, TOLD_AT)) if referents.intent == self.name else None
        start = question.window.start if question.window else told_at or referents.last_visit or looker.now() - _DAY
        changes = await looker.read("mcpsoc__mcpsoc_list_changes", {"since": moment_text(start), "limit": _MOST})
        if failed := unanswered(changes, UNAVAILABLE):
            return Draft(said=(failed,))
        lead = Speech(SINCE_TOLD if told_at else SINCE_VISIT if referents.last_visit else SINCE_DAY)
        if question.window:
            lead = Speech(SINCE, {"start": moment_text(start)})
        if case := next((item.value for item in question.entities if item.type == "case" and item.said), None):
            return _of_case(case, changes, lead, question, referents)
        listed = [index for index, row in enumerate(rows(changes, "changes")) if text(row, "kind") in EVENTS][-_LATEST:]
        cases = [Entity(type="case", value=text(rows(changes, "changes")[index], "case_id") or "") for index in listed]
        return Draft(
            said=told(
                lead,
                nothing(changes, NOTHING_NEW, "$.changes[*]"),
                [_kind(changes, kind) for kind in KINDS],
                [_event(changes, index) for index in reversed(listed)],
            ),
            suggestions=(asks(question.language, "Which cases are open, by priority?"),),
            referents=about(question, referents, self.name, listed=reversed(cases)).model_copy(
                update={"filters": {TOLD_AT: (looker.now() + _INSTANT).isoformat()}}
            ),
        )


def _of_case(case: str, changes: Evidence, lead: Speech, question: Understood, referents: Referents) -> Draft:
    """What happened to one case."""
    found = rows(changes, "changes")
    places = [place for place, row in enumerate(found) if text(row, "case_id") == case and text(row, "kind") in EVENTS]
    return Draft(
        said=told(
            lead,
            nothing(changes, NOTHING_ON_CASE, where("changes", "case_id", case)),
            [_event(changes, place) for place in places[-_LATEST:]],
        ),
        suggestions=(asks(question.language, "What happened in {it}, and why?", it=case),),
        referents=about(question, referents, "changes"),
    )


def _kind(changes: Evidence, kind: str) -> Saying:
    at = where("changes", "kind", kind)
    return counted(changes, KINDS[kind], at, {"cases": f"{at}['case_id']"})


def _event(changes: Evidence, index: int) -> Saying:
    kind = text(rows(changes, "changes")[index], "kind") or ""
    slots = {
        "at": path("changes", index, "at"),
        "title": path("changes", index, "title"),
        "case": path("changes", index, "case_id"),
    }
    return equals(changes, EVENTS[kind], path("changes", index, "kind"), slots)
