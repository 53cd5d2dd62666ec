"""What every server is made from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from servers.embedded import LabDoor
from servers.kit import Conditions
from servers.settings import Settings

World: TypeAlias = Literal["lab", "site"]
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class Parts:
    """What the factories of the bundled servers are given."""

    door: LabDoor
    """To the simulated enterprise; at a site there is none behind it."""
    knowledge_home: Path
    settings: Settings
    conditions: Conditions
    tenant: str
    """Who reads the knowledge base."""
    world: World

    def backend(self, configured: Choice | None) -> Choice | Literal["embedded"]:
        """What a server asks: the demo's home is always embedded; elsewhere what is configured, embedded when nothing
        is. A configured product that is down stays the answer: it is never replaced."""
        return "embedded" if self.world == "lab" or configured is None else configured
