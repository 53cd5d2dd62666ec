"""How a case unfolded: the events of all its evidence in order of time, and what each rests on."""

from typing import Final

from agent.conversation.intents.case_lines import case_line
from agent.conversation.intents.case_summary import named_by
from agent.conversation.intents.saying import Saying, about, asks, equals, nothing, path, told
from agent.conversation.intents.the_case import case_of, get_case, missing, no_case, which_case
from agent.conversation.models import Entity, Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import rows, text
from agent.models import Evidence, Ref

_MOST: Final = 12
_PAGE: Final = 100
EVENT: Final = "{time}: {value} ({case}/{evidence})"
NONE: Final = "No event of the case's evidence lies within half a day of its alerts."
SOME: Final = "One event of each sort is shown; the evidence has them all."


class CaseTimeline:
    """The case line, then its events, one of each sort."""

    name = "case_timeline"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """Oldest first."""
        if (case := which_case(question)) is None:
            return no_case(question)
        opened = await get_case(case.value, question.language, looker)
        if not case_of(opened):
            return missing(opened)
        timeline = await looker.read("mcpsoc__mcpsoc_case_timeline", {"case_id": case.value, "limit": _PAGE})
        places = _telling(timeline)
        listed = [
            Entity(type="evidence", value=text(rows(timeline, "events")[place], "evidence") or "") for place in places
        ]
        return Draft(
            said=told(
                case_line(opened, "case"),
                nothing(timeline, NONE, "$.events[*]"),
                [_line(timeline, place, opened) for place in places],
                Speech(SOME) if len(places) < len(rows(timeline, "events")) else None,
            ),
            suggestions=(
                asks(question.language, "Show me the evidence of {it}", it=case.value),
                asks(question.language, "Who is affected by {it}?", it=case.value),
            ),
            referents=about(question, referents, self.name, entities=named_by(case_of(opened)), listed=listed),
        )


def _telling(timeline: Evidence) -> list[int]:
    """The first event of each sort, in order of time."""
    first: dict[str, int] = {}
    for place, row in enumerate(rows(timeline, "events")):
        first.setdefault(f"{text(row, 'what')}|{text(row, 'sensor')}", place)
    return sorted(first.values())[:_MOST]


def _line(timeline: Evidence, place: int, opened: Evidence) -> Saying:
    at = ("events", place)
    case = Ref(evidence=opened.id, path=path("case", "id"))
    slots: dict[str, str | Ref] = {"case": case, "time": path(*at, "time"), "evidence": path(*at, "evidence")}
    return equals(timeline, EVENT, path(*at, "what"), slots)
