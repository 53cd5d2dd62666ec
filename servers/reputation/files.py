"""Lists in files as sources: bad values, and known-good ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from servers.kit.envelope import iso
from servers.kit.server import wall_clock
from servers.lists import FEED_DAYS, ListFile
from servers.observables import Observable
from servers.reputation.models import SourceSaid, Verdict


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list."""

    file: ListFile
    means: Verdict
    """Of what is in it."""
    days: float = 0
    """From which age on it is old; 0: never."""
    now: Callable[[], datetime] = wall_clock

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.file.path.name

    def say(self, wanted: Observable) -> Sequence[SourceSaid]:
        """Whether it holds the value, with the age of the file. Raises: ToolError."""
        values, at = self.file.values()
        found = values.entry(wanted)
        entry = None if found is None else found.text
        age = self.now() - at
        old = 0 < self.days < age / timedelta(days=1)
        skipped = f"{values.skipped} lines name no value" if entry is None and values.skipped else None
        return [
            SourceSaid(
                source=self.name,
                state="unknown" if entry is None else "answered",
                verdict="unknown" if entry is None else self._meaning(entry, wanted),
                why=f"{age.days} days old, stale after {self.days:g}" if old else skipped,
                stale=old,
                entry=entry,
                as_of=iso(at),
            )
        ]

    def _meaning(self, entry: str, wanted: Observable) -> Verdict:
        """A good parent domain or network says nothing good of what anybody can put below it."""
        return "unknown" if self.means == "clean" and entry != wanted.value else self.means


def list_sources(bad: Sequence[Path], known: Sequence[Path], days: float = FEED_DAYS) -> Sequence[ListSource]:
    """A source for each file; lists of bad values are old from so many days on."""
    found = [ListSource(ListFile(path, "MCPSOC_REPUTATION_BAD_LISTS"), "malicious", days) for path in bad]
    return [*found, *(ListSource(ListFile(path, "MCPSOC_REPUTATION_KNOWN_LISTS"), "clean") for path in known)]
