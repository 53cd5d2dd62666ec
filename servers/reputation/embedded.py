"""The lab's feeds and registers as one source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from servers.embedded import LabDoor
from servers.kit.envelope import iso
from servers.lab.queries import entities
from servers.observables import Observable
from servers.reputation.models import SourceSaid, Verdict

_MEANS: Final[dict[str, Verdict]] = {"malicious": "malicious", "suspicious": "suspicious", "benign": "clean"}


@dataclass(frozen=True, slots=True)
class LabSource:
    """What the feeds of the simulated enterprise say, and its registers of known-good values."""

    door: LabDoor
    name: str = "lab feeds"

    def say(self, wanted: Observable) -> Sequence[SourceSaid]:
        """One line for each feed that knows it. Raises: ToolError without a lab."""
        rows = entities.lookup_intel(self.door.db, wanted.value)
        said = [
            SourceSaid(
                source=row.source,
                state="answered",
                verdict=_MEANS.get(row.verdict, "unknown"),
                score=row.confidence,
                as_of=iso(row.last_seen),
            )
            for row in rows
        ]
        known = entities.check_known(self.door.db, wanted.value)
        if known is not None:
            exact: Verdict = "clean" if known.value == wanted.value else "unknown"
            said.append(SourceSaid(source=known.register, state="answered", verdict=exact, entry=known.value))
        return said or [SourceSaid(source=self.name, state="unknown", verdict="unknown")]
