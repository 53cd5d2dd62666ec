"""Cases like this one, and what they share. Context for a person, never evidence."""

from typing import Final

from agent.conversation.intents.case_lines import closed_line
from agent.conversation.intents.saying import Saying, about, asks, equals, nothing, path, told
from agent.conversation.intents.the_case import no_case, which_case
from agent.conversation.models import Entity, Referents
from agent.conversation.protocol import Draft, Looker, Understood
from agent.conversation.understanding.rows import rows, text
from agent.models import Evidence

_MOST: Final = 5
SIMILAR: Final = "{value}: {title}. It shares {shared}."
JUDGED: Final[dict[str, str]] = {
    "true_positive": "{id} was judged a true positive.",
    "benign_true_positive": "{id} was judged a benign true positive.",
    "false_positive": "{id} was judged a false positive.",
    "needs_human": "{id} was left for a human to decide.",
    "not_evaluable": "{id} could not be evaluated.",
}
NONE: Final = "No other case shares an entity, a rule, a technique or a sequence with it."


class SimilarCases:
    """The most similar cases with the reason."""

    name = "similar_cases"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """One or two sentences a case."""
        if (case := which_case(question)) is None:
            return no_case(question)
        similar = await looker.read("mcpsoc__mcpsoc_find_cases", {"like": case.value, "limit": _MOST})
        listed = tuple(Entity(type="case", value=text(row, "id") or "") for row in rows(similar, "cases"))
        return Draft(
            said=told(
                nothing(similar, NONE, "$.cases[*]"),
                [sentence for place in range(len(listed)) for sentence in _lines(similar, place)],
            ),
            suggestions=tuple(
                asks(question.language, "What happened in {it}, and why?", it=item.value) for item in listed[:2]
            ),
            referents=about(question, referents, self.name, entities=(case,), listed=listed),
        )


def _lines(similar: Evidence, place: int) -> list[Saying]:
    at = ("cases", place)
    why = f"{path(*at, 'why')}[*].value"
    judged = JUDGED.get(text(rows(similar, "cases")[place], "disposition") or "")
    return [
        equals(similar, SIMILAR, path(*at, "id"), {"title": path(*at, "title"), "shared": why}),
        equals(similar, judged, path(*at, "disposition"), {"id": path(*at, "id")}) if judged else None,
        closed_line(similar, *at),
    ]
