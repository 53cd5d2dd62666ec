"""What a sensor attests about who and what ran. Nothing here reads text an attacker can write."""

import ipaddress
import re
from typing import Final

from agent.likelihood.weights import weights
from agent.models import Alert

SYSTEM_SIDS: Final = frozenset({"s-1-5-18", "s-1-5-19", "s-1-5-20"})
SYSTEM_LOGONS: Final = frozenset({"0x3e7", "0x3e4", "0x3e5"})
ROOT_IDS: Final = frozenset({"0", "root"})


def attested(alert: Alert, name: str) -> str | None:
    """A field's value in lower case when a sensor or the operator wrote it, else None."""
    field = alert.field(name)
    if field is None or not field.provenance.trusted or isinstance(field.value, tuple):
        return None
    return str(field.value).lower()


def base_name(path: str) -> str:
    """The last component of a path, lower case."""
    return path.replace("\\", "/").rpartition("/")[2].lower()


def tokens(alert: Alert, name: str) -> frozenset[str]:
    """Every word between separators of a path, whoever wrote it: adding words never takes one away."""
    field = alert.field(name)
    if field is None:
        return frozenset()
    values = field.value if isinstance(field.value, tuple) else (field.value,)
    return frozenset(word for value in values for word in re.split(r"[\\/\s\"']+", str(value).lower()) if word)


def is_machine(alert: Alert) -> bool:
    """Whether the event is SYSTEM's own: session 0 and SYSTEM by integrity, SID or logon session."""
    is_system = (
        attested(alert, "process.integrity") == "system"
        or attested(alert, "user.id") in SYSTEM_SIDS
        or attested(alert, "logon.id") in SYSTEM_LOGONS
    )
    return is_system and attested(alert, "session.id") == "0"


def is_trusted_program(path: str | None) -> bool:
    """Whether an attested image is a program that only does its own work: no interpreter, no administrator's tool.

    Browsers and office programs do what outsiders' documents say. Under Program Files any other name counts; among the
    system directories only the known hosts do."""
    if path is None:
        return False
    name, programs = base_name(path), weights().programs
    if name in programs.tools | programs.shells | programs.script_hosts | programs.office | programs.browsers:
        return False
    return name in programs.system_hosts or "program files" in path or "windows defender" in path


def acting_program_is_trusted(alert: Alert) -> bool:
    """Whether the program that acted is attested and trusted, and so is whatever started it, where that is told.

    A program that writes files others chose is not trusted for a file."""
    has_parent = alert.field("process.parent.executable") is not None
    is_steered = has_parent and not is_trusted_program(attested(alert, "process.parent.executable"))
    is_carrying = alert.field("file.path") is not None and bool(
        tokens(alert, "process.executable") & weights().programs.carriers
    )
    return not is_steered and not is_carrying and is_trusted_program(attested(alert, "process.executable"))


def is_inside(address: str | None) -> bool:
    """Whether an address is one of a private network."""
    try:
        return address is not None and ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def is_privileged(alert: Alert) -> bool:
    """Whether the acting account is attested to hold high rights."""
    sid = attested(alert, "user.id") or ""
    return (
        attested(alert, "process.integrity") in {"system", "high"}
        or sid in SYSTEM_SIDS
        or sid.endswith(("-500", "-512", "-519"))
        or attested(alert, "user.name") in ROOT_IDS
    )
