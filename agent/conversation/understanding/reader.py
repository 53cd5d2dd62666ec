"""The understanding: text in, what it names and which intent it fits out."""

from agent.conversation.models import Referents
from agent.conversation.protocol import Looker, Understood
from agent.conversation.understanding.plain import folded, language_of
from agent.conversation.understanding.table import Table
from agent.wording import Language


class Reader:
    """Reads questions by a table of intents."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def __call__(self, text: str, language: Language | None, referents: Referents, looker: Looker) -> Understood:
        """What the question means; looks up names that are said in part."""
        plain = folded(text).lower()
        scores = {
            name: sum(group.weight for group in row.groups if any(said in plain for said in (*group.en, *group.zh)))
            for name, row in self._table.rows.items()
        }
        best = max(scores, key=lambda name: scores[name])
        return Understood(
            text=text,
            language=language or language_of(text),
            plain=plain,
            entities=referents.entities,
            window=None,
            intent=best if scores[best] else None,
        )
