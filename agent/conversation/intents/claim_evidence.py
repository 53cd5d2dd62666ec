"""What a statement rests on: the claims of a case with their evidence, or one piece of evidence opened."""

import re
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from agent.conversation.intents.case_summary import claim_line, evidence_of, named_by, telling
from agent.conversation.intents.events import event_line
from agent.conversation.intents.saying import (
    Saying,
    about,
    asks,
    counted,
    equals,
    nothing,
    path,
    told,
)
from agent.conversation.intents.the_case import case_of, get_case, get_claims, missing, no_case, which_case
from agent.conversation.models import Entity, Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import inner, objects, rows, text, texts
from agent.models import Evidence, Ref

_MOST: Final = 10
_VALUES: Final = 8
_EVENTS: Final = 5
_NAME: Final = re.compile(r"[a-z_.]{1,40}")
OF_ALERT: Final = "{case}/{value} is the alert itself, of {time}."
OPENED: Final = "{case}/{value} is what {tool} of {server} answered: {summary}."
ASKED: Final = "It was asked at {value}."
STATUS: Final[dict[str, str]] = {
    "error": "That look failed: {error}.",
    "refused": "That look was refused: {error}.",
    "stale": "The sensor was blind for part of the time, so what it does not show may still have happened.",
}
SENSOR: Final = "The sensor is {value}."
ROWS: Final = "It has {value} rows."
RESTS: Final = "Rests on it: {value}"
NO_EVIDENCE: Final = "The case has no evidence of that number."
NO_CLAIM: Final = "No statement of the report rests on it."
VERIFIED: Final = "Of the report's statements {value} hold on the evidence."
STRUCK: Final = "{value} were struck because they did not hold."
MORE: Final = "Ask for one of these numbers to see what was answered."


class ClaimEvidence:
    """Shows what there is to see behind a statement."""

    name = "claim_evidence"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """One piece when it is named, else the claims with their evidence."""
        if (case := which_case(question)) is None:
            return no_case(question)
        piece = next((item for item in question.entities if item.type == "evidence" and item.said), None)
        if piece is not None:
            return await _piece(case, piece, question, referents, looker)
        return await _claims(case, question, referents, looker)


async def _claims(case: Entity, question: Understood, referents: Referents, looker: Looker) -> Draft:
    opened = await get_case(case.value, question.language, looker)
    if not case_of(opened):
        return missing(opened)
    claims = await get_claims(case.value, question.language, looker)
    places = telling(claims)
    rest = [
        place
        for place, row in enumerate(rows(claims, "claims"))
        if place not in places and row.get("status") == "verified"
    ]
    places = [*places, *rest][:_MOST]
    said = told(
        equals(opened, VERIFIED, path("case", "claims", "verified")),
        _struck(opened),
        [claim_line(claims, place, opened) for place in places],
        nothing(claims, "The report makes no statements.", "$.claims[*]"),
        Speech(MORE) if places else None,
    )
    pieces = list(dict.fromkeys(item.value for item in evidence_of(claims, places)))
    suggestions = tuple(
        asks(question.language, "Show me {evidence} of {it}", evidence=name, it=case.value) for name in pieces[1:3]
    )
    return Draft(
        said=said,
        suggestions=suggestions,
        referents=about(
            question,
            referents,
            "claim_evidence",
            entities=named_by(case_of(opened)),
            listed=evidence_of(claims, places),
        ),
    )


def _struck(opened: Evidence) -> Saying:
    claims = case_of(opened).get("claims")
    some = isinstance(claims, dict) and claims.get("struck")
    return equals(opened, STRUCK, path("case", "claims", "struck")) if some else None


async def _piece(case: Entity, piece: Entity, question: Understood, referents: Referents, looker: Looker) -> Draft:
    item, claims, opened = await looker.read_many(
        [
            ("mcpsoc__mcpsoc_get_evidence", {"case_id": case.value, "evidence_id": piece.value}),
            ("mcpsoc__mcpsoc_list_claims", {"case_id": case.value, "language": question.language, "limit": 100}),
            ("mcpsoc__mcpsoc_get_case", {"case_id": case.value, "language": question.language}),
        ]
    )
    evidence = inner(item, "evidence")
    if not evidence:
        return Draft(
            said=told(nothing(item, NO_EVIDENCE, "$.evidence")), referents=about(question, referents, "claim_evidence")
        )
    resting = [place for place, row in enumerate(rows(claims, "claims")) if piece.value in texts(row, "evidence")]
    said = told(
        _head(item, opened),
        _state(item),
        [equals(claims, RESTS, path("claims", place, "text")) for place in resting],
        _contents(item),
    )
    return Draft(
        said=said,
        suggestions=(
            asks(question.language, "What happened in {it}, and why?", it=case.value),
            asks(question.language, "What would change the verdict of {it}?", it=case.value),
        ),
        referents=about(question, referents, "claim_evidence", entities=(case, piece)),
    )


def _head(item: Evidence, opened: Evidence) -> Saying:
    case = Ref(evidence=opened.id, path=path("case", "id"))
    at = path("evidence", "id")
    if text(inner(item, "evidence"), "server") == "intake":
        return equals(item, OF_ALERT, at, {"case": case, "time": path("evidence", "data", "alert", "@timestamp")})
    return equals(
        item, OPENED, at, {"case": case, **{name: path("evidence", name) for name in ("tool", "server", "summary")}}
    )


def _state(item: Evidence) -> list[Saying]:
    evidence = inner(item, "evidence")
    template = STATUS.get(text(evidence, "status") or "")
    slots = {"error": path("evidence", "error")} if template and "{error}" in template else {}
    return [
        equals(item, template, path("evidence", "status"), slots) if template else None,
        equals(item, ASKED, path("evidence", "asked_at")),
        equals(item, SENSOR, path("evidence", "sensor")),
    ]


def _contents(item: Evidence) -> Sequence[Saying]:
    """The first values of the answer, each by its name."""
    data = inner(item, "evidence").get("data")
    if not isinstance(data, dict):
        return []
    name, value = next(((name, value) for name, value in data.items() if isinstance(value, list | dict)), ("", None))
    if isinstance(value, list):
        at: tuple[str | int, ...] = ("evidence", "data", name)
        if any("@timestamp" in row for row in objects(value)):
            shown: list[Saying] = [event_line(item, *at, place) for place in range(min(_EVENTS, len(value)))]
        else:
            shown = [*_members(item, value[0] if value else None, *at, 0)]
        return [counted(item, ROWS, f"{path(*at)}[*]"), *shown]
    if isinstance(value, dict):
        return _members(item, value, "evidence", "data", name)
    return _members(item, data, "evidence", "data")


def _members(item: Evidence, row: JsonValue, *at: str | int) -> Sequence[Saying]:
    """Plain values by their names; a name with anything but letters in it could say something, and is left out."""
    if not isinstance(row, dict):
        return []
    plain = [name for name, value in row.items() if isinstance(value, str | int | float) and value != ""]
    return [*(equals(item, f"{name}: {{value}}", path(*at, name)) for name in plain if _NAME.fullmatch(name))][:_VALUES]
