"""The endpoint agents of the simulated enterprise: what they recorded, and the hosts and files they hold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from servers.embedded import (
    LabDoor,
    asked,
    blind_spot,
    check_window,
    cursors_of,
    events_of,
    host_of,
    iso_or_none,
    searched,
)
from servers.endpoint.backend import EndpointBackend, FileQuery
from servers.endpoint.models import (
    Agent,
    Connections,
    Files,
    Host,
    Logons,
    OneHost,
    Processes,
    Sighting,
    Sightings,
)
from servers.kit import NotFoundError, Output, Plan, Protected, Reply, paged
from servers.kit.ecs import Event, Process
from servers.kit.envelope import iso
from servers.lab.queries import endpoint, entities, network
from servers.lab.queries.coverage import agent_status as endpoint_agent
from servers.lab.queries.events import Page

SENSOR = "edr"
BY = "endpoint server"
Answer = TypeVar("Answer", bound=Output)


def embedded(door: LabDoor, protected: Protected) -> EndpointBackend:
    """The lab's agents."""
    return EndpointBackend(
        product="embedded",
        probe=door.probe,
        now=door.now,
        hosts=LabHosts(door),
        processes=LabProcesses(door),
        connections=LabConnections(door),
        logons=LabLogons(door),
        files=LabFiles(door),
        index=LabIndex(door),
        isolation=LabIsolation(door, protected),
        quarantine=LabQuarantine(door),
    )


@dataclass(frozen=True, slots=True)
class LabHosts:
    """Hosts of the inventory."""

    door: LabDoor

    def get(self, host: str, start: datetime | None, end: datetime | None) -> Reply[OneHost]:
        """One of them, by the lab's clock."""
        now = self.door.now()
        start, end = start or (end or now) - timedelta(hours=1), end or now
        check_window(start, end)
        if (row := entities.get_host(self.door.db, host)) is None:
            raise NotFoundError("the inventory has no such host", "try assets_resolve")
        measure = network.contained(self.door.db, kind="isolate_host", target=row.name, at=now)
        data = Host(
            id=row.id,
            name=row.name,
            ip=row.ip,
            os=row.os,
            kind=row.kind,
            zone=row.zone,
            criticality=row.criticality,
            agent_installed=row.agent_installed,
            isolated=measure is not None,
            isolated_since=None if measure is None else iso(measure.since),
        )
        agent = self._agent(row.name, start, end)
        text = f"1 host, {row.kind}, agent {agent.state}"
        return Reply(OneHost(host=data, agent=agent), text, sensor=SENSOR, query=asked({"host": row.name}, start, end))

    def _agent(self, host: str, start: datetime, end: datetime) -> Agent:
        found = endpoint_agent(self.door.db, host=host, start=start, end=end)
        return Agent(
            state=found.state,
            last_seen=iso_or_none(found.last_seen),
            stopped_at=iso_or_none(found.stopped_at),
            stopped_by=found.stopped_by,
        )


@dataclass(frozen=True, slots=True)
class LabProcesses:
    """Process starts."""

    door: LabDoor

    def tree(
        self, host: str, process_id: str, at: datetime, minutes: int, limit: int, cursor: str | None
    ) -> Reply[Processes]:
        """As the agents recorded them."""
        machine = host_of(self.door.db, host)
        found = endpoint.process_tree(
            self.door.db, host=machine.name, process=process_id, at=at, minutes=minutes, limit=_ALL
        )
        page = paged(found, limit, cursor)
        return page.reply(
            Processes(processes=[Process({**node.event, "depth": node.depth}) for node in page.rows]),
            f"{len(page.rows)} of {page.total} processes",
            sensor=SENSOR,
            query=f"tree of {process_id} on {machine.name} within {minutes} min of {iso(at)}",
            stale=blind_spot(self.door.db, [SENSOR], machine.name, at, at),
        )


@dataclass(frozen=True, slots=True)
class LabConnections:
    """Connections with the process that made them."""

    door: LabDoor

    def search(
        self, host: str, start: datetime, end: datetime, process_id: str | None, limit: int, cursor: str | None
    ) -> Reply[Connections]:
        """Those of a window."""
        name = host_of(self.door.db, host).name
        return _page(
            self.door,
            lambda: endpoint.list_connections(
                self.door.db, host=name, start=start, end=end, process_id=process_id, limit=limit, cursor=cursor
            ),
            lambda events: Connections(connections=events),
            {"host.name": name, "process.entity_id": process_id},
            (start, end),
        )


@dataclass(frozen=True, slots=True)
class LabLogons:
    """Logons as the agents saw them."""

    door: LabDoor

    def search(self, host: str, start: datetime, end: datetime, limit: int, cursor: str | None) -> Reply[Logons]:
        """Those of a window."""
        name = host_of(self.door.db, host).name
        return _page(
            self.door,
            lambda: endpoint.list_logons(self.door.db, host=name, start=start, end=end, limit=limit, cursor=cursor),
            lambda events: Logons(logons=events),
            {"host.name": name},
            (start, end),
        )


@dataclass(frozen=True, slots=True)
class LabFiles:
    """File events."""

    door: LabDoor

    def search(self, wanted: FileQuery) -> Reply[Files]:
        """Those of a window."""
        name = host_of(self.door.db, wanted.host).name
        return _page(
            self.door,
            lambda: endpoint.list_files(
                self.door.db,
                host=name,
                start=wanted.start,
                end=wanted.end,
                sha256=wanted.sha256,
                path_prefix=wanted.path_prefix,
                limit=wanted.limit,
                cursor=wanted.cursor,
            ),
            lambda events: Files(files=events),
            {"host.name": name, "file.hash.sha256": wanted.sha256, "file.path": wanted.path_prefix},
            (wanted.start, wanted.end),
        )


@dataclass(frozen=True, slots=True)
class LabIndex:
    """Files by hash, over all sensors."""

    door: LabDoor

    def find(self, sha256: str, limit: int, cursor: str | None) -> Reply[Sightings]:
        """Where one was seen, and if it is quarantined."""
        db, digest = self.door.db, sha256.lower()
        page = paged(endpoint.find_file(db, digest, limit=_ALL), limit, cursor)
        measure = network.contained(db, kind="quarantine_file", target=digest, at=self.door.now())
        rows = [Sighting.of(s) for s in page.rows]
        data = Sightings(sightings=rows, quarantined=measure is not None)
        text = f"seen at {page.total} places, executed at {sum(row.executed for row in rows)} of those shown"
        return page.reply(data, text)


@dataclass(frozen=True, slots=True)
class LabIsolation:
    """Hosts that are cut off."""

    door: LabDoor
    protected: Protected

    def plan(self, host: str) -> Plan:
        """What the inventory says of the host."""
        row = host_of(self.door.db, host)
        hits = self.protected.host(row.name) + tuple(
            hit for hit in self.protected.address(row.ip) if hit.guard != "wide_prefix"
        )
        return Plan(
            target=row.name,
            blast_radius=f"1 {row.kind} of criticality {row.criticality} in {row.zone}, but for its management channel",
            hits=hits,
        )

    def isolate(self, host: str) -> None:
        """Until it is released."""
        self.door.lab.contain("isolate_host", host_of(self.door.db, host).name, None, BY)

    def release(self, host: str) -> bool:
        """At once."""
        return self.door.lab.release("isolate_host", host_of(self.door.db, host).name, BY)

    def isolated(self, host: str) -> bool:
        """By the lab's clock."""
        target = host_of(self.door.db, host).name
        return network.contained(self.door.db, kind="isolate_host", target=target, at=self.door.now()) is not None


@dataclass(frozen=True, slots=True)
class LabQuarantine:
    """Files that run on no host."""

    door: LabDoor

    def plan(self, sha256: str) -> Plan:
        """On how many hosts the file was seen."""
        seen = {row.host for row in endpoint.find_file(self.door.db, sha256, limit=_ALL)}
        return Plan(target=sha256, blast_radius=f"a file seen on {len(seen)} hosts runs on none")

    def quarantine(self, sha256: str) -> None:
        """Until it is restored."""
        self.door.lab.contain("quarantine_file", sha256, None, BY)

    def restore(self, sha256: str) -> bool:
        """At once."""
        return self.door.lab.release("quarantine_file", sha256, BY)

    def quarantined(self, sha256: str) -> bool:
        """By the lab's clock."""
        held = network.contained(self.door.db, kind="quarantine_file", target=sha256, at=self.door.now())
        return held is not None


def _page(
    door: LabDoor,
    search: Callable[[], Page],
    model: Callable[[list[Event]], Answer],
    conditions: dict[str, str | None],
    window: tuple[datetime, datetime],
) -> Reply[Answer]:
    start, end = window
    check_window(start, end)
    page = searched(search)
    return Reply(
        model(events_of(page)),
        f"{len(page.events)} of {page.total} records",
        sensor=SENSOR,
        query=asked(conditions, start, end),
        total=page.total,
        after=cursors_of(page.events),
        more=page.next_cursor is not None,
        stale=blind_spot(door.db, [SENSOR], conditions["host.name"], start, end),
    )


_ALL = 10_000
