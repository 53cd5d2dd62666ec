"""auditd's text log: which programs were started and which watched files were touched.

Records of one event share a serial number and may lie between those of others. What an attacker can choose (paths,
arguments, names) the kernel writes in quotes when it is harmless and in hex otherwise, so that it cannot forge a field.

Source: auditd.conf(5), auditctl(8), the kernel's audit_log_untrustedstring.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from servers.endpoint.local.auditrules import Rule, every_start, watched
from servers.endpoint.local.processes import plain
from servers.kit import Problem
from servers.logfile import GrowingLog, Held

MOST_ROWS: Final = 60_000
_HEAD: Final = re.compile(rb"^(?:node=\S+ )?type=(\w+) msg=audit\((\d{1,12})\.(\d{3}):(\d{1,20})\): ?")
_PAIR: Final = re.compile(rb'([A-Za-z0-9_\[\]-]+)=("[^"]*"|[^ "]*)')
_HEX: Final = re.compile(rb"(?:[0-9A-F]{2})+")
_ENRICHED: Final = b"\x1d"
"""Before what auditd itself adds for people, when log_format is ENRICHED."""
_ARGUMENT: Final = re.compile(r"a(\d{1,6})(?:\[(\d{1,6})\])?")
_TEXTS: Final = frozenset({"comm", "exe", "name", "cwd", "key"})
_KEPT: Final = frozenset({"SYSCALL", "EXECVE", "CWD", "PATH"})
UNSET: Final = 4_294_967_295
"""What the kernel writes for an account nobody logged on with."""
_MOST_ARGUMENTS: Final = 200
_MOST_PATHS: Final = 10
_EVERY_START: Final = "absence proves nothing here; the rule is: -a always,exit -F arch=b64 -S execve,execveat -k run"


@dataclass(frozen=True, slots=True)
class Line:
    """One record."""

    time: datetime
    serial: int
    kind: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Started:
    """A program that a process began to run."""

    time: datetime
    pid: int
    parent: int
    uid: int | None
    auid: int | None
    """With which account the person logged on, whatever it became since."""
    name: str
    exe: str
    command_line: str
    cwd: str


@dataclass(frozen=True, slots=True)
class Touched:
    """What a process did to a watched file."""

    time: datetime
    operation: str
    """CREATED, DELETED or OPENED."""
    path: str
    pid: int
    parent: int
    uid: int | None
    auid: int | None
    exe: str
    key: str
    """What the rule that watches is called."""


class AuditLog:
    """One log, read as it grows."""

    def __init__(
        self,
        path: Path,
        quiet: timedelta,
        most_rows: int = MOST_ROWS,
        rules: Callable[[], Sequence[Rule] | None] = lambda: None,
    ) -> None:
        """`quiet`: after how long without a record the log is called silent; `rules`: those in force, None where they
        are not known, so that the records alone show what is recorded."""
        self._log = GrowingLog(path, parsed, most_rows=most_rows, setting="MCPSOC_ENDPOINT_AUDIT_LOG")
        self._quiet = quiet
        self._rules = rules

    def started(self) -> Sequence[Started]:
        """Every program start that is known, oldest first. Raises: ToolError when the log cannot be read."""
        return [found for records in self._events() if (found := _started(records)) is not None]

    def touched(self) -> Sequence[Touched]:
        """Every touch of a watched file that is known, oldest first. Raises: as `started`."""
        return [found for records in self._events() for found in _touched(records)]

    def blind_spot(self, start: datetime, end: datetime, now: datetime) -> Problem | None:
        """Why the log does not tell every program start of a window. Raises: as `started`."""
        held = self._log.read()
        return held.blind_spot(start, end, now, self._quiet) or self._unrecorded(_starts(held), start, end, now)

    def silent(self) -> Problem | None:
        """Why it may not tell the newest program starts. Raises: as `started`."""
        held, now = self._log.read(), datetime.now(UTC)
        starts = _starts(held)
        return self._late(held, now) or self._unrecorded(starts, starts.last or now, now, now)

    def unwatched(self) -> Problem:
        """Why it does not tell what happened to most files. Raises: as `started`."""
        if (problem := self._late(self._log.read(), datetime.now(UTC))) is not None:
            return problem
        rules = self._rules()
        if rules is None:
            return Problem("not_covered", "only files that a rule of auditd watches are recorded", "see auditctl -l")
        paths = watched(rules)
        told = f"watched: {', '.join(paths[:_MOST_PATHS])}{' ...' if len(paths) > _MOST_PATHS else ''}"
        hint = told if paths else "no file is watched; a rule is: -w PATH -p wa -k NAME"
        return Problem("not_covered", "only files that a rule of auditd watches are recorded", hint)

    def span(self) -> tuple[datetime | None, datetime | None]:
        """Times of the first and the last record known. Raises: as `started`."""
        held = self._log.read()
        return held.first, held.last

    def _late(self, held: Held[Line], now: datetime) -> Problem | None:
        return held.blind_spot(held.last or now, now, now, self._quiet)

    def _unrecorded(self, starts: Held[Line], start: datetime, end: datetime, now: datetime) -> Problem | None:
        """Why a log that is written does not tell all program starts: no rule has them recorded, or none did then."""
        rules = self._rules()
        if rules is not None and not every_start(rules):
            return Problem("not_covered", "no rule of auditd has every program start recorded", _EVERY_START)
        blind = starts.blind_spot(start, end, now, self._quiet)
        return None if blind is None else Problem(blind.code, f"of program starts, {blind.message}", _EVERY_START)

    def _events(self) -> Iterator[list[Line]]:
        """The records of each event, whose first ones may be lost."""
        events: dict[tuple[int, datetime], list[Line]] = {}
        for line in self._log.read().rows:
            events.setdefault((line.serial, line.time), []).append(line)
        yield from events.values()


def _starts(held: Held[Line]) -> Held[Line]:
    return Held(tuple(line for line in held.rows if line.kind == "EXECVE"), 0)


def parsed(line: bytes) -> Line | None:
    """One record of those kinds that tell of programs and files; of others only the time is kept.

    Raises: ValueError for a line that is no record."""
    if (head := _HEAD.match(line)) is None:
        raise ValueError("no audit record")
    kind, seconds, milliseconds, serial = head.groups()
    time = datetime.fromtimestamp(int(seconds), UTC) + timedelta(milliseconds=int(milliseconds))
    name = kind.decode("ascii")
    if name not in _KEPT:
        return Line(time, int(serial), name, {})
    body = line[head.end() :].partition(_ENRICHED)[0]
    fields: dict[str, str] = {}
    for key, value in _PAIR.findall(body):
        word = key.decode("ascii")
        fields.setdefault(word, _value(name, word, value))
    return Line(time, int(serial), name, fields)


def _value(kind: str, name: str, value: bytes) -> str:
    """A value as it was before the kernel wrote it."""
    if value.startswith(b'"'):
        return plain(value.strip(b'"').decode("utf-8", "surrogateescape"))
    text = name in _TEXTS or (kind == "EXECVE" and _ARGUMENT.fullmatch(name) is not None)
    if text and _HEX.fullmatch(value):
        return plain(bytes.fromhex(value.decode("ascii")).decode("utf-8", "surrogateescape"))
    return "" if value == b"(null)" else plain(value.decode("utf-8", "surrogateescape"))


def _started(records: Sequence[Line]) -> Started | None:
    call, arguments, cwd = _of(records, "SYSCALL"), _of(records, "EXECVE"), _of(records, "CWD")
    if call is None or arguments is None or call.fields.get("success") == "no":
        return None
    return Started(
        time=call.time,
        pid=_number(call, "pid") or 0,
        parent=_number(call, "ppid") or 0,
        uid=_number(call, "uid"),
        auid=_number(call, "auid"),
        name=call.fields.get("comm", ""),
        exe=call.fields.get("exe", ""),
        command_line=_command_line([line for line in records if line.kind == "EXECVE"]),
        cwd="" if cwd is None else cwd.fields.get("cwd", ""),
    )


def _command_line(lines: Sequence[Line]) -> str:
    """The arguments in order; long ones come in pieces, and many in several records."""
    pieces: dict[tuple[int, int], str] = {}
    for line in lines:
        for name, value in line.fields.items():
            if (match := _ARGUMENT.fullmatch(name)) is not None and len(pieces) < _MOST_ARGUMENTS:
                pieces[int(match.group(1)), int(match.group(2) or 0)] = value
    words: dict[int, str] = {}
    for (number, _), piece in sorted(pieces.items()):
        words[number] = words.get(number, "") + piece
    return plain(" ".join(words.values()))


def _touched(records: Sequence[Line]) -> Iterator[Touched]:
    call, cwd = _of(records, "SYSCALL"), _of(records, "CWD")
    if call is None or not call.fields.get("key") or call.fields.get("success") == "no" or _of(records, "EXECVE"):
        return
    for line in records:
        operation = _OPERATIONS.get(line.fields.get("nametype", "")) if line.kind == "PATH" else None
        if operation is not None and line.fields.get("name"):
            yield Touched(
                time=call.time,
                operation=operation,
                path=_whole(line.fields["name"], "" if cwd is None else cwd.fields.get("cwd", "")),
                pid=_number(call, "pid") or 0,
                parent=_number(call, "ppid") or 0,
                uid=_number(call, "uid"),
                auid=_number(call, "auid"),
                exe=call.fields.get("exe", ""),
                key=call.fields["key"],
            )


_OPERATIONS: Final = {"CREATE": "CREATED", "DELETE": "DELETED", "NORMAL": "OPENED"}


def _whole(name: str, cwd: str) -> str:
    return name if name.startswith("/") or not cwd else f"{cwd.rstrip('/')}/{name}"


def _of(records: Sequence[Line], kind: str) -> Line | None:
    return next((line for line in records if line.kind == kind), None)


def _number(line: Line, name: str) -> int | None:
    """An id; None where there is none, or where nobody logged on."""
    text = line.fields.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) != UNSET else None
