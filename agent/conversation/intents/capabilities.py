"""What can be asked."""

from typing import Final

from agent.conversation.intents.saying import about, asks
from agent.conversation.models import Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood

OFFERS: Final = (
    "I read and never change anything; every fact I tell opens the evidence it was read from.",
    "Cases: what happened and why, the evidence, what would change the verdict, why one is not closed, similar ones,"
    " who is affected, how to contain it.",
    "Hosts, accounts, addresses, domains and file hashes: what is known of them, what they did in a span of time,"
    " which cases name them.",
    "Logs: events by field, kind, thing and time, how many there are, and whether a log source was looking at all.",
    "Knowledge: ATT&CK techniques and the runbooks.",
    "The queue: which cases are open, by priority, and what changed since your last visit.",
    "Without a language model I do not weigh opinions, write text or look into products that are not connected.",
)


class Capabilities:
    """Says what this analyst can answer, and that it reads only."""

    name = "capabilities"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """A list of what can be asked."""
        return Draft(
            said=tuple(Speech(offer) for offer in OFFERS),
            suggestions=(
                asks(question.language, "Which cases are open, by priority?"),
                asks(question.language, "What changed since my last visit?"),
                asks(question.language, "Do all log sources report?"),
            ),
            referents=about(question, referents, self.name),
        )
