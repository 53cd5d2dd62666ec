"""Lists in files as sources: bad values, and known-good ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from servers.kit.envelope import iso
from servers.lists import ListFile
from servers.observables import Observable
from servers.reputation.models import SourceSaid, Verdict


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list."""

    file: ListFile
    means: Verdict
    """Of what is in it."""

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.file.path.name

    def say(self, wanted: Observable) -> Sequence[SourceSaid]:
        """Whether it holds the value, with the age of the file. Raises: ToolError."""
        values, at = self.file.values()
        entry = values.entry(wanted)
        return [
            SourceSaid(
                source=self.name,
                state="unknown" if entry is None else "answered",
                verdict="unknown" if entry is None else self._meaning(entry, wanted),
                why=f"{values.skipped} lines name no value" if entry is None and values.skipped else None,
                entry=entry,
                as_of=iso(at),
            )
        ]

    def _meaning(self, entry: str, wanted: Observable) -> Verdict:
        """A good parent domain or network says nothing good of what anybody can put below it."""
        return "unknown" if self.means == "clean" and entry != wanted.value else self.means


def list_sources(bad: Sequence[Path], known: Sequence[Path]) -> Sequence[ListSource]:
    """A source for each file."""
    found = [ListSource(ListFile(path, "MCPSOC_REPUTATION_BAD_LISTS"), "malicious") for path in bad]
    return [*found, *(ListSource(ListFile(path, "MCPSOC_REPUTATION_KNOWN_LISTS"), "clean") for path in known)]
