"""The simulated enterprise: what its inventory says of a host, as facts."""

from collections.abc import Sequence
from dataclasses import asdict

from servers.config.backend import Fact
from servers.embedded import LabDoor, host_of


class LabInventory:
    """Facts out of the lab's tables."""

    def __init__(self, door: LabDoor) -> None:
        self._door = door

    def facts(self, host: str) -> Sequence[Fact]:
        """The inventory's entry and the software installed. Raises: ToolError for a host nobody knows."""
        db = self._door.db
        found = host_of(db, host)
        facts = [Fact(name, str(value)) for name, value in asdict(found).items() if value is not None]
        rows = db.execute("SELECT name, version FROM software WHERE host = ? ORDER BY name", (found.id,))
        return sorted(
            [*facts, *(Fact(f"software.{name}", version) for name, version in rows)], key=lambda fact: fact.name
        )

    def probe(self) -> str:
        """What is behind it."""
        return self._door.probe()
