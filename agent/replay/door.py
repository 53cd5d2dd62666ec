"""A read door over stored answers: the same question gets the same answer, and no other question gets any."""

from collections.abc import Iterable, Sequence

from agent.evidence.ledger import Ledger
from agent.host.tools import split_name
from agent.models import Backend, Evidence, JsonObject
from knowledge.trust.canonical import canonical

NOT_STORED = "not in the stored evidence"


class StoredDoor:
    """Answers of one investigation, found by tool and canonical arguments. It reaches no server.

    What was never asked then is evidence `refused`: that nobody knows is not that nothing was found."""

    def __init__(self, answers: Iterable[Evidence], subject: Evidence) -> None:
        self._subject = subject
        self._ledger = Ledger((subject, *answers))
        self._known: dict[tuple[str, bytes], Evidence] = {}
        for item in self._ledger.evidence:
            self._known.setdefault((f"{item.server}__{item.tool}", canonical(item.arguments)), item)
        self.asked: dict[str, Evidence] = {}
        """Evidence id to evidence, in the order it was asked for."""

    @property
    def unanswered(self) -> tuple[Evidence, ...]:
        """What was asked now and never then."""
        return tuple(item for item in self.asked.values() if item.status == "refused" and item.error == NOT_STORED)

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """The stored answers in the order of the calls."""
        answers = [self._answer(tool, arguments) for tool, arguments in calls]
        self.asked |= {item.id: item for item in answers}
        return answers

    def offers(self, tool: str) -> bool:
        """Whether the tool was asked then, whatever it was asked."""
        return any(tool == name for name, _ in self._known)

    def _answer(self, tool: str, arguments: JsonObject) -> Evidence:
        key = (tool, canonical(arguments))
        if key not in self._known:
            self._known[key] = self._refused(tool, arguments)
        return self._known[key]

    def _refused(self, tool: str, arguments: JsonObject) -> Evidence:
        server, name = split_name(tool)
        backend: Backend = self._subject.backend
        return self._ledger.add(
            server=server,
            tool=name,
            arguments=arguments,
            asked_at=self._subject.asked_at,
            status="refused",
            summary=f"refused: {NOT_STORED}",
            backend=backend,
            synthetic=self._subject.synthetic,
            error=NOT_STORED,
            hint="a replay asks no server",
        )
