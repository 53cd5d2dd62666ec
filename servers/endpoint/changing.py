"""The tools that change: hosts are cut off, files kept from running, processes ended, evidence kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from servers.embedded import Name, Reason, Sha256
from servers.endpoint.backend import Collecting, Isolation, Killing, Quarantine
from servers.endpoint.models import Changed, Collected, HostChanged, Killed
from servers.folders import FilePath
from servers.kit import Change, Plan, Reply, Time, Undo

Pid = Annotated[int, Field(ge=1, le=4_194_304)]


@dataclass(frozen=True, slots=True)
class EstateChanges:
    """Hosts and files that the agents of an estate hold."""

    isolation: Isolation
    quarantine: Quarantine

    def endpoint_isolate_host(self, host: Name, reason: Reason) -> Reply[Changed]:
        """Cut a host off the network but for its management channel; it stays isolated until endpoint_release."""
        name = self.isolation.plan(host).target
        self.isolation.isolate(host)
        return Reply(Changed(target=name, change="isolated"), "1 host isolated")

    def endpoint_quarantine_file(self, sha256: Sha256, reason: Reason) -> Reply[Changed]:
        """Keep a file from running on every host; it stays quarantined until endpoint_release."""
        self.quarantine.quarantine(sha256.lower())
        return Reply(Changed(target=sha256.lower(), change="quarantined"), "1 file quarantined")

    def endpoint_release(self, kind: Literal["host", "file"], target: Name, reason: Reason) -> Reply[Changed]:
        """End the isolation of a host, or the quarantine of a file (sha256)."""
        name = self._named(kind, target)
        lifted = self.isolation.release(target) if kind == "host" else self.quarantine.restore(name)
        done: Literal["released", "restored"] = "released" if kind == "host" else "restored"
        return Reply(Changed(target=name, change=done if lifted else "was not contained"), f"{kind} {done}")

    def plan_isolate(self, host: Name, reason: Reason) -> Plan:
        """Whom it would cut off."""
        return _released_by(self.isolation.plan(host), "host")

    def is_isolated(self, host: Name, reason: Reason) -> bool:
        """Whether it is cut off now."""
        return self.isolation.isolated(host)

    def plan_quarantine(self, sha256: Sha256, reason: Reason) -> Plan:
        """Where the file is that could not run any longer."""
        return _released_by(self.quarantine.plan(sha256.lower()), "file")

    def is_quarantined(self, sha256: Sha256, reason: Reason) -> bool:
        """Whether it may not run now."""
        return self.quarantine.quarantined(sha256.lower())

    def plan_release(self, kind: Literal["host", "file"], target: Name, reason: Reason) -> Plan:
        """What it would open."""
        state = "contained" if self._held(kind, target) else "not contained"
        return Plan(target=self._named(kind, target), blast_radius=f"1 {kind}, {state} now")

    def is_released(self, kind: Literal["host", "file"], target: Name, reason: Reason) -> bool:
        """Whether nothing holds it any longer."""
        return not self._held(kind, target)

    def declared(self) -> Sequence[Change]:
        """The changes, as the kit wants them."""
        quarantine = Change(
            self.endpoint_quarantine_file,
            self.plan_quarantine,
            self.is_quarantined,
            risk="medium",
            expiry="hold",
            undo="endpoint_release",
        )
        isolate, release = _isolating(self)
        return isolate, quarantine, release

    def _named(self, kind: Literal["host", "file"], target: str) -> str:
        return self.isolation.plan(target).target if kind == "host" else target.lower()

    def _held(self, kind: Literal["host", "file"], target: str) -> bool:
        return self.isolation.isolated(target) if kind == "host" else self.quarantine.quarantined(target.lower())


@dataclass(frozen=True, slots=True)
class HostChanges:
    """Hosts that can be cut off, where files cannot be held."""

    isolation: Isolation

    def endpoint_isolate_host(self, host: Name, reason: Reason) -> Reply[HostChanged]:
        """Cut a host off the network but for its management addresses; it stays isolated until endpoint_release."""
        name = self.isolation.plan(host).target
        self.isolation.isolate(host)
        return Reply(HostChanged(target=name, change="isolated"), "1 host isolated")

    def endpoint_release(self, kind: Literal["host"], target: Name, reason: Reason) -> Reply[HostChanged]:
        """End the isolation of a host."""
        name = self.isolation.plan(target).target
        lifted = self.isolation.release(target)
        change = HostChanged(target=name, change="released" if lifted else "was not contained")
        return Reply(change, "host released" if lifted else "the host was not isolated")

    def plan_isolate(self, host: Name, reason: Reason) -> Plan:
        """Whom it would cut off."""
        return _released_by(self.isolation.plan(host), "host")

    def is_isolated(self, host: Name, reason: Reason) -> bool:
        """Whether it is cut off now."""
        return self.isolation.isolated(host)

    def plan_release(self, kind: Literal["host"], target: Name, reason: Reason) -> Plan:
        """What it would open."""
        state = "isolated" if self.isolation.isolated(target) else "not isolated"
        return Plan(self.isolation.plan(target).target, f"1 host, {state} now")

    def is_released(self, kind: Literal["host"], target: Name, reason: Reason) -> bool:
        """Whether nothing holds it any longer."""
        return not self.isolation.isolated(target)

    def declared(self) -> Sequence[Change]:
        """Both, as the kit wants them."""
        return _isolating(self)


@dataclass(frozen=True, slots=True)
class KillChanges:
    """Processes that can be ended."""

    killing: Killing

    def endpoint_kill_process(self, host: Name, pid: Pid, started: Time, reason: Reason) -> Reply[Killed]:
        """End one process by pid and start time (@timestamp of endpoint_process_tree). Irreversible."""
        return self.killing.kill(host, pid, started)

    def plan(self, host: Name, pid: Pid, started: Time, reason: Reason) -> Plan:
        """Which process would end, and what forbids it."""
        return self.killing.plan(host, pid, started)

    def is_gone(self, host: Name, pid: Pid, started: Time, reason: Reason) -> bool:
        """Whether it does not run any longer."""
        return self.killing.gone(host, pid, started)

    def declared(self) -> Sequence[Change]:
        """The change, as the kit wants it: there is no way back."""
        return (Change(self.endpoint_kill_process, self.plan, self.is_gone, risk="high"),)


@dataclass(frozen=True, slots=True)
class CollectChanges:
    """Files that can be kept as evidence."""

    collecting: Collecting

    def endpoint_collect_file(self, path: FilePath, reason: Reason) -> Reply[Collected]:
        """Copy a file of this machine into the evidence folder, with its sha256 and a manifest; it is never run."""
        return self.collecting.collect(path, reason)

    def plan(self, path: FilePath, reason: Reason) -> Plan:
        """What would be copied."""
        return self.collecting.plan(path)

    def is_collected(self, path: FilePath, reason: Reason) -> bool:
        """Whether an unchanged copy is held."""
        return self.collecting.collected(path)

    def declared(self) -> Sequence[Change]:
        """The change, as the kit wants it: the copy stays until a person takes it away."""
        return (Change(self.endpoint_collect_file, self.plan, self.is_collected, risk="low", expiry="hold"),)


def _isolating(tools: EstateChanges | HostChanges) -> tuple[Change, Change]:
    """Isolation, and the release that ends it."""
    isolate = Change(
        tools.endpoint_isolate_host,
        tools.plan_isolate,
        tools.is_isolated,
        risk="high",
        expiry="hold",
        undo="endpoint_release",
    )
    return isolate, Change(tools.endpoint_release, tools.plan_release, tools.is_released, risk="medium")


def _released_by(plan: Plan, kind: Literal["host", "file"]) -> Plan:
    return replace(plan, undo=Undo("endpoint_release", {"kind": kind, "target": plan.target}))
