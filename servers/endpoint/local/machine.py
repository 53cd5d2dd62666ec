"""This machine: its names, its addresses, its system, and whether a caller means it.

Source: machine-id(5), os-release(5).
"""

import platform
import socket
from dataclasses import dataclass
from pathlib import Path

from servers.errors import ToolError
from servers.kit.machine import this_machine

SENSOR = "endpoint"
_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True)
class Here:
    """The machine as it calls itself."""

    name: str
    id: str
    addresses: tuple[str, ...]
    system: str

    def check(self, host: str) -> None:
        """Raises: ToolError for the name of another machine: this server knows only its own."""
        wanted = host.strip().lower()
        names = {self.name.lower(), self.name.partition(".")[0].lower(), "localhost", self.id}
        if wanted not in names and wanted not in self.addresses:
            raise ToolError("unknown_host", "this server sees the machine it runs on only", "see endpoint_health")


def here() -> Here:
    """Asked afresh: addresses come and go. Routes are not asked for, since nothing here tells of them."""
    machine = this_machine(routes=lambda _: b"")
    return Here(
        name=machine.name or socket.gethostname(),
        id=_text(_ID),
        addresses=tuple(sorted(machine.addresses)),
        system=_system(),
    )


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return f"{platform.system()} {platform.release()}"


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return "unknown"
