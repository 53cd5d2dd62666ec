"""One line for every call of every tool, also for those that failed or were refused.

Lines are JSON in `calls/YYYY-MM-DD.jsonl` (UTC) under the home. A line is written by one system call on a file opened
to append for it alone, so that lines of several processes never mix, and the file may be moved away at any time. A log
that cannot be written fails no call; health says so. What a full disk cuts off stays a line of its own.
"""

import errno
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue

from knowledge.trust.masking import mask_object
from servers.kit.answer import JsonObject
from servers.kit.inert import clipped

LONGEST_ARGUMENT: Final = 200
"""Characters kept of one argument."""
MOST_ARGUMENTS: Final = 20


@dataclass(frozen=True, slots=True)
class Call:
    """What one call came to."""

    server: str
    tool: str
    arguments: Mapping[str, JsonValue]
    kind: Literal["read", "plan", "execute"]
    status: str
    """Of the answer; `cancelled` when nobody waited for it any longer."""
    code: str | None
    ms: float
    action_id: str | None = None


class CallLog:
    """Appends calls to the file of the day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problem: str | None = None
        """Why the last line could not be written; None when it was."""

    def add(self, call: Call) -> None:
        """Write one line, or remember why not."""
        now = datetime.now(UTC)
        line = json.dumps(_line(call, now), ensure_ascii=True, separators=(",", ":")) + "\n"
        try:
            self._append(f"{now:%Y-%m-%d}.jsonl", line.encode())
            self.problem = None
        except OSError as error:
            self.problem = f"the log of calls cannot be written: {error.strerror}"

    def _append(self, name: str, line: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
        file = os.open(self._folder / name, flags, 0o600)
        try:
            whole = b"\n" + line if _cut_off(file) else line
            if os.write(file, whole) < len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(file)


def _cut_off(file: int) -> bool:
    """Whether the last line has no end. Raises: OSError for what is no file."""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    return found.st_size > 0 and os.pread(file, 1, found.st_size - 1) != b"\n"


def _line(call: Call, now: datetime) -> JsonObject:
    return {
        "at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "server": call.server,
        "tool": clipped(call.tool, LONGEST_ARGUMENT),
        "kind": call.kind,
        "arguments": _shortened(call.arguments),
        "status": call.status,
        "code": call.code,
        "ms": round(call.ms, 1),
        "action_id": call.action_id,
    }


def _shortened(arguments: Mapping[str, JsonValue]) -> JsonObject:
    """Arguments without secrets, each one short. What is long is cut before it is looked through."""
    kept: JsonObject = {}
    for name, value in list(arguments.items())[:MOST_ARGUMENTS]:
        plain = isinstance(value, str | int | float | bool) or value is None
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        short = text[: 2 * LONGEST_ARGUMENT]
        kept[name[:64]] = value if plain and not isinstance(value, str) else short
    return {name: _cut(value) for name, value in mask_object(kept).items()}


def _cut(value: JsonValue) -> JsonValue:
    return clipped(value, LONGEST_ARGUMENT) if isinstance(value, str) else value
