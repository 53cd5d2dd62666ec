"""Suricata's event log as it grows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from servers.ids import eve
from servers.ids.backend import Record
from servers.kit import Problem, ToolError
from servers.logfile import GrowingLog, Held

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RecordLog:
    """Any log of records that is read as it grows."""

    read: Callable[[], Held[Record]]
    now: Callable[[], datetime]
    quiet: timedelta
    """How long a living sensor may write nothing."""

    def alerts(self, start: datetime, end: datetime) -> Sequence[Record]:
        """Alerts of a window."""
        return [record for record in self.read().within(start, end) if record.kind == "alert"]

    def host(self, address: str, start: datetime, end: datetime) -> Sequence[Record]:
        """Everything from and to an address."""
        wanted = eve.address(address) or address
        return [record for record in self.read().within(start, end) if wanted in (record.source, record.destination)]

    def flow(self, flow: str) -> Sequence[Record]:
        """Everything of one flow. Raises: ToolError for a log without records, which tells nothing of any flow."""
        if not (rows := self.read().rows):
            raise ToolError("not_covered", "the log holds no records", "absence proves nothing here")
        return [record for record in rows if record.flow == flow] if flow else ()

    def blind(self, start: datetime, end: datetime) -> Problem | None:
        """Where the log begins, and whether it went silent, also for a while in between."""
        return self.read().blind_spot(start, end, self.now(), self.quiet)


def suricata_log(path: "Path", now: Callable[[], datetime], quiet: timedelta) -> RecordLog:
    """The file that `eve-log` writes."""
    return RecordLog(GrowingLog(path, eve.parsed, setting="MCPSOC_IDS_EVE").read, now, quiet)
