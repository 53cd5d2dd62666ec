"""Changes of a case, which a person makes: the chat offers the button and changes nothing."""

import re
from typing import Final

from agent.conversation.intents.case_lines import case_line
from agent.conversation.intents.case_summary import named_by
from agent.conversation.intents.saying import about, asks, told
from agent.conversation.intents.the_case import case_of, get_case, missing, no_case, which_case
from agent.conversation.intents.why_open import proposals
from agent.conversation.models import Proposal, Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.wording import localised

_NOTE: Final = re.compile(
    r"\b(?:note|comment)s?\b(?:\s+(?:that|on|to|for|saying)\b)?\s*[:：-]?\s*(?P<text>.*)|备注\s*[:：]?\s*(?P<zh>.*)",
    re.IGNORECASE,
)
ONLY_READ: Final = "I change nothing myself; here is what you can do with one click."


class CaseChange:
    """The buttons for what was asked."""

    name = "case_change"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """Where the case stands, and the buttons."""
        if (case := which_case(question)) is None:
            return no_case(question)
        opened = await get_case(case.value, question.language, looker)
        row = case_of(opened)
        if not row:
            return missing(opened)
        return Draft(
            said=told(Speech(ONLY_READ), case_line(opened, "case")),
            proposals=_wanted(question, proposals(row, case.value, question.language), case.value),
            suggestions=(asks(question.language, "What happened in {it}, and why?", it=case.value),),
            referents=about(question, referents, self.name, entities=named_by(row)),
        )


def _wanted(question: Understood, offered: tuple[Proposal, ...], case_id: str) -> tuple[Proposal, ...]:
    """The note that was dictated, or what was asked for first."""
    if (found := _NOTE.search(question.text)) is not None:
        words = (found["text"] or found["zh"] or "").strip()
        return (Proposal(kind="note", label=localised("Add the note", question.language), case_id=case_id, text=words),)
    first = "close" if re.search(r"\bclose\b|关闭|结案|mark", question.plain) else "take"
    return tuple(sorted(offered, key=lambda item: item.kind != first))
