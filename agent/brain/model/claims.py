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
from agent.brain.model.sentences import NAMING, count_sentence, value_sentence
from agent.brain.model.writing import Pen
from agent.brain.protocol import ExtraFinding
from agent.conversation.model.facts import member
from agent.evidence.claims import check, select
from agent.evidence.errors import PathError
from agent.evidence.paths import is_plain
from agent.models import Claim, Contains, Count, Equals, Evidence, Ref, Scalar

_ANY: Final = "[*]"
_MOST_ROWS: Final = 1_000
"""Rows of a list that are tried for a value."""
_INDEX: Final = re.compile(r"\[\d+\]")
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
    if point.kind == "equals" and _ANY in path:
        path = _row_with(path, point.value, item, pen)
    found = _selected(path, item)
    if point.kind == "count":
        path, found = _whole_list(path, found, item)
    name = "p" + sha256(f"{point.kind} {item.id} {path} {point.value}".encode()).hexdigest()[:8]
    ref = Ref(evidence=item.id, path=path)
    if point.kind == "count":
        template = count_sentence(_member_of(path), raises=point.raises)
        return Count(id=name, template=template, ref=ref, value=len(found))
    row = _row_of(path, item)
    template = value_sentence(_member_of(path), raises=point.raises, row=row is not None)
    slots = {} if row is None else {"row": row}
    if point.kind == "contains":
        return Contains(id=name, template=template, slots=slots, ref=ref, value=str(point.value))
    return Equals(id=name, template=template, slots=slots, ref=ref, value=_same(point.value, found, pen))


def _whole_list(path: str, found: list[JsonValue], item: Evidence) -> tuple[str, list[JsonValue]]:
    """The rows of one list, all of them: the sentence says no less. Raises: PointError."""
    if len(found) == 1 and isinstance(found[0], list) and found[0]:
        path, found = f"{path}{_ANY}", found[0]
    if not path.endswith(_ANY) or path.count(_ANY) > 1 or not isinstance(_selected(path[: -len(_ANY)], item)[0], list):
        raise PointError("only the rows of one whole list are counted")
    if item.truncated:
        raise PointError("the answer was cut short: nobody knows how many there are")
    return path, found


def _member_of(path: str) -> str:
    """The last member of a path, a row's own dots and all."""
    steps = [next(filter(None, found.groups()), "") for found in _STEP.finditer(path)]
    return next((step for step in reversed(steps) if not step.startswith("[")), "")


def _row_with(path: str, said: Scalar, item: Evidence, pen: Pen) -> str:
    """The first row of a list that has the value, where the place names all of them. Raises: PointError."""
    for index in range(min(_MOST_ROWS, len(_selected(path, item)))):
        row = path.replace(_ANY, f"[{index}]", 1)
        try:
            _same(said, _selected(row, item), pen)
        except PointError:
            continue
        return row
    raise PointError(f"no row of {path} has that value")


def _selected(path: str, item: Evidence) -> list[JsonValue]:
    try:
        if not is_plain(path):
            raise PointError("the place is not written in single steps")
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


def _row_of(path: str, item: Evidence) -> Ref | None:
    """What says which row the value stands in: its time, or what it is called; None where nothing does."""
    row = path[: path.rfind("[")] if path.endswith("]") else path[: path.rfind(".")]
    if "*" in path or "?" in path or not row or row == "$":
        return None
    for name in NAMING:
        beside = member(row, name)
        found = _chosen(beside, item)
        if beside != path and len(found) == 1 and isinstance(found[0], str):
            return Ref(evidence=item.id, path=beside)
    return None


def _chosen(path: str, item: Evidence) -> list[JsonValue]:
    try:
        return select(path, item.data) if is_plain(path) else []
    except PathError:
        return []


def _real_path(path: str, item: Evidence) -> str:
    """The JSONPath that is meant: models write `$.events[0].user.name` for `$.events[0]['user.name']`."""
    if _chosen(path, item):
        return path
    wanted = _flat(path)
    for row in masked_rows(item):
        for name in row.values:
            real = member(row.at, name) if name else row.at
            if _flat(real) == wanted:
                return real
            if _ANY in path and _flat(every := _INDEX.sub(_ANY, real)) == wanted:
                return every
    return path


def _flat(path: str) -> str:
    """A path without its quoting: what stays the same however a member is written."""
    plain = path.replace(" ", ".").removeprefix("$")
    return ".".join(next(filter(None, found.groups()), "") for found in _STEP.finditer(plain))
