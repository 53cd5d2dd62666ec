"""The case that a question is about."""

from typing import Final

from agent.conversation.intents.saying import nothing, told
from agent.conversation.models import Entity
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import inner
from agent.models import Evidence, JsonObject
from agent.wording import Language

NO_CASE: Final = "Which case is that about? Name it by its number."
NO_SUCH_CASE: Final = "There is no case of that number."


async def get_case(case_id: str, language: Language, looker: Looker) -> Evidence:
    """The case whole."""
    return await looker.read("mcpsoc__mcpsoc_get_case", {"case_id": case_id, "language": language})


async def get_claims(case_id: str, language: Language, looker: Looker) -> Evidence:
    """The statements of its report."""
    return await looker.read("mcpsoc__mcpsoc_list_claims", {"case_id": case_id, "language": language, "limit": 100})


def which_case(question: Understood) -> Entity | None:
    """The case the question names, or the thread was about."""
    return question.first("case")


def no_case(question: Understood) -> Draft:
    """The answer when no case is known."""
    return Draft(said=(Speech(NO_CASE),))


def missing(evidence: Evidence) -> Draft:
    """The answer when the case could not be read, or there is none of that number."""
    return Draft(said=told(nothing(evidence, NO_SUCH_CASE, "$.case")))


def case_of(evidence: Evidence) -> JsonObject:
    """The case of an answer; empty when it has none."""
    return inner(evidence, "case")
