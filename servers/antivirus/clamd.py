"""A ClamAV daemon over its socket: bytes are streamed to it, so it needs no right to read the file.

Source: clamd(8) and clamd.conf(5) of ClamAV 1.4: commands in the `z` form, INSTREAM in chunks with
a length before each.
"""

import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from servers.antivirus.archives import encrypted, nested, packed
from servers.antivirus.backend import Finding, Status
from servers.errors import ToolError

_CHUNK: Final = 65_536
_MOST_ANSWER: Final = 65_536
_LIMIT_REPLY: Final = "INSTREAM size limit exceeded"
_NOT_EVERYTHING: Final = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")
"""Findings that say that the engine did not look at everything, not that something is there."""
_ASKED_AGAIN_S: Final = 60.0
"""How long it is believed what clamd says of archives it cannot look into."""
_VERSION = re.compile(r"(?P<engine>\S+) (?P<version>[^/]{1,40})(?:/(?P<number>\d+)/(?P<made>.{10,40}))?")


@dataclass(slots=True)
class _Kept:
    """What clamd keeps quiet about, and when it was tried last."""

    quiet: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Clamd:
    """One daemon. `address` is the path of its unix socket, or host and port."""

    address: Path | tuple[str, int]
    timeout_s: float
    database: Path | None = None
    """Folder of its signatures, where this server may read their age."""
    _kept: _Kept = field(default_factory=_Kept, compare=False)

    def scan(self, data: bytes) -> Finding:
        """What the daemon finds in these bytes. An archive is clean only where the daemon would say that it could not
        look into it.

        Raises: ToolError: `too_large` beyond its StreamMaxLength, `engine_error` when it cannot scan, `unreachable`."""
        found = self._found(data)
        if found.verdict == "clean" and packed(data) and (quiet := self._quiet()):
            return Finding("incomplete", why=quiet)
        return found

    def _found(self, data: bytes) -> Finding:
        answer = self._ask("INSTREAM", data)
        if answer.startswith(_LIMIT_REPLY):
            raise ToolError("too_large", "more bytes than clamd takes", "raise StreamMaxLength of clamd")
        verdict = answer.removeprefix("stream: ")
        if verdict == "OK":
            return Finding("clean")
        if verdict.endswith(" FOUND"):
            name = verdict.removesuffix(" FOUND")
            return Finding("incomplete" if name.startswith(_NOT_EVERYTHING) else "infected", name)
        raise ToolError("engine_error", "clamd could not scan this", "its log has the reason")

    def status(self) -> Status:
        """Version, signatures and queue. Raises: ToolError."""
        if self._ask("PING") != "PONG":
            raise ToolError("engine_error", "something that is not clamd answers at its address", self._where)
        told = _VERSION.match(self._ask("VERSION"))
        if told is None:
            raise ToolError("engine_error", "clamd does not tell its version")
        made = _day(told["made"]) if told["made"] else self._newest()
        queue = re.search(r"QUEUE: (\d+) items", self._ask("STATS"))
        waiting = int(queue[1]) if queue else None
        return Status(told["engine"], told["version"], made, queue=waiting, blind=self._quiet())

    def reload(self) -> None:
        """Have the signatures read anew. Raises: ToolError."""
        if self._ask("RELOAD") != "RELOADING":
            raise ToolError("engine_error", "clamd did not take the reload", "its log has the reason")

    def _quiet(self) -> str:
        """Archives that clamd calls clean unseen, by two harmless ones; empty when it says of both that it could not
        look. Raises: ToolError."""
        now = time.monotonic()
        if self._kept.at is None or now - self._kept.at > _ASKED_AGAIN_S:
            tried = {"AlertEncrypted": encrypted(), "AlertExceedsMax": nested()}
            silent = [f"{option} yes" for option, data in tried.items() if self._found(data).verdict == "clean"]
            told = "clamd does not say which archives it could not look into: set {} in clamd.conf"
            self._kept.quiet, self._kept.at = told.format(" and ".join(silent)) if silent else "", now
        return self._kept.quiet

    def _newest(self) -> datetime | None:
        """When the newest signature file was written; an own set carries no date of its own."""
        try:
            files = [] if self.database is None else [path for path in self.database.iterdir() if path.is_file()]
            times = [path.stat().st_mtime for path in files]
        except OSError:
            return None
        return datetime.fromtimestamp(max(times), UTC) if times else None

    def _ask(self, command: str, data: bytes | None = None) -> str:
        """One command and its answer, all within the time-out. Raises: ToolError."""
        deadline = time.monotonic() + self.timeout_s
        with _faults(self._where), self._connected() as daemon:
            try:
                _send(daemon, f"z{command}\0".encode(), deadline)
                if data is not None:
                    _stream(daemon, data, deadline)
            except (BrokenPipeError, ConnectionResetError):
                pass  # beyond its limit clamd answers and hangs up while it is still being sent to
            return _answer(daemon, deadline)

    @property
    def _where(self) -> str:
        """What to look at when it does not answer."""
        setting = "ADDRESS" if isinstance(self.address, tuple) else "SOCKET"
        return f"is clamd running, and is MCPSOC_ANTIVIRUS_{setting} where it listens?"

    def _connected(self) -> socket.socket:
        if isinstance(self.address, tuple):
            return socket.create_connection(self.address, timeout=self.timeout_s)
        daemon = socket.socket(socket.AF_UNIX)
        daemon.settimeout(self.timeout_s)
        try:
            daemon.connect(str(self.address))
        except OSError:
            daemon.close()
            raise
        return daemon


def _stream(daemon: socket.socket, data: bytes, deadline: float) -> None:
    view = memoryview(data)
    for start in range(0, len(view), _CHUNK):
        chunk = view[start : start + _CHUNK]
        _send(daemon, struct.pack("!I", len(chunk)) + chunk, deadline)
    _send(daemon, struct.pack("!I", 0), deadline)


def _send(daemon: socket.socket, data: bytes, deadline: float) -> None:
    daemon.settimeout(_left(deadline))
    daemon.sendall(data)


def _answer(daemon: socket.socket, deadline: float) -> str:
    parts: list[bytes] = []
    while sum(map(len, parts)) < _MOST_ANSWER:
        daemon.settimeout(_left(deadline))
        part = daemon.recv(4096)
        parts.append(part)
        if not part or part.endswith(b"\0"):
            break
    if not (answer := b"".join(parts)).endswith(b"\0"):
        raise ToolError("engine_error", "clamd hung up before its answer was whole", "its log has the reason")
    return answer.rstrip(b"\0").decode("ascii", "replace").strip()


def _left(deadline: float) -> float:
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return left


@contextmanager
def _faults(where: str) -> Iterator[None]:
    """Raises: ToolError for whatever keeps the daemon from answering."""
    try:
        yield
    except TimeoutError:
        raise ToolError("timeout", "clamd did not answer in time", "look at its queue and its load") from None
    except FileNotFoundError:
        raise ToolError("unreachable", "clamd's socket is not there", where) from None
    except PermissionError:
        raise ToolError("unreachable", "clamd's socket may not be opened by this account", where) from None
    except OSError:
        raise ToolError("unreachable", "clamd does not answer at its address", where) from None


def _day(text: str) -> datetime | None:
    """The date of VERSION, for instance `Sat Nov 21 08:26:51 2026`, in UTC."""
    try:
        return datetime.strptime(text.strip(), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
