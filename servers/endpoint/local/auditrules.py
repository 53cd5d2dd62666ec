"""The rules of the kernel's audit in force: whether every program start is recorded, and which files are watched.

They are looked at where this account may (CAP_AUDIT_CONTROL) and the kernel hands its records to a daemon.

Source: auditctl(8), audit.rules(7): the lines of `auditctl -l`, the numbers of `auditctl -s`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shutil import which
from typing import Final

from servers.errors import ToolError
from servers.kit import programs

_PLACES: Final = "/usr/sbin:/sbin:/usr/local/sbin"
_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 1_000_000
_HARMLESS: Final = re.compile(r"(key=.*|arch=b64|success=1)")
"""Fields that leave a rule about every start of a program that succeeds."""
_STARTS: Final = frozenset({"execve", "all"})
_RECORDS: Final = frozenset({"SYSCALL", "EXECVE"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the list."""

    action: str
    """always or never; watch for a line with -w."""
    place: str
    """The list it stands on, such as exit or exclude; of a watch the path."""
    calls: frozenset[str]
    fields: tuple[str, ...]


def in_force() -> Sequence[Rule] | None:
    """The rules; None where this account may not see them, or no daemon takes records from this kernel."""
    state = _said("-s")
    if state is None or re.search(r"^pid 0$", state, re.MULTILINE):
        return None
    if re.search(r"^enabled 0$", state, re.MULTILINE):
        return ()
    listed = _said("-l")
    return None if listed is None else [rule(line) for line in listed.splitlines() if line.startswith("-")]


def rule(line: str) -> Rule:
    """A line as auditctl lists it."""
    words = line.split()
    pairs = list(zip(words[::2], words[1::2], strict=False))
    given = dict(pairs)
    if "-w" in given:
        return Rule("watch", given["-w"], frozenset(), ())
    action, _, place = given.get("-a", given.get("-A", "")).partition(",")
    calls = frozenset(name for option, value in pairs if option == "-S" for name in value.split(","))
    fields = tuple(value for option, value in pairs if option == "-F")
    return Rule(action, place, calls, fields)


def every_start(rules: Sequence[Rule]) -> bool:
    """Whether each start of a 64-bit program leaves a record: one rule is about all, none takes any away."""
    wide = any(each.action == "always" and _about_starts(each) and all(map(_harmless, each.fields)) for each in rules)
    return wide and not any(map(_hides, rules))


def watched(rules: Sequence[Rule]) -> Sequence[str]:
    """Paths whose files are watched."""
    found = [each.place for each in rules if each.action == "watch"]
    named = (field.partition("=") for each in rules if each.action == "always" for field in each.fields)
    return sorted({*found, *(value for name, _, value in named if name in ("path", "dir"))})


def _about_starts(each: Rule) -> bool:
    return each.place == "exit" and bool(each.calls & _STARTS)


def _harmless(field: str) -> bool:
    return _HARMLESS.fullmatch(field) is not None


def _hides(each: Rule) -> bool:
    if each.place == "exclude":
        kinds = {field.removeprefix("msgtype=") for field in each.fields if field.startswith("msgtype=")}
        return not kinds or bool(kinds & _RECORDS)
    return each.action == "never" and (each.place == "task" or _about_starts(each))


def _said(option: str) -> str | None:
    program = which("auditctl") or which("auditctl", path=_PLACES)
    if program is None:
        return None
    try:
        ran = programs.run([program, option], timeout_s=_TIMEOUT_S, most_bytes=_MOST_BYTES)
    except ToolError:
        return None
    return ran.stdout.decode("utf-8", "backslashreplace") if ran.code == 0 else None
