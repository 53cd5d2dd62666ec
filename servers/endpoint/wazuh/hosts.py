"""The endpoint server over Wazuh's server API: its agents and when they last reported.

The published API (version 5) has no call for processes, ports, packages or active responses, so that there is no tool
for them, and no change at all.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from pydantic import BaseModel

from servers.embedded import Name, iso_or_none
from servers.endpoint.wazuh.answers import NAME, Agent, Status
from servers.endpoint.wazuh.client import Wazuh, connected
from servers.endpoint.wazuh.models import HostCounts, ManagedHost, ManagedHosts, OneManagedHost
from servers.endpoint.wazuh.settings import NEEDS, WazuhSettings
from servers.kit import Cursor, Limit, NotFoundError, Problem, Reply, SecurityServer, ToolError, build_server
from servers.kit.answer import offset_of, row_cursors
from servers.kit.conditions import EVERYTHING, Conditions


def _now() -> datetime:
    return datetime.now(UTC)


def build(
    settings: WazuhSettings, conditions: Conditions = EVERYTHING, now: Callable[[], datetime] = _now
) -> SecurityServer:
    """The hosts of one Wazuh manager. Raises: ConfigurationError when a setting it needs is missing."""
    hosts = WazuhHosts(connected(settings), timedelta(minutes=settings.quiet_minutes), now)
    return over(hosts, settings, conditions)


def over(hosts: "WazuhHosts", settings: BaseModel | None, conditions: Conditions) -> SecurityServer:
    """The server over a client that there is."""
    return build_server(
        "endpoint",
        reads=[hosts.endpoint_get_host, hosts.endpoint_list_hosts, hosts.endpoint_count_hosts],
        backend="real",
        synthetic=False,
        clock=hosts.now,
        probe=hosts.probe,
        product="Wazuh",
        instructions=f"Wazuh, its agents only. Least privilege: {NEEDS}",
        settings=settings,
        conditions=conditions,
    )


@dataclass(frozen=True, slots=True)
class WazuhHosts:
    """Tools over the agents of one manager."""

    manager: Wazuh
    quiet: timedelta
    now: Callable[[], datetime]

    def endpoint_get_host(self, host: Name) -> Reply[OneManagedHost]:
        """One host (by agent name, id or address): status of its agent now and last keep-alive; no history."""
        found = self._found(host)
        if not found:
            raise NotFoundError("Wazuh has no agent of this name, id or address", "endpoint_list_hosts gives them")
        if len(found) > 1:
            raise ToolError("ambiguous", "several agents report from this address", "ask by name or id")
        shown = self._shown(found[0])
        text = f"agent {shown.id}: {shown.status}, {'reporting' if shown.reporting else 'not reporting'}"
        return Reply(OneManagedHost(host=shown), text, sensor="wazuh", stale=self._silent(shown))

    def endpoint_list_hosts(
        self, status: Status | None = None, limit: Limit = 20, cursor: Cursor = None
    ) -> Reply[ManagedHosts]:
        """Hosts with an agent in order of agent id; of one status when given. endpoint_count_hosts counts them."""
        start = offset_of(cursor)
        page = self.manager.agents(status, limit, start)
        hosts = [self._shown(each) for each in page.affected_items]
        after = row_cursors(start, len(hosts))
        total = page.total_affected_items
        more = bool(hosts) and start + len(hosts) < total
        text = f"{len(hosts)} of {total} hosts"
        return Reply(ManagedHosts(hosts=hosts), text, sensor="wazuh", total=total, after=after, more=more)

    def endpoint_count_hosts(self) -> Reply[HostCounts]:
        """How many agents are active, disconnected, pending or never connected."""
        found = self.manager.counts()
        data = HostCounts.of(found)
        return Reply(data, f"{found.active} of {found.total} agents are active", sensor="wazuh")

    def probe(self) -> str:
        """Which API answers."""
        version = self.manager.api().api_version
        known = re.fullmatch(r"v?\d[\w.\-]{0,20}", version, re.ASCII) is not None
        return f"Wazuh server API {version if known else 'of unknown version'}"

    def _found(self, host: str) -> Sequence[Agent]:
        """By its id, else by its address, else by its name; what can be none of them is not asked for."""
        if re.fullmatch(r"\d{3,10}", host, re.ASCII) and (found := self.manager.by_id(host)):
            return found
        try:
            return self.manager.by_address(str(ip_address(host)))
        except ValueError:
            return self.manager.by_name(host) if NAME.fullmatch(host) else ()

    def _shown(self, agent: Agent) -> ManagedHost:
        system = " ".join(part for part in (agent.os.name, agent.os.version, agent.os.arch) if part)
        return ManagedHost(
            id=agent.id,
            name=agent.name,
            ip=agent.ip,
            status=agent.status,
            reporting=self._reports(agent),
            last_keep_alive=iso_or_none(agent.last_seen),
            registered=iso_or_none(agent.registered),
            groups=list(agent.group),
            agent_version=agent.version,
            os=system or None,
        )

    def _reports(self, agent: Agent) -> bool:
        """The manager's own record has no keep-alive; its status is all there is."""
        if agent.status != "active":
            return False
        if agent.last_seen is None:
            return int(agent.id) == 0
        return self.now() - agent.last_seen <= self.quiet

    def _silent(self, host: ManagedHost) -> Problem | None:
        if host.reporting:
            return None
        since = f"since {host.last_keep_alive}" if host.last_keep_alive else "and never did"
        return Problem("not_covered", f"its agent does not report {since}", "absence proves nothing here")
