"""What containment does to what would have happened: the record the sensors write instead, and whom it hurts."""

from collections.abc import Iterable
from dataclasses import dataclass

from servers.lab import telemetry as t
from servers.lab.enterprise import Enterprise
from servers.lab.messages import opens
from servers.lab.records import HOLDS, ContainmentKind, Event, Host

NETWORK_CATEGORIES = frozenset({"network", "web", "cloud", "email", "intrusion_detection"})
MANAGEMENT_PORTS = frozenset({8443})
"""What still passes from and to an isolated host: the monitoring host's channel."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One containment measure as the simulation needs it. Times in milliseconds."""

    id: int
    kind: ContainmentKind
    target: str
    since: int
    until: int | None
    active: bool
    wrong: bool

    def works_at(self, at: int) -> bool:
        """Whether it is in force: blocks and sinkholes lapse at their end, other kinds hold while active."""
        if at < self.since:
            return False
        holds = self.active and self.kind in HOLDS
        return holds or self.until is None or at < self.until


@dataclass(frozen=True, slots=True)
class Need:
    """Something a step of a story cannot do without."""

    kind: ContainmentKind
    target: str


class Controls:
    """The measures of a lab, asked by time."""

    def __init__(self, enterprise: Enterprise, measures: Iterable[Measure]) -> None:
        self.enterprise = enterprise
        self.measures = tuple(measures)
        addresses = {host.name: host.ip for host in enterprise.hosts}
        self._isolated = {m.id: addresses.get(m.target, "") for m in self.measures if m.kind == "isolate_host"}

    def against(self, event: Event) -> Measure | None:
        """The measure that stops an event, if one does."""
        return next((m for m in self.measures if m.works_at(event.at) and self._stops(m, event)), None)

    def without(self, needs: Iterable[Need], at: int) -> Measure | None:
        """The measure that takes away something needed at that time, if one does."""
        wanted = {(need.kind, need.target) for need in needs}
        return next((m for m in self.measures if (m.kind, m.target) in wanted and m.works_at(at)), None)

    def _stops(self, measure: Measure, event: Event) -> bool:
        fields, target = event.fields, measure.target
        match measure.kind:
            case "block_address":
                return target in (fields.get("source.ip"), fields.get("destination.ip"))
            case "disable_account":
                return target == fields.get("user.name")
            case "isolate_host":
                return self._cut_off(event, target, self._isolated[measure.id])
            case "quarantine_file":
                return target in (fields.get("process.hash.sha256"), fields.get("file.hash.sha256"))
            case "sinkhole_domain":
                return _below(event, target)
            case "quarantine_message":
                return opens(self.enterprise, event, target)

    def _cut_off(self, event: Event, name: str, ip: str) -> bool:
        fields = event.fields
        if fields.get("destination.port") in MANAGEMENT_PORTS or event.action in ("logging_disabled", "updated"):
            return False
        if event.category in NETWORK_CATEGORIES and fields.get("host.name") == name:
            return True
        local = fields.get("host.name") == name and event.source == "edr"
        return not local and ip in (fields.get("source.ip"), fields.get("destination.ip"))

    def instead(self, event: Event, measure: Measure) -> Event | None:
        """What is recorded in place of a stopped event; None when nobody notices."""
        match measure.kind:
            case "block_address":
                return self._denied(event)
            case "disable_account":
                return _refused(event)
            case "quarantine_file":
                return _quarantined(event)
            case "sinkhole_domain":
                return self._unanswered(event)
            case "isolate_host" | "quarantine_message":
                return None

    def _denied(self, event: Event) -> Event | None:
        source, destination = event.text("source.ip"), event.text("destination.ip")
        host = self._host_of(event)
        if host is None or source is None:
            return None
        port = event.fields.get("destination.port", 443)
        return t.flow(
            event.at, host, source, destination or host.ip, port if isinstance(port, int) else 443, 0, denied=True
        )

    def _unanswered(self, event: Event) -> Event | None:
        """The resolver logs that it was asked; whoever got no address goes no further."""
        host, name = self._host_of(event), _name_of(event)
        if host is None or name is None:
            return None
        domain = event.text("dns.question.registered_domain") or ".".join(name.split(".")[-2:])
        kind = event.text("dns.question.type") or "A"
        return t.lookup(event.at, host, name, domain, None, kind)

    def _host_of(self, event: Event) -> Host | None:
        name = event.text("host.name")
        return next((host for host in self.enterprise.hosts if host.name == name), None)

    def hurt(self, event: Event) -> str | None:
        """The person whose work a stopped event was; None when it was nobody's."""
        name = event.text("user.name")
        account = self.enterprise.account.get(name or "")
        if account is not None and account.person is not None:
            return account.person
        host = self._host_of(event)
        return None if host is None else host.owner


def _name_of(event: Event) -> str | None:
    """The name that was asked for, or that a request went to."""
    return event.text("dns.question.name") or event.text("destination.domain")


def _below(event: Event, domain: str) -> bool:
    """Whether an event needs an address of that domain or of a name below it."""
    name = _name_of(event)
    return name is not None and (name == domain or name.endswith(f".{domain}"))


def _refused(event: Event) -> Event | None:
    """A disabled account's sign-in becomes a failure that names it; whatever else it did does not happen."""
    if event.category != "authentication":
        return None
    dropped = ("user.name", "user.id", "session.id", "authentication.mfa", "logon.id")
    fields = {key: value for key, value in event.fields.items() if key not in dropped}
    name = str(event.fields["user.name"])
    fields |= {"user.attempted_name": name, "user.target.name": name}
    return Event(event.at, event.source, event.category, event.action, "failure", fields)


def _quarantined(event: Event) -> Event:
    """A quarantined file neither runs nor opens; the antivirus says so."""
    kept = ("host.id", "host.name", "host.ip", "user.name", "user.id", "file.path", "file.name")
    fields = {key: value for key, value in event.fields.items() if key in kept}
    if event.category == "process":
        fields["file.path"] = event.fields.get("process.executable")
    content = event.fields.get("process.hash.sha256" if event.category == "process" else "file.hash.sha256")
    fields |= {"file.hash.sha256": content, "antivirus.action": "blocked"}
    return Event(event.at, "antivirus", "malware", "blocked", "failure", fields)
