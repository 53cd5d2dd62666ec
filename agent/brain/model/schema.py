"""The one form of every answer: which decision it is, that decision filled, the others null.

The same schema is sent with every request of every case. What comes back is read into the frozen types below: unknown
members (a model's confidence, for instance) are dropped, a list left out or null is empty.
"""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

from agent.brain.protocol import Bearing
from agent.models import Disposition, JsonObject

Step: TypeAlias = Literal["plan", "assess", "challenge", "conclude"]
STEPS: Final[tuple[Step, ...]] = ("plan", "assess", "challenge", "conclude")

_TEXT: Final[JsonObject] = {"type": "string"}
_TEXTS: Final[JsonObject] = {"$ref": "#/$defs/texts"}
_READS: Final[JsonObject] = {"$ref": "#/$defs/reads"}


def _object(**members: JsonObject) -> JsonObject:
    """An object whose members are all there and no others: what strict modes ask for."""
    return {
        "type": "object",
        "properties": dict(members),
        "required": list(members),
        "additionalProperties": False,
    }


def _list(of: JsonObject) -> JsonObject:
    return {"type": "array", "items": of}


def _or_null(form: JsonObject) -> JsonObject:
    return {**form, "type": [form["type"], "null"]}


def _one_of(*values: str) -> JsonObject:
    return {"type": "string", "enum": list(values)}


_BEARINGS: Final = _one_of("strongly_for", "for", "against", "strongly_against")
_DISPOSITIONS: Final = _one_of(
    "true_positive", "benign_true_positive", "false_positive", "needs_human", "not_evaluable"
)
_WEIGHED: Final = _object(claim=_TEXT, hypothesis=_TEXT, bearing=_BEARINGS)
_POINT: Final = _object(
    kind=_one_of("equals", "contains", "count"), evidence=_TEXT, path=_TEXT, value=_TEXT, raises={"type": "boolean"}
)
_ASSESS: Final = _object(
    weighed=_list(_WEIGHED), gap=_or_null(_TEXT), ask=_TEXTS, reads=_READS, expand=_TEXTS, points=_list(_POINT)
)
SCHEMA: Final[JsonObject] = {
    **_object(
        decision=_one_of(*STEPS),
        plan=_or_null(_object(order=_TEXTS, reads=_READS)),
        assess=_or_null(_ASSESS),
        challenge=_or_null(_object(rival=_TEXT, argument=_TEXTS, ask=_TEXTS)),
        conclude=_or_null(
            _object(hypothesis=_TEXT, disposition=_DISPOSITIONS, highlights=_TEXTS, overturn=_or_null(_TEXT))
        ),
    ),
    "$defs": {"texts": _list(_TEXT), "reads": _list(_object(tool=_TEXT, arguments=_TEXT))},
}
"""Strict-mode compatible: every member required, none besides."""


def _empty(value: object) -> object:
    return () if value is None else value


class Said(BaseModel):
    """Base of what a model says: frozen; members that nobody asked for are dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ReadSaid(Said):
    """A read of its own."""

    tool: str
    arguments: str | JsonObject = "{}"
    """JSON text; an object is taken as well."""
    why: str = ""
    """Not asked for; the gap says it. Kept where a model gives it."""


class WeighedSaid(Said):
    """What a claim says about a hypothesis."""

    claim: str
    hypothesis: str
    bearing: Bearing


def _placed(value: object) -> object:
    """`E5 $.events` taken apart."""
    if not isinstance(value, str):
        return value
    evidence, _, at = value.strip().partition(" ")
    return {"evidence": evidence, "at": at.strip() or "$"}


class ExpandSaid(Said):
    """A part of an answer it wants to see; said as `E5 $.events`."""

    evidence: str
    at: str = "$"


class PointSaid(Said):
    """Something in the values that no claim says yet."""

    kind: Literal["equals", "contains", "count"]
    evidence: str
    path: str
    value: str | int | float | bool
    raises: bool = False


Ids: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_empty)]
Reads: TypeAlias = Annotated[tuple[ReadSaid, ...], BeforeValidator(_empty)]


class PlanSaid(Said):
    """`plan` as it came."""

    order: Ids = ()
    reads: Reads = ()


class AssessSaid(Said):
    """`assess` as it came."""

    weighed: Annotated[tuple[WeighedSaid, ...], BeforeValidator(_empty)] = ()
    gap: str | None = None
    ask: Ids = ()
    reads: Reads = ()
    expand: Annotated[tuple[Annotated[ExpandSaid, BeforeValidator(_placed)], ...], BeforeValidator(_empty)] = ()
    points: Annotated[tuple[PointSaid, ...], BeforeValidator(_empty)] = ()


class ChallengeSaid(Said):
    """`challenge` as it came."""

    rival: str
    argument: Ids = ()
    ask: Ids = ()


class ConcludeSaid(Said):
    """`conclude` as it came."""

    hypothesis: str
    disposition: Disposition
    highlights: Ids = ()
    overturn: str | None = None
