"""What talks to whom on this machine now, with the process behind it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from socket import AF_INET, SOCK_STREAM
from typing import Final

from servers.embedded import asked, check_window
from servers.endpoint.local.machine import SENSOR, Here
from servers.endpoint.local.processes import Proc, snapshot
from servers.endpoint.models import Connections
from servers.errors import ToolError
from servers.kit import Problem, Reply, paged
from servers.kit.answer import JsonObject
from servers.kit.ecs import Event
from servers.kit.envelope import iso

MOST: Final = 20_000
_NOW: Final = timedelta(minutes=2)
"""How far from now a window may end and still be about what is open now."""
_ONLY_OPEN: Final = Problem(
    "not_covered", "only connections that are open now are known", "absence proves nothing here; ask the firewall"
)


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket. Without a process where the system did not tell whose it is."""

    family: str
    protocol: str
    local_address: str
    local_port: int | None
    remote_address: str
    remote_port: int | None
    state: str
    pid: int | None
    fd: int


def sockets() -> list[Socket]:
    """All internet sockets of the server's network. Raises: ToolError when they may not be seen."""
    import psutil

    try:
        found = psutil.net_connections(kind="inet")
    except psutil.Error:
        raise ToolError("forbidden", "the system does not tell its connections", "see the least privilege") from None
    return [
        Socket(
            family="ipv4" if each.family == AF_INET else "ipv6",
            protocol="tcp" if each.type == SOCK_STREAM else "udp",
            local_address=each.laddr[0] if each.laddr else "",
            local_port=each.laddr[1] if each.laddr else None,
            remote_address=each.raddr[0] if each.raddr else "",
            remote_port=each.raddr[1] if each.raddr else None,
            state=str(each.status),
            pid=each.pid,
            fd=each.fd,
        )
        for each in found[:MOST]
    ]


@dataclass(frozen=True, slots=True)
class LocalConnections:
    """Connections of this machine."""

    here: Callable[[], Here]
    now: Callable[[], datetime]

    def search(
        self, host: str, start: datetime, end: datetime, process_id: str | None, limit: int, cursor: str | None
    ) -> Reply[Connections]:
        """Those open now, where the window reaches to now."""
        here, now = self.here(), self.now()
        here.check(host)
        check_window(start, end)
        found: list[Event] = []
        if start <= now <= end + _NOW:
            running = {process.pid: process for process in snapshot()}
            found = [Event(event) for event in _events(here.name, now, running, process_id)]
        page = paged(found, limit, cursor)
        return page.reply(
            Connections(connections=list(page.rows)),
            f"{len(page.rows)} of {page.total} connections open now",
            sensor=SENSOR,
            query=asked({"host.name": here.name}, start, end),
            observed_at=now,
            stale=_ONLY_OPEN,
        )


def _events(host: str, now: datetime, running: Mapping[int, Proc], process_id: str | None) -> Iterator[JsonObject]:
    for number, each in enumerate(sockets()):
        process = None if each.pid is None else running.get(each.pid)
        if each.remote_address and (process_id is None or (process is not None and process.entity == process_id)):
            yield _event(f"socket-{number}", host, now, each, process)


def _event(name: str, host: str, now: datetime, each: Socket, process: Proc | None) -> JsonObject:
    event: JsonObject = {
        "@timestamp": iso(now),
        "event.id": name,
        "event.source": SENSOR,
        "event.category": "network",
        "event.action": each.state.lower(),
        "host.name": host,
        "source.ip": each.local_address,
        "source.port": each.local_port,
        "destination.ip": each.remote_address,
        "destination.port": each.remote_port,
        "network.transport": each.protocol,
    }
    if process is not None:
        told: JsonObject = {
            "process.entity_id": process.entity,
            "process.pid": process.pid,
            "process.executable": process.image,
            "user.name": process.user,
        }
        event |= {key: value for key, value in told.items() if value}
    return event
