"""A model's sentences held against the evidence they cite."""

from collections.abc import Mapping

from agent.conversation.model.writing import Writing
from agent.conversation.models import Sentence
from agent.conversation.protocol import Understood
from agent.models import Evidence
from agent.wording import Language


def checked_writing(
    writing: Writing, evidence: Mapping[str, Evidence], language: Language, asked: Understood
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """The sentences that stand, and those that were struck with the reason. It never raises."""
    return (), tuple(Sentence(kind=item.kind, text=item.text, struck_because="unchecked") for item in writing.sentences)
