"""Group `lineage`: who started it, and whether it is what its name says. Only ever raises."""

from collections.abc import Iterator
from typing import Final

from agent.likelihood.attested import attested, is_machine, tokens
from agent.likelihood.texts import plain
from agent.likelihood.weights import Weight, weights
from agent.models import Alert, Contribution

PARENT: Final = "process.parent.executable"
IMAGE: Final = "process.executable"
REMOTE_MANAGEMENT: Final = frozenset({"wmiprvse.exe", "wsmprovhost.exe", "winrshost.exe", "sshd.exe"})
INTERACTIVE_LOGONS: Final = frozenset({"2", "10", "11"})
SERVICE_NAMES: Final = ("svc", "srv", "service", "sql", "iis", "backup")
ELSEWHERE_NAMES: Final = frozenset({
    "svchost.exe", "lsass.exe", "services.exe", "csrss.exe", "winlogon.exe", "wininit.exe", "smss.exe", "spoolsv.exe",
    "taskhostw.exe", "explorer.exe", "dllhost.exe", "rundll32.exe", "conhost.exe", "msmpeng.exe", "lsm.exe",
})  # fmt: skip
"""Names malware likes to bear."""


def weigh_lineage(alert: Alert) -> Contribution | None:
    """The strongest sign."""
    return max(_signs(alert), key=lambda item: item.weight, default=None)


def _signs(alert: Alert) -> Iterator[Contribution]:
    yield from _by_parent(alert)
    table = weights().lineage
    if tokens(alert, IMAGE) & ELSEWHERE_NAMES and attested(alert, IMAGE) is None and _is_full_path(alert):
        yield _contribution("system_name_elsewhere", table.system_name_elsewhere, IMAGE)
    if _is_renamed(alert):
        yield _contribution("renamed_tool", table.renamed_tool, "process.pe.original_file_name")
    name = attested(alert, "user.name") or ""
    if attested(alert, "logon.type") in INTERACTIVE_LOGONS and name.startswith(SERVICE_NAMES):
        yield _contribution("service_account_interactive", table.service_account_interactive, "logon.type")


def _by_parent(alert: Alert) -> Iterator[Contribution]:
    table, programs = weights().lineage, weights().programs
    images, parents = tokens(alert, IMAGE), tokens(alert, PARENT)
    if not images & (programs.shells | programs.tools):
        return
    if images & programs.shells:
        for name, weight, group in (
            ("office_parent", table.office_parent, programs.office),
            ("browser_parent", table.browser_parent, programs.browsers),
            ("web_server_parent", table.web_server_parent, programs.web_servers),
            ("database_parent", table.database_parent, programs.databases),
            ("service_control_parent", table.service_control_parent, frozenset({"services.exe"})),
        ):
            if parents & group:
                yield _contribution(name, weight, PARENT)
    if parents & programs.script_hosts:
        yield _contribution("script_host_parent", table.script_host_parent, PARENT)
    if parents & REMOTE_MANAGEMENT:
        yield _contribution("remote_management_parent", table.remote_management_parent, PARENT)
    if parents & programs.shells and not is_machine(alert):
        yield _contribution("shell_from_shell", table.shell_from_shell, PARENT)


def _is_full_path(alert: Alert) -> bool:
    path = alert.text(IMAGE) or ""
    return path[1:3] == ":\\" or path.startswith(("\\", "/"))


def _is_renamed(alert: Alert) -> bool:
    """Whether the file's own header names a tool the path does not."""
    programs = weights().programs
    original = set(plain(alert.text("process.pe.original_file_name") or "").split())
    known = original & (programs.tools | programs.shells)
    images = tokens(alert, IMAGE)
    return bool(known and images) and not any(name.removesuffix(".exe") in image for name in known for image in images)


def _contribution(name: str, weight: Weight, field: str) -> Contribution:
    return Contribution(group="lineage", weight=weight.weight, reason=f"{name}: {weight.because}", field=field)
