"""Why a case is not closed: where it stands, what its verdict asks of a person, what held it, what was not seen."""

from collections.abc import Mapping
from typing import Final

from agent.conversation.intents.case_attributes import due_line, late, status_line
from agent.conversation.intents.case_lines import closed_line
from agent.conversation.intents.case_summary import GAP, named_by
from agent.conversation.intents.saying import Saying, about, asks, equals, line, path, told
from agent.conversation.intents.the_case import case_of, get_case, missing, no_case, which_case
from agent.conversation.models import Proposal, Referents
from agent.conversation.protocol import Draft, Looker, Understood
from agent.conversation.understanding.rows import objects, text
from agent.models import Evidence, JsonObject
from agent.wording import Language, localised

ASKED: Final[Mapping[str, str]] = {
    "true_positive": "It was judged a true positive: somebody has to contain it before it can be closed.",
    "benign_true_positive": (
        "It was judged a benign true positive: nothing is left to contain, a person has to confirm and close it."
    ),
    "false_positive": "It was judged a false positive: a person has to confirm and close it.",
    "needs_human": "The evidence does not settle it: a person has to decide.",
    "not_evaluable": "The telemetry that would settle it was not there.",
}
GATE: Final = "The gate {value} did not let it pass: {reason}."
REASON: Final = "The reason given: {value}"
TO_DO: Final = "What to do now: {value}"
_CODES: Final[Mapping[str, str]] = {
    "false_positive": "rule_logic",
    "benign_true_positive": "authorised_test",
    "true_positive": "confirmed_attack",
}


class WhyOpen:
    """What keeps a case open."""

    name = "why_open"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """Its state first."""
        if (case := which_case(question)) is None:
            return no_case(question)
        opened = await get_case(case.value, question.language, looker)
        row = case_of(opened)
        if not row:
            return missing(opened)
        return Draft(
            said=told(
                status_line(opened),
                closed_line(opened, "case"),
                equals(opened, "The note says: {value}", path("case", "human", "note")),
                [] if text(row, "status") == "closed" else _holding(opened),
            ),
            proposals=proposals(row, case.value, question.language),
            suggestions=(
                asks(question.language, "What would change the verdict of {it}?", it=case.value),
                asks(question.language, "Show me the evidence of {it}", it=case.value),
            ),
            referents=about(question, referents, self.name, entities=named_by(row)),
        )


def _holding(opened: Evidence) -> list[Saying]:
    """What has to happen before it can be closed."""
    row = case_of(opened)
    asked = ASKED.get(text(row, "disposition") or "")
    gates = [place for place, gate in enumerate(objects(row.get("gates"))) if gate.get("passed") is False]
    gaps = range(min(3, len(objects(row.get("gaps")))))
    return [
        equals(opened, asked, path("case", "disposition")) if asked else None,
        line(opened, REASON, "The reason given:", path("case", "reason")),
        *(
            equals(
                opened, GATE, path("case", "gates", place, "gate"), {"reason": path("case", "gates", place, "reason")}
            )
            for place in gates
        ),
        *(
            equals(
                opened, GAP, path("case", "gaps", place, "sensor"), {"reason": path("case", "gaps", place, "reason")}
            )
            for place in gaps
        ),
        late(opened) or due_line(opened),
        line(opened, TO_DO, "What to do now:", path("case", "opening", "what_to_do_now")),
    ]


def proposals(row: JsonObject, case_id: str, language: Language) -> tuple[Proposal, ...]:
    """Taking it and closing it, as buttons."""
    status = text(row, "status")
    if status == "closed":
        return (Proposal(kind="reopen", label=localised("Reopen the case", language), case_id=case_id),)
    code = _CODES.get(text(row, "disposition") or "")
    close = Proposal(kind="close", label=localised("Close the case", language), case_id=case_id, reason_code=code)
    take = Proposal(kind="take", label=localised("Take the case", language), case_id=case_id)
    return (close,) if status == "taken" else (take, close)
