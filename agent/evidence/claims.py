"""Claims: statements of a report that code can run again. What does not hold is struck, with the reason."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from agent.evidence.entities import moment_of, same_entity
from agent.evidence.errors import ClaimError, PathError
from agent.evidence.paths import ANY, DEEP, compile_path, first_name, select
from agent.evidence.text import inert
from agent.models import (
    Absent,
    BaseClaim,
    Before,
    Claim,
    Contains,
    Count,
    Equals,
    Evidence,
    Ref,
    SameEntity,
    Scalar,
)
from agent.wording import Language, localised

__all__ = ["by_id", "check", "render", "select", "show"]

SLOT: Final = re.compile(r"\{([A-Za-z_]\w*)\}")
_NUMBER: Final = re.compile(r"(?<![A-Za-z])\d")
_SHOWN: Final = 5
"""Values of one slot that are shown before the rest is counted."""
_LONGEST_FIELD: Final = 60
_LOOKED: Final = ("success", "no_data")
_ANSWERED: Final = (*_LOOKED, "stale")

Shown = dict[str, str]
"""Slot name to the text that stands for it."""


def check(claim: Claim, evidence: Mapping[str, Evidence], language: Language = "en") -> Claim:
    """The claim run on its evidence: `verified` with its text rendered, or `struck` with the reason and no text.

    The text is said in `language`; what is kept, signed and compared is English. It never raises: an unknown evidence
    id, a faulty path or a wrong type are reasons to strike."""
    try:
        shown = _hold(claim, evidence, language) | _slots(claim, evidence, language)
        text = render(localised(claim.template, language), shown)
    except (ClaimError, PathError) as error:
        return claim.model_copy(update={"status": "struck", "struck_because": inert(str(error)), "text": ""})
    return claim.model_copy(update={"status": "verified", "struck_because": None, "text": text})


def render(template: str, shown: Mapping[str, str]) -> str:
    """The sentence with every slot filled.

    Raises: ClaimError when a slot has nothing to show, or the sentence brings a number of its own."""
    if _NUMBER.search(SLOT.sub("", template)):
        raise ClaimError("the sentence has a number that is not read from evidence")
    if missing := [name for name in SLOT.findall(template) if name not in shown]:
        raise ClaimError(f"the sentence shows {{{missing[0]}}}, which the claim does not read")
    return SLOT.sub(lambda found: shown[found[1]], template)


def _hold(claim: Claim, evidence: Mapping[str, Evidence], language: Language) -> Shown:
    """What the claim's own slots show.

    Raises: ClaimError, PathError when the claim does not hold."""
    match claim:
        case Equals():
            return _equals(claim, evidence, language)
        case Count():
            return _count(claim, evidence)
        case Absent():
            return _absent(claim.ref, evidence)
        case Contains():
            return _contains(claim, evidence, language)
        case Before():
            return _before(claim, evidence)
        case SameEntity():
            return _same(claim, evidence, language)


def _equals(claim: Equals, evidence: Mapping[str, Evidence], language: Language) -> Shown:
    found = _read(claim.ref, evidence)
    if len(found) != 1:
        raise ClaimError(f"{_place(claim.ref)} selects {len(found)} values instead of one")
    if not _equal(found[0], claim.value):
        raise ClaimError(f"{_place(claim.ref)} is {show(found[0])}, not {show(claim.value)}")
    return {"value": show(claim.value, language), "field": _field(claim.ref)}


def _count(claim: Count, evidence: Mapping[str, Evidence]) -> Shown:
    if claim.value == 0:
        return _absent(claim.ref, evidence) | {"value": "0"}
    found = len(_read(claim.ref, evidence))
    if found != claim.value:
        raise ClaimError(f"{_place(claim.ref)} selects {found}, not {claim.value}")
    return {"value": str(claim.value)}


def _absent(ref: Ref, evidence: Mapping[str, Evidence]) -> Shown:
    answer = _answer(ref, evidence)
    if answer.status not in _LOOKED:
        raise ClaimError(f"{answer.id} is {answer.status}, which never proves absence")
    if answer.truncated:
        raise ClaimError(f"{answer.id} was cut short, so what it does not show may still be there")
    if answer.status == "success" and isinstance(answer.data, dict) and (name := first_name(ref.path, answer.data)):
        raise ClaimError(f"{answer.id} has no member {name!r}, so it did not look there")
    if found := len(select(ref.path, answer.data)):
        raise ClaimError(f"{_place(ref)} selects {found}, not nothing")
    return {}


def _contains(claim: Contains, evidence: Mapping[str, Evidence], language: Language) -> Shown:
    if claim.value == "":
        raise ClaimError("every text contains the empty text")
    if not any(_has(item, claim.value) for item in _read(claim.ref, evidence)):
        raise ClaimError(f"{_place(claim.ref)} does not contain {show(claim.value)}")
    return {"value": show(claim.value, language), "field": _field(claim.ref)}


def _field(ref: Ref) -> str:
    """The member that a path ends in, as a sentence may name it."""
    named = (part for part in reversed(compile_path(ref.path).location or ()) if part not in (ANY, DEEP))
    return inert(next(named, ref.path), _LONGEST_FIELD)


def _before(claim: Before, evidence: Mapping[str, Evidence]) -> Shown:
    (first, first_text), (second, second_text) = _earliest(claim.first, evidence), _earliest(claim.second, evidence)
    if first > second:
        raise ClaimError(f"{first_text} is not before {second_text}")
    return {"first": first_text, "second": second_text}


def _same(claim: SameEntity, evidence: Mapping[str, Evidence], language: Language) -> Shown:
    left, right = _flat(_read(claim.first, evidence)), _flat(_read(claim.second, evidence))
    for first in left:
        for second in right:
            if same_entity(first, second):
                return {"first": show(first, language), "second": show(second, language)}
    raise ClaimError(f"nothing at {_place(claim.first)} is the same entity as anything at {_place(claim.second)}")


def _slots(claim: BaseClaim, evidence: Mapping[str, Evidence], language: Language) -> Shown:
    used = set(SLOT.findall(claim.template))
    read = {name: _slot(name, ref, evidence, language) for name, ref in claim.slots.items() if name in used}
    return read | {name: _elapsed(claim, between, evidence) for name, between in claim.elapsed.items() if name in used}


def _elapsed(claim: BaseClaim, between: tuple[str, str], evidence: Mapping[str, Evidence]) -> str:
    """How long after the earliest of the first slot's times the earliest of the second's came."""
    if strange := [name for name in between if name not in claim.slots]:
        raise ClaimError(f"the sentence counts from {{{strange[0]}}}, which the claim does not read")
    (first, first_text), (second, second_text) = (_earliest(claim.slots[name], evidence) for name in between)
    if second < first:
        raise ClaimError(f"{second_text} is not after {first_text}")
    return _told(second - first)


def _told(span: timedelta) -> str:
    """A length of time in the largest unit that leaves at least two of it."""
    seconds = int(span.total_seconds())
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= 2 * size), ("s", 1))
    return f"{seconds // size} {unit}"


_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))


def _slot(name: str, ref: Ref, evidence: Mapping[str, Evidence], language: Language) -> str:
    found = _read(ref, evidence)
    if not found:
        raise ClaimError(f"the slot {{{name}}} reads {_place(ref)}, where there is nothing")
    found = _distinct(found)
    shown = ", ".join(show(item, language) for item in found[:_SHOWN])
    if len(found) <= _SHOWN:
        return shown
    return localised("{shown} and {rest} more", language).format(shown=shown, rest=len(found) - _SHOWN)


def _distinct(found: Sequence[JsonValue]) -> list[JsonValue]:
    """The values with each text only once; numbers stand for something of their own each."""
    return [item for at, item in enumerate(found) if not isinstance(item, str) or item not in found[:at]]


def show(value: JsonValue, language: Language = "en") -> str:
    """One value as a sentence shows it: inert and clipped."""
    if isinstance(value, str):
        return inert(value)
    if value is None or isinstance(value, bool):
        return localised({None: "nothing", True: "true", False: "false"}[value], language)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return inert(", ".join(show(item, language) for item in value[:_SHOWN]))
    return localised("{count} fields", language).format(count=len(value))


def _read(ref: Ref, evidence: Mapping[str, Evidence]) -> list[JsonValue]:
    answer = _answer(ref, evidence)
    if answer.status not in _ANSWERED:
        raise ClaimError(f"{answer.id} is {answer.status}: it says nothing")
    return select(ref.path, answer.data)


def _answer(ref: Ref, evidence: Mapping[str, Evidence]) -> Evidence:
    if (answer := evidence.get(ref.evidence)) is None:
        raise ClaimError(f"{ref.evidence} is not in the ledger")
    return answer


def _earliest(ref: Ref, evidence: Mapping[str, Evidence]) -> tuple[datetime, str]:
    found = _read(ref, evidence)
    moments = [(moment, item) for item in found if (moment := moment_of(item)) is not None]
    if not found or len(moments) < len(found):
        raise ClaimError(f"{_place(ref)} is not all times with a zone")
    moment, item = min(moments, key=lambda pair: pair[0])
    return moment, show(item) if isinstance(item, str) else moment.isoformat().replace("+00:00", "Z")


def _equal(found: JsonValue, value: Scalar) -> bool:
    """Equal in value and kind: true is not 1, but 1 is 1.0."""
    return isinstance(found, bool) == isinstance(value, bool) and found == value


def _has(item: JsonValue, value: Scalar) -> bool:
    if isinstance(item, str):
        return not isinstance(value, bool) and str(value).lower() in item.lower()
    return isinstance(item, list) and any(_equal(member, value) for member in item)


def _flat(found: Sequence[JsonValue]) -> list[JsonValue]:
    """The values, a list among them opened up by one level."""
    return [inner for item in found for inner in (item if isinstance(item, list) else [item])]


def _place(ref: Ref) -> str:
    return f"{ref.evidence} {ref.path}"


def by_id(evidence: Sequence[Evidence]) -> Mapping[str, Evidence]:
    """Evidence by its id, the form `check` takes."""
    return {item.id: item for item in evidence}
