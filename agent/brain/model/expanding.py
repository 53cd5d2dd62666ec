"""A part of an answer that a model asks to see: bounded, from the ledger, twice a case at most."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agent.brain.model.rows import fitting, masked_rows
from agent.brain.model.schema import ExpandSaid
from agent.brain.model.writing import Pen
from agent.models import Decision, Evidence

MOST: Final = 2
"""Extra rounds of one case."""
PARTS: Final = 2
"""Parts that one round brings."""
ROOM: Final = 1_200
"""Characters of all parts of one round."""
HEAD: Final = "Expanded."


def expansions_left(decisions: Sequence[Decision]) -> int:
    """How many extra rounds the case still has."""
    asked = sum(
        message.get("role") == "user" and str(message.get("content", "")).startswith(HEAD)
        for decision in decisions
        for message in decision.messages
    )
    return max(0, MOST - asked)


def expanded(wanted: Sequence[ExpandSaid], evidence: Mapping[str, Evidence], pen: Pen) -> str:
    """The parts, as the beginning of a message; empty when none of them is there."""
    room = ROOM // max(1, min(PARTS, len(wanted)))
    parts = [part for item in wanted[:PARTS] for part in _part(item, evidence, pen, room)]
    return "\n".join([HEAD, *parts]) if parts else ""


def _part(wanted: ExpandSaid, evidence: Mapping[str, Evidence], pen: Pen, room: int) -> Iterator[str]:
    item = evidence.get(wanted.evidence)
    if item is None:
        return
    at = wanted.at.strip() or "$"
    rows = [row for row in masked_rows(item) if row.at == at or row.at.startswith((f"{at}[", f"{at}."))]
    rows = rows or masked_rows(item)
    shown = fitting(rows, pen, room)
    yield f"{item.id} {item.tool}"
    yield from shown.lines
    if shown.left:
        yield f"  {shown.left} more rows"
