"""What can be asked."""

from agent.conversation.models import Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood

OFFERS = ("Ask whether a log source still reports.",)


class Capabilities:
    """Says what this analyst can answer, and that it reads only."""

    name = "capabilities"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """A list of what can be asked."""
        return Draft(said=tuple(Speech(offer) for offer in OFFERS))
