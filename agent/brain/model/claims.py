"""What a model points at, as claims that code can run.

The sentence is one of ours; a model chooses an answer, a place and a value. Whatever does not hold is struck here and
would be struck again by the graph.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from pydantic import JsonValue

from agent.brain.model.rows import masked_rows
from agent.brain.model.schema import PointSaid
from agent.brain.model.writing import Pen
from agent.brain.protocol import ExtraFinding
from agent.conversation.model.facts import member
from agent.evidence.claims import check, select
from agent.evidence.errors import PathError
from agent.models import Claim, Contains, Count, Equals, Evidence, Ref, Scalar

EQUALS: Final = "The model points out: {value}."
CONTAINS: Final = "The model points out a text with: {value}."
COUNT: Final = "The model counts: {value}."
EQUALS_AT: Final = "The model points out: {value}, at {time}."
CONTAINS_AT: Final = "The model points out a text with {value}, at {time}."
"""Every sentence that can come of a model's point."""
_TIME: Final = "@timestamp"
_STEP: Final = re.compile(r"\.?([A-Za-z_@][\w@]*)|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]|(\[(?:\d+|\*)\])")


class PointError(ValueError):
    """A point that does not hold; the message says why."""


def finding_of(point: PointSaid, evidence: Mapping[str, Evidence], pen: Pen) -> ExtraFinding:
    """The point as a claim, already run. Raises: PointError."""
    item = evidence.get(point.evidence)
    if item is None:
        raise PointError(f"there is no evidence {pen.text(point.evidence, 40)}")
    claim = _claim(point, item, _real_path(point.path, item), pen)
    checked = check(claim, evidence)
    if checked.status != "verified":
        raise PointError(checked.struck_because or "it does not hold")
    return ExtraFinding(claim=claim, raises=point.raises)


def _claim(point: PointSaid, item: Evidence, path: str, pen: Pen) -> Claim:
    found = _selected(path, item)
    name = "p" + sha256(f"{point.kind} {item.id} {path} {point.value}".encode()).hexdigest()[:8]
    ref = Ref(evidence=item.id, path=path)
    if point.kind == "count":
        return Count(id=name, template=COUNT, ref=ref, value=len(found))
    when = _time_beside(path, item)
    slots = {"time": when} if when else {}
    if point.kind == "contains":
        wanted = str(point.value)
        return Contains(id=name, template=CONTAINS_AT if when else CONTAINS, slots=slots, ref=ref, value=wanted)
    value = _same(point.value, found, pen)
    return Equals(id=name, template=EQUALS_AT if when else EQUALS, slots=slots, ref=ref, value=value)


def _selected(path: str, item: Evidence) -> list[JsonValue]:
    try:
        found = select(path, item.data)
    except PathError as error:
        raise PointError(str(error)) from error
    if not found:
        raise PointError(f"{item.id} {path} selects nothing")
    return found


def _same(said: Scalar, found: list[JsonValue], pen: Pen) -> Scalar:
    """The value as it is stored, where the model wrote it as it was shown. Raises: PointError."""
    if len(found) != 1 or not isinstance(found[0], str | int | float | bool):
        raise PointError(f"the place holds {len(found)} values, or one that is no single value")
    value = found[0]
    shown = {str(value), pen.value(value, trusted=True).strip('"'), pen.text(str(value), 400)}
    if str(said) not in shown | ({str(value).lower()} if isinstance(value, bool) else set()):
        raise PointError(f"the value there is {pen.quoted(str(value), 80)}")
    return value


def _time_beside(path: str, item: Evidence) -> Ref | None:
    """The time of the row that the value stands in, where the row has one."""
    row = path[: path.rfind("[")] if path.endswith("]") else path[: path.rfind(".")]
    beside = member(row, _TIME)
    try:
        found = select(beside, item.data) if "*" not in path and "?" not in path and row else []
    except PathError:
        return None
    return Ref(evidence=item.id, path=beside) if len(found) == 1 and isinstance(found[0], str) else None


def _real_path(path: str, item: Evidence) -> str:
    """The JSONPath that is meant: models write `$.events[0].user.name` for `$.events[0]['user.name']`."""
    try:
        if select(path, item.data):
            return path
    except PathError:
        pass
    wanted = _flat(path)
    for row in masked_rows(item):
        for name in row.values:
            real = member(row.at, name) if name else row.at
            if _flat(real) == wanted:
                return real
    return path


def _flat(path: str) -> str:
    """A path without its quoting: what stays the same however a member is written."""
    plain = path.replace(" ", ".").removeprefix("$")
    return ".".join(next(filter(None, found.groups()), "") for found in _STEP.finditer(plain))
