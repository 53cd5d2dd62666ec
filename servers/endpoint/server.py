"""The endpoint server: what the agents recorded; isolation and quarantine are changes that hold until released."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field

from servers.embedded import (
    LabDoor,
    Name,
    Reason,
    Sha256,
    asked,
    blind_spot,
    check_window,
    cursors_of,
    events_of,
    host_of,
    iso_or_none,
    lab_server,
    searched,
)
from servers.endpoint.models import (
    Agent,
    Changed,
    Connections,
    Files,
    Host,
    Logons,
    OneHost,
    Processes,
    Sighting,
    Sightings,
)
from servers.kit import (
    Change,
    Conditions,
    Cursor,
    Limit,
    NotFoundError,
    Output,
    Plan,
    Protected,
    Reply,
    SecurityServer,
    Time,
    Undo,
    paged,
)
from servers.kit.conditions import EVERYTHING, NOTHING
from servers.kit.ecs import Event, Process
from servers.kit.envelope import iso
from servers.lab.queries import endpoint, entities, network
from servers.lab.queries.coverage import agent_status as endpoint_agent
from servers.lab.queries.events import Page
from servers.lab.records import ContainmentKind
from servers.lab.records import Host as Row

SENSOR = "edr"
BY = "endpoint server"
Minutes = Annotated[int, Field(ge=1, le=10_080)]
PathPrefix = Annotated[str, Field(min_length=1, max_length=500)]
Answer = TypeVar("Answer", bound=Output)


class Endpoint:
    """Tools over the endpoint agents of the lab."""

    def __init__(self, door: LabDoor, protected: Protected = NOTHING) -> None:
        self._door = door
        self._protected = protected

    def endpoint_get_host(self, host: Name, start: Time | None = None, end: Time | None = None) -> Reply[OneHost]:
        """One host (by name, id or address), whether it is isolated now (the read-back), and its agent over a window
        (default: the last hour): whether it reported, when it stopped and what stopped it."""
        now = self._door.now()
        start, end = start or (end or now) - timedelta(hours=1), end or now
        check_window(start, end)
        if (row := entities.get_host(self._door.db, host)) is None:
            raise NotFoundError("the inventory has no such host", "try assets_resolve")
        measure = network.contained(self._door.db, kind="isolate_host", target=row.name, at=now)
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

    def endpoint_process_tree(
        self, host: Name, process_id: Name, at: Time, minutes: Minutes = 60, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Processes]:
        """A process with its ancestors (depth < 0) and descendants (depth > 0), within `minutes` of `at`.

        process_id: process.entity_id, or the executable's path or sha256."""
        machine = self._machine(host)
        found = endpoint.process_tree(
            self._door.db, host=machine.name, process=process_id, at=at, minutes=minutes, limit=_ALL
        )
        page = paged(found, limit, cursor)
        return Reply(
            Processes(processes=[Process({**node.event, "depth": node.depth}) for node in page.rows]),
            f"{len(page.rows)} of {page.total} processes",
            sensor=SENSOR,
            query=f"tree of {process_id} on {machine.name} within {minutes} min of {iso(at)}",
            total=page.total,
            after=page.after,
            more=page.more,
            stale=blind_spot(self._door.db, [SENSOR], machine.name, at, at),
        )

    def endpoint_list_connections(
        self,
        host: Name,
        start: Time,
        end: Time,
        process_id: Name | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Connections]:
        """Network connections of a host with the process that made them; of one process.entity_id when given."""
        name = self._machine(host).name
        return self._page(
            lambda: endpoint.list_connections(
                self._door.db, host=name, start=start, end=end, process_id=process_id, limit=limit, cursor=cursor
            ),
            lambda events: Connections(connections=events),
            {"host.name": name, "process.entity_id": process_id},
            (start, end),
        )

    def endpoint_list_logons(
        self, host: Name, start: Time, end: Time, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[Logons]:
        """Logons on a host as its agent saw them, earliest first."""
        name = self._machine(host).name
        return self._page(
            lambda: endpoint.list_logons(self._door.db, host=name, start=start, end=end, limit=limit, cursor=cursor),
            lambda events: Logons(logons=events),
            {"host.name": name},
            (start, end),
        )

    def endpoint_list_files(
        self,
        host: Name,
        start: Time,
        end: Time,
        sha256: Sha256 | None = None,
        path_prefix: PathPrefix | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Reply[Files]:
        """File events of a host (created, written, renamed, deleted); of one hash or below one path when given."""
        name = self._machine(host).name
        return self._page(
            lambda: endpoint.list_files(
                self._door.db,
                host=name,
                start=start,
                end=end,
                sha256=sha256,
                path_prefix=path_prefix,
                limit=limit,
                cursor=cursor,
            ),
            lambda events: Files(files=events),
            {"host.name": name, "file.hash.sha256": sha256, "file.path": path_prefix},
            (start, end),
        )

    def endpoint_find_file(self, sha256: Sha256, limit: Limit = 20, cursor: Cursor = None) -> Reply[Sightings]:
        """Every host and path where any sensor saw a file, since when, if it ran; and if it is quarantined."""
        db, digest = self._door.db, sha256.lower()
        page = paged(endpoint.find_file(db, digest, limit=_ALL), limit, cursor)
        measure = network.contained(db, kind="quarantine_file", target=digest, at=self._door.now())
        rows = [Sighting(host=s.host, path=s.path, first=s.first, executed=s.executed) for s in page.rows]
        data = Sightings(sightings=rows, quarantined=measure is not None)
        text = f"seen at {page.total} places, executed at {sum(row.executed for row in rows)} of those shown"
        return Reply(data, text, total=page.total, after=page.after, more=page.more)

    def endpoint_isolate_host(self, host: Name, reason: Reason) -> Reply[Changed]:
        """Cut a host off the network but for its management channel; it stays isolated until endpoint_release."""
        name = self._machine(host).name
        self._door.lab.contain("isolate_host", name, None, BY)
        return Reply(Changed(target=name, change="isolated"), "1 host isolated")

    def endpoint_quarantine_file(self, sha256: Sha256, reason: Reason) -> Reply[Changed]:
        """Keep a file from running on every host; it stays quarantined until endpoint_release."""
        self._door.lab.contain("quarantine_file", sha256.lower(), None, BY)
        return Reply(Changed(target=sha256.lower(), change="quarantined"), "1 file quarantined")

    def endpoint_release(self, kind: Literal["host", "file"], target: Name, reason: Reason) -> Reply[Changed]:
        """End the isolation of a host, or the quarantine of a file (sha256)."""
        measure, name = self._held(kind, target)
        lifted = self._door.lab.release(measure, name, BY)
        done: Literal["released", "restored"] = "released" if kind == "host" else "restored"
        return Reply(Changed(target=name, change=done if lifted else "was not contained"), f"{kind} {done}")

    def plan_isolate(self, host: Name, reason: Reason) -> Plan:
        """Whom it would cut off."""
        row = self._machine(host)
        hits = self._protected.host(row.name) + tuple(
            hit for hit in self._protected.address(row.ip) if hit.guard != "wide_prefix"
        )
        return Plan(
            target=row.name,
            blast_radius=f"1 {row.kind} of criticality {row.criticality} in {row.zone}, but for its management channel",
            undo=Undo("endpoint_release", {"kind": "host", "target": row.name}),
            hits=hits,
        )

    def is_isolated(self, host: Name, reason: Reason) -> bool:
        """Whether it is cut off now."""
        return self._contained("isolate_host", self._machine(host).name)

    def plan_quarantine(self, sha256: Sha256, reason: Reason) -> Plan:
        """Where the file is that could not run any longer."""
        digest = sha256.lower()
        seen = {row.host for row in endpoint.find_file(self._door.db, digest, limit=_ALL)}
        return Plan(
            target=digest,
            blast_radius=f"a file seen on {len(seen)} hosts runs on none",
            undo=Undo("endpoint_release", {"kind": "file", "target": digest}),
        )

    def is_quarantined(self, sha256: Sha256, reason: Reason) -> bool:
        """Whether it may not run now."""
        return self._contained("quarantine_file", sha256.lower())

    def plan_release(self, kind: Literal["host", "file"], target: Name, reason: Reason) -> Plan:
        """What it would open."""
        measure, name = self._held(kind, target)
        state = "contained" if self._contained(measure, name) else "not contained"
        return Plan(target=name, blast_radius=f"1 {kind}, {state} now")

    def is_released(self, kind: Literal["host", "file"], target: Name, reason: Reason) -> bool:
        """Whether nothing holds it any longer."""
        return not self._contained(*self._held(kind, target))

    def declared(self) -> Sequence[Change]:
        """The changes, as the kit wants them."""
        return (
            Change(
                self.endpoint_isolate_host,
                self.plan_isolate,
                self.is_isolated,
                risk="high",
                expiry="hold",
                undo="endpoint_release",
            ),
            Change(
                self.endpoint_quarantine_file,
                self.plan_quarantine,
                self.is_quarantined,
                risk="medium",
                expiry="hold",
                undo="endpoint_release",
            ),
            Change(self.endpoint_release, self.plan_release, self.is_released, risk="medium"),
        )

    def _held(self, kind: Literal["host", "file"], target: str) -> tuple[ContainmentKind, str]:
        return ("isolate_host", self._machine(target).name) if kind == "host" else ("quarantine_file", target.lower())

    def _contained(self, kind: ContainmentKind, target: str) -> bool:
        return network.contained(self._door.db, kind=kind, target=target, at=self._door.now()) is not None

    def _agent(self, host: str, start: datetime, end: datetime) -> Agent:
        found = endpoint_agent(self._door.db, host=host, start=start, end=end)
        return Agent(
            state=found.state,
            last_seen=iso_or_none(found.last_seen),
            stopped_at=iso_or_none(found.stopped_at),
            stopped_by=found.stopped_by,
        )

    def _machine(self, host: str) -> Row:
        return host_of(self._door.db, host)

    def _page(
        self,
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
            stale=blind_spot(self._door.db, [SENSOR], conditions["host.name"], start, end),
        )


def build(door: LabDoor, settings: BaseModel | None = None, conditions: Conditions = EVERYTHING) -> SecurityServer:
    """The endpoint agents of this lab."""
    agents = Endpoint(door, conditions.protected)
    return lab_server(
        "endpoint",
        door,
        reads=[
            agents.endpoint_get_host,
            agents.endpoint_process_tree,
            agents.endpoint_list_connections,
            agents.endpoint_list_logons,
            agents.endpoint_list_files,
            agents.endpoint_find_file,
        ],
        changes=agents.declared(),
        settings=settings,
        conditions=conditions,
    )


_ALL = 10_000
