"""A part of an answer that a model asks to see: bounded, from the ledger, twice a case at most."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agent.brain.model.rows import Known, all_of, masked_rows
from agent.brain.model.schema import ExpandSaid
from agent.brain.model.writing import Pen
from agent.conversation.model.facts import Row, member
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


def expanded(wanted: Sequence[ExpandSaid], evidence: Mapping[str, Evidence], known: Known, pen: Pen) -> str:
    """The parts, as the beginning of a message; empty when none of them is there."""
    room = ROOM // max(1, min(PARTS, len(wanted)))
    parts = [part for item in wanted[:PARTS] for part in _part(item, evidence, known, pen, room)]
    return "\n".join([HEAD, *parts]) if parts else ""


def placed(text: str) -> ExpandSaid:
    """`E5 $.events` taken apart."""
    evidence, _, at = text.partition(" ")
    return ExpandSaid(evidence=evidence, at=at or "$")


def _part(wanted: ExpandSaid, evidence: Mapping[str, Evidence], known: Known, pen: Pen, room: int) -> Iterator[str]:
    item = evidence.get(wanted.evidence)
    if item is None:
        return
    at = wanted.at.strip().removesuffix("[*]") or "$"
    every = masked_rows(item)
    rows = [row for row in every if row.at == at or row.at.startswith((f"{at}[", f"{at}."))]
    rows = rows or [row for row in every if at.startswith((f"{row.at}[", f"{row.at}."))]
    shown = all_of(rows or every, known, pen, room, _member(at, rows))
    yield f"{item.id} {item.tool}"
    yield from shown.lines
    if shown.left:
        yield f"  {shown.left} more rows"


def _member(at: str, rows: Sequence[Row]) -> str:
    """The member of a row that was asked for by its own place; empty when a row or more was."""
    return next((name for row in rows for name in row.values if member(row.at, name) == at), "")
