"""The network sensor of the simulated enterprise: its alerts, and beside them what firewall, proxy and resolver saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from servers.embedded import LabDoor, blind_spot
from servers.ids.backend import IdsBackend, Record
from servers.ids.models import NetworkEvent
from servers.kit import Problem
from servers.lab.queries import events
from servers.lab.records import JsonObject

SENSOR: Final = "ids"
KINDS: Final[Mapping[str, str]] = {"ids": "alert", "firewall": "flow", "proxy": "http", "dns": "dns"}
"""Which log of the lab holds what a sensor would have read of a flow."""
AROUND: Final = timedelta(minutes=5)
"""How far apart events of one flow lie; the lab's events carry no flow ids."""
_ALL: Final = 100_000


@dataclass(frozen=True, slots=True)
class LabLog:
    """The events of the lab. The id of an alert stands for its flow."""

    door: LabDoor

    def alerts(self, start: datetime, end: datetime) -> Sequence[Record]:
        """The sensor's own events."""
        return self._found(SENSOR, start, end, {})

    def host(self, address: str, start: datetime, end: datetime) -> Sequence[Record]:
        """Events of all kinds from and to an address."""
        found = {
            record.id: record
            for source in KINDS
            for side in ("source.ip", "destination.ip")
            for record in self._found(source, start, end, {side: address})
        }
        return sorted(found.values(), key=lambda record: (record.time, record.id))

    def flow(self, flow: str) -> Sequence[Record]:
        """The alert, and what passed between its two ends within five minutes."""
        alert = next(iter(self._found(SENSOR, _BEGIN, self.door.now(), {"event.id": flow})), None)
        if alert is None:
            return ()
        around = (alert.time - AROUND, alert.time + AROUND)
        ends = {alert.source, alert.destination}
        return [
            Record(
                record.time,
                record.id,
                record.kind,
                flow,
                record.source,
                record.destination,
                partial(_joined, record, flow),
            )
            for record in self.host(alert.source, *around)
            if {record.source, record.destination} == ends or record.id == alert.id
        ]

    def blind(self, start: datetime, end: datetime) -> Problem | None:
        """When the sensor was off."""
        return blind_spot(self.door.db, [SENSOR], None, start, end)

    def _found(self, source: str, start: datetime, end: datetime, filters: Mapping[str, str]) -> list[Record]:
        page = events.search_events(self.door.db, start=start, end=end, filters=filters, source=source, limit=_ALL)
        return [_record(source, event) for event in page.events]


_BEGIN: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def embedded(door: LabDoor) -> IdsBackend:
    """The network sensor of this lab."""
    return IdsBackend("embedded", door.probe, SENSOR, door.now, LabLog(door))


def _record(source: str, event: JsonObject) -> Record:
    id_ = str(event["event.id"])
    flow = id_ if source == SENSOR else ""
    return Record(
        time=datetime.fromisoformat(str(event["@timestamp"])),
        id=id_,
        kind=KINDS[source],
        flow=flow,
        source=str(event.get("source.ip") or ""),
        destination=str(event.get("destination.ip") or ""),
        event=partial(_event, source, event, flow),
    )


def _event(source: str, event: JsonObject, flow: str) -> NetworkEvent:
    own: JsonObject = {"flow.id": flow} if flow else {}
    return NetworkEvent({**event, "event.kind": KINDS[source], **own})


def _joined(record: Record, flow: str) -> NetworkEvent:
    return NetworkEvent({**record.event().root, "flow.id": flow})
