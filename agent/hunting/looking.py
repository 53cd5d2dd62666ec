"""How names in a hypothesis are looked up before the hunt begins: through the read door, as evidence of nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from agent.host.read import ReadDoor
from agent.models import Evidence, JsonObject, World


class NameLooker:
    """The reads that tell which host, account or file a word means."""

    def __init__(self, door: ReadDoor, now: datetime) -> None:
        self._door, self._now = door, now

    @property
    def world(self) -> World:
        """Where the hunt is."""
        return self._door.world

    def now(self) -> datetime:
        """The clock of that world."""
        return self._now

    async def read(self, tool: str, arguments: JsonObject) -> Evidence:
        """One answer; what fails is one, too."""
        return (await self.read_many([(tool, arguments)]))[0]

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """The answers in the order of the calls."""
        return await self._door.read_many(calls)


MOST_LOOKS: Final = 60
"""Look-ups of names in one hypothesis."""
