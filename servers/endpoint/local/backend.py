"""All that this machine offers, put together from the settings. Nothing is looked at before the first call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Final

from servers.embedded import asked, check_window, iso_or_none
from servers.endpoint.backend import EndpointBackend
from servers.endpoint.local.auditlog import AuditLog
from servers.endpoint.local.auditrules import in_force
from servers.endpoint.local.collecting import LocalEvidence
from servers.endpoint.local.connections import LocalConnections
from servers.endpoint.local.isolation import LocalIsolation
from servers.endpoint.local.killing import LocalKilling
from servers.endpoint.local.looking import LocalLook
from servers.endpoint.local.machine import SENSOR, Here, here
from servers.endpoint.local.processes import snapshot
from servers.endpoint.local.tables import LocalTables, local_tables
from servers.endpoint.local.tree import LocalProcesses
from servers.endpoint.models import Agent, Host, OneHost
from servers.endpoint.settings import NEEDS, EndpointSettings
from servers.errors import ConfigurationError
from servers.folders import Folders, folders_of
from servers.kit import Protected, Reply
from servers.kit.server import wall_clock
from servers.nft import Nft, Space

ROOTS: Final = "MCPSOC_ENDPOINT_ROOTS"
_ADMIN: Final = ("/usr/sbin", "/sbin", "/usr/local/sbin")
"""Where nft lies; a person's PATH often lacks it."""


def local(settings: EndpointSettings, protected: Protected, home: Path) -> EndpointBackend:
    """This machine.

    Raises: ConfigurationError for isolation without a management address: nobody could release it any longer."""
    if settings.isolate and not settings.management:
        raise ConfigurationError("MCPSOC_ENDPOINT_ISOLATE needs MCPSOC_ENDPOINT_MANAGEMENT: who else could release it?")
    quiet = timedelta(minutes=settings.quiet_minutes)
    audit = None if settings.audit_log is None else AuditLog(settings.audit_log, quiet, rules=in_force)
    isolation = _isolation(settings, protected) if settings.isolate else None
    folders = Folders(folders_of(settings.roots), ROOTS)
    evidence = settings.evidence or home / "evidence" / "endpoint"
    opened = bool(settings.roots)
    kept = LocalEvidence(evidence, folders, settings.most_bytes, here, wall_clock)
    return EndpointBackend(
        product="this machine" if settings.netns is None else f"this machine, isolating {settings.netns}",
        probe=lambda: _probed(audit),
        now=wall_clock,
        hosts=LocalHosts(here, wall_clock, audit, isolation),
        processes=LocalProcesses(here, wall_clock, audit),
        connections=LocalConnections(here, wall_clock),
        tables=LocalTables(local_tables(audit)),
        look=LocalLook(folders, settings.most_bytes) if opened else None,
        isolation=isolation,
        killing=LocalKilling(here, settings.protected_processes) if settings.kill else None,
        collecting=kept if opened else None,
        needs=NEEDS["local"],
    )


@dataclass(frozen=True, slots=True)
class LocalHosts:
    """The one machine there is."""

    here: Callable[[], Here]
    now: Callable[[], datetime]
    audit: AuditLog | None
    isolation: LocalIsolation | None

    def get(self, host: str, start: datetime | None, end: datetime | None) -> Reply[OneHost]:
        """This machine; its agent is the audit log."""
        here, now = self.here(), self.now()
        here.check(host)
        start, end = start or (end or now) - timedelta(hours=1), end or now
        check_window(start, end)
        data = Host(
            id=here.id,
            name=here.name,
            ip=next((each for each in here.addresses if not each.startswith("127.")), "127.0.0.1"),
            os=here.system,
            kind="machine",
            zone="unknown",
            criticality="unknown",
            agent_installed=self.audit is not None,
            isolated=False if self.isolation is None else self.isolation.in_force(),
        )
        agent, blind = self._agent(start, end, now)
        text = f"1 host, {'isolated' if data.isolated else 'not isolated'}, agent {agent.state}{blind}"
        return Reply(OneHost(host=data, agent=agent), text, sensor=SENSOR, query=asked({"host": here.name}, start, end))

    def _agent(self, start: datetime, end: datetime, now: datetime) -> tuple[Agent, str]:
        """Whether the log tells every program start of the window, and why not."""
        if self.audit is None:
            return Agent(state="not_deployed"), ""
        first, last = self.audit.span()
        if last is None or first is None:
            return Agent(state="silent"), ""
        if (blind := self.audit.blind_spot(start, end, now)) is None:
            return Agent(state="covered", last_seen=iso_or_none(last)), ""
        overlaps = first <= end and start <= last
        return Agent(state="partial" if overlaps else "silent", last_seen=iso_or_none(last)), f": {blind.message}"


def _isolation(settings: EndpointSettings, protected: Protected) -> LocalIsolation:
    nft = Nft(Space(settings.netns, settings.timeout_s), _program(settings.nft))
    return LocalIsolation(nft, settings.management, here, protected)


def _probed(audit: AuditLog | None) -> str:
    """Raises: ToolError when the audit log that is configured cannot be read."""
    text = f"{here().system}, {len(snapshot())} processes"
    if audit is None:
        return f"{text}, no audit log"
    blind = audit.silent()
    told = "" if blind is None else f"; {blind.message}; {blind.hint}"
    return f"{text}, {len(audit.started())} program starts held{told}"


def _program(name: str) -> str:
    path = which(name) or next((str(Path(at) / name) for at in _ADMIN if (Path(at) / name).is_file()), None)
    return path or name
