"""What would change a verdict: the looks that are missing, the statements and gates it hangs on, the register."""

from collections.abc import Mapping
from typing import Final

from agent.conversation.intents.saying import Saying, about, asks, equals, line, nothing, path, told, unanswered
from agent.conversation.intents.the_case import NO_SUCH_CASE, no_case, which_case
from agent.conversation.models import Proposal, Referents
from agent.conversation.protocol import Draft, Looker, Understood
from agent.conversation.understanding.rows import rows, text
from agent.models import Evidence
from agent.wording import Language, localised

_MOST: Final = 6
VERDICT: Final[Mapping[str, str]] = {
    "true_positive": "The verdict is true positive.",
    "benign_true_positive": "The verdict is benign true positive.",
    "false_positive": "The verdict is false positive.",
    "needs_human": "The verdict is that a human has to decide.",
    "not_evaluable": "The verdict is that it could not be evaluated.",
}
THEN: Final[Mapping[str, str]] = {
    "true_positive": "It would become a true positive: {what}",
    "benign_true_positive": "It would become a benign true positive: {what}",
    "false_positive": "It would become a false positive: {what}",
    "needs_human": "It would become one for a human to decide: {what}",
    "not_evaluable": "It could no longer be evaluated: {what}",
}
OPEN: Final = "Still open: {value}"
QUERY: Final = "The look that would settle it: {value}."
NONE: Final = "No single missing look, statement, gate or register entry would change it."


class WhatWouldChange:
    """What the verdict hangs on."""

    name = "what_would_change"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """The verdict, then what would move it, the decided ones first."""
        if (case := which_case(question)) is None:
            return no_case(question)
        changes = await looker.read(
            "mcpsoc__mcpsoc_what_would_change", {"case_id": case.value, "language": question.language}
        )
        if changes.data is None:
            return Draft(
                said=told(
                    unanswered(changes),
                    nothing(changes, NO_SUCH_CASE, "$.changes[*]") if changes.status == "no_data" else None,
                )
            )
        listed = rows(changes, "changes")
        telling = [place for place, row in enumerate(listed) if row.get("would_be") or row.get("subject") != "all"]
        order = sorted(telling, key=lambda place: listed[place].get("would_be") is None)[:_MOST]
        return Draft(
            said=told(
                _verdict(changes),
                nothing(changes, NONE, "$.changes[*]"),
                [_change(changes, place) for place in order],
                [
                    equals(changes, QUERY, path("changes", place, "query"))
                    for place in order
                    if _is_look(changes, place)
                ],
            ),
            proposals=_hunts(changes, case.value, question.language),
            suggestions=(
                asks(question.language, "Why is {it} not closed?", it=case.value),
                asks(question.language, "Show me the evidence of {it}", it=case.value),
            ),
            referents=about(question, referents, self.name, entities=(case,)),
        )


def _verdict(changes: Evidence) -> Saying:
    template = VERDICT.get(text(changes.data, "verdict") or "") if isinstance(changes.data, dict) else None
    return equals(changes, template, "$.verdict") if template else None


def _change(changes: Evidence, place: int) -> Saying:
    then = THEN.get(text(rows(changes, "changes")[place], "would_be") or "")
    what = path("changes", place, "what")
    if then is None:
        return line(changes, OPEN, "Still open:", what)
    return equals(changes, then, path("changes", place, "would_be"), {"what": what})


def _is_look(changes: Evidence, place: int) -> bool:
    """Whether the query is one a person can ask, not the name of a tool."""
    return "__" not in (text(rows(changes, "changes")[place], "query") or "__")


def _hunts(changes: Evidence, case_id: str, language: Language) -> tuple[Proposal, ...]:
    """The missing looks, to be asked by a person."""
    queries = [text(row, "query") for place, row in enumerate(rows(changes, "changes")) if _is_look(changes, place)]
    label = localised("Note what has to be looked at", language)
    return tuple(Proposal(kind="note", label=label, case_id=case_id, text=query) for query in queries[:1] if query)
