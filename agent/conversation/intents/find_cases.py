"""Which cases name a host, an account, an indicator or a technique."""

from typing import Final

from agent.conversation.intents.case_lines import case_entities, case_lines
from agent.conversation.intents.saying import about, asks, counted, nothing, told, unanswered
from agent.conversation.models import EntityType, Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import answered, rows

TYPES: Final[tuple[EntityType, ...]] = ("host", "account", "address", "domain", "url", "sha256", "technique")
_MOST: Final = 8
COUNT: Final = "Cases that name it: {value}."
NONE: Final = "No case names it."
WHAT: Final = "Which host, account, address, domain, file or technique should the case name?"


class FindCases:
    """The cases, most urgent or most exact first."""

    name = "find_cases"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """How many, then one sentence each."""
        entity = next((item for item in question.entities if item.said and item.type in TYPES), None) or question.first(
            *TYPES
        )
        if entity is None:
            return Draft(said=(Speech(WHAT),))
        if entity.type == "technique":
            cases = await looker.read("mcpsoc__mcpsoc_list_cases", {"text": entity.value, "limit": _MOST})
        else:
            cases = await looker.read("mcpsoc__mcpsoc_find_cases", {"entity": entity.value, "limit": _MOST})
        listed = case_entities(cases, _MOST)
        return Draft(
            said=told(
                Speech("About {name}:", {"name": entity.value}),
                nothing(cases, NONE, "$.cases[*]") if answered(cases) else unanswered(cases),
                None if cases.truncated or not rows(cases, "cases") else counted(cases, COUNT, "$.cases[*]"),
                case_lines(cases, _MOST),
            ),
            suggestions=tuple(
                asks(question.language, "What happened in {it}, and why?", it=item.value) for item in listed[:2]
            ),
            referents=about(question, referents, self.name, entities=(entity, *listed[:1]), listed=listed),
        )
