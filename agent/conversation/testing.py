"""Fakes for tests of anything built on conversations: an understanding and intents that do what they are told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import get_args

from agent.conversation.models import Entity, EntityType, Reading, Referents
from agent.conversation.protocol import Draft, Looker, Understood
from agent.wording import Language

Answering = Callable[[Understood, Referents, Looker], Awaitable[Draft]]


@dataclass(slots=True)
class SpelledOut:
    """Takes the first word of a question for its intent, and `type=value` words for what it names.

    `seen` keeps what later questions could refer to, question by question."""

    readings: tuple[Reading, ...] = ()
    """Given with every question whose first word is `either`."""
    seen: list[Referents] = field(default_factory=list)

    async def __call__(self, text: str, language: Language | None, referents: Referents, looker: Looker) -> Understood:
        """The question as it is spelled out."""
        self.seen.append(referents)
        words = text.split()
        named = [word.partition("=") for word in words if word.partition("=")[0] in get_args(EntityType)]
        entities = tuple(
            Entity.model_validate({"type": kind, "value": value, "said": value}) for kind, _, value in named
        )
        return Understood(
            text=text,
            language=language or "en",
            plain=text.lower(),
            entities=entities,
            window=None,
            intent=None if words[0] == "either" else words[0],
            readings=self.readings if words[0] == "either" else (),
        )


@dataclass(frozen=True, slots=True)
class ScriptedIntent:
    """An intent that answers by a function."""

    name: str
    answering: Answering

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """What the function says."""
        return await self.answering(question, referents, looker)
