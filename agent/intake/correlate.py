"""Whether two alerts belong to one incident, by what ties them together and never by a user name alone.

Pure functions over two alerts; who looks up the other alert is the case store's affair. A reason is a sentence for
the case.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from agent.intake.observables import KINDS
from agent.models import Alert

SHARED_LOGONS: Final = frozenset({"0x3e7", "0x3e4", "0x3e5", "0x0", "0"})
"""Logon sessions of SYSTEM, NETWORK SERVICE and LOCAL SERVICE (and none): every service of a host shares them."""

SOURCE_WINDOW: Final = timedelta(minutes=30)
LOGON_WINDOW: Final = timedelta(hours=24)
"""Logon ids are drawn anew after a restart."""
FLOW_WINDOW: Final = timedelta(hours=24)

COMMON_PARENTS: Final = frozenset({
    "explorer.exe", "services.exe", "svchost.exe", "wininit.exe", "winlogon.exe", "userinit.exe",
    "taskhostw.exe", "taskeng.exe", "smss.exe", "csrss.exe", "lsass.exe", "wmiprvse.exe", "sshd", "systemd",
    "init", "cron", "launchd",
})  # fmt: skip
"""Processes with many unrelated children: siblings under them say nothing."""


def same_incident(alert: Alert, other: Alert) -> str | None:
    """Why the two belong together, or None. The lab and a site never do."""
    if alert.world != other.world:
        return None
    return next((reason for test in TESTS if (reason := test(alert, other)) is not None), None)


def _by_process(alert: Alert, other: Alert) -> str | None:
    """One's process is the other's, or its parent, or they are siblings under a parent of their own."""
    if not _same_host(alert, other):
        return None
    mine, theirs = _ids(alert, "process.entity_id"), _ids(other, "process.entity_id")
    my_parents, their_parents = _ids(alert, "process.parent.entity_id"), _ids(other, "process.parent.entity_id")
    if shared := mine & theirs:
        return f"same process {min(shared)}"
    if shared := (mine & their_parents) | (my_parents & theirs):
        return f"parent and child around process {min(shared)}"
    if (shared := my_parents & their_parents) and not _is_common(alert):
        return f"children of the same process {min(shared)}"
    return None


def _by_logon(alert: Alert, other: Alert) -> str | None:
    if not _same_host(alert, other) or abs(alert.time - other.time) > LOGON_WINDOW:
        return None
    shared = (_ids(alert, "logon.id") & _ids(other, "logon.id")) - SHARED_LOGONS
    return f"same logon session {min(shared)} on one host" if shared else None


def _by_flow(alert: Alert, other: Alert) -> str | None:
    if abs(alert.time - other.time) > FLOW_WINDOW:
        return None
    for name in ("network.community_id", "suricata.flow_id"):
        if shared := _ids(alert, name) & _ids(other, name):
            return f"same flow {min(shared)}"
    return None


def _by_source(alert: Alert, other: Alert) -> str | None:
    if abs(alert.time - other.time) > SOURCE_WINDOW:
        return None
    shared = _addresses(alert) & _addresses(other)
    return f"same source address {min(shared)} within 30 minutes" if shared else None


TESTS: Final[tuple[Callable[[Alert, Alert], str | None], ...]] = (_by_process, _by_logon, _by_flow, _by_source)
"""Strongest tie first."""


def _same_host(alert: Alert, other: Alert) -> bool:
    return bool(_ids(alert, "host.id") & _ids(other, "host.id") or _ids(alert, "host.name") & _ids(other, "host.name"))


def _ids(alert: Alert, name: str) -> frozenset[str]:
    """Lower-case values of a field that really identify something."""
    field = alert.field(name)
    if field is None:
        return frozenset()
    values = field.value if isinstance(field.value, tuple) else (field.value,)
    return frozenset(text for value in values if (text := str(value).strip().lower()).strip("{}0-"))


def _addresses(alert: Alert) -> frozenset[str]:
    canonical = KINDS["source.ip"].canonical
    found = {canonical(text) for text in _ids(alert, "source.ip")}
    return frozenset(address for address in found if address is not None)


def _is_common(alert: Alert) -> bool:
    path = (alert.text("process.parent.executable") or "").replace("\\", "/")
    return path.rpartition("/")[2].lower() in COMMON_PARENTS
