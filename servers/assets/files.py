"""A site's own files: an inventory in CSV or JSON, scans as nmap writes them, and the tags put on assets since.

inventory.py   read whole or not at all       scans.py   nmap's XML       tags.py   what this server wrote itself
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from servers.assets.inventory import Entry, Inventory, read_inventory
from servers.assets.scans import Scans
from servers.assets.tags import TagFile
from servers.errors import ConfigurationError, NotFoundError, ToolError


@dataclass(frozen=True)
class Files:
    """The files of one site."""

    inventory: Path
    scans: Scans | None
    tags: TagFile
    _kept: dict[tuple[int, int, int], Inventory] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def held(self) -> Inventory:
        """The inventory as it is now. Raises: ToolError(inventory_broken)."""
        with self._lock:
            try:
                stat = self.inventory.stat()
            except OSError:
                hint = "see MCPSOC_ASSETS_INVENTORY"
                raise ToolError("inventory_broken", "the inventory cannot be read", hint) from None
            state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if state not in self._kept:
                fresh = read_inventory(self.inventory)
                self._kept.clear()
                self._kept[state] = fresh
            return self._kept[state]

    def find(self, identifier: str, at: datetime) -> Sequence[Entry]:
        """What had a name, id, MAC or address at a time, latest first. Raises: NotFoundError; ToolError."""
        found = self.held().at(identifier, at)
        if not found:
            hint = "assets_list_unknown tells what scans saw beyond the inventory"
            raise NotFoundError("the inventory has no such asset at that time", hint)
        return found

    def one(self, identifier: str, at: datetime) -> Entry:
        """The asset a change is about. Raises: NotFoundError; ToolError where several have the name."""
        found = self.find(identifier, at)
        if len({entry.id for entry in found}) > 1:
            raise ToolError("ambiguous", "several assets have this name or address at that time", "give the id")
        return found[0]

    def tags_of(self, entry: Entry) -> Sequence[str]:
        """Its tags, those of the inventory and those put on it since."""
        return sorted({*entry.tags, *self.tags.held().get(entry.id, {})})


def files_of(inventory: Path | None, scans: Path | None, tags: Path) -> Files:
    """Raises: ConfigurationError without an inventory."""
    if inventory is None:
        raise ConfigurationError("the inventory needs MCPSOC_ASSETS_INVENTORY")
    return Files(inventory, None if scans is None else Scans(scans), TagFile(tags))
