"""Who logged on: the records of utmp and wtmp.

Source: utmp(5); 384 bytes a record on x86-64 and arm64.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from struct import Struct
from typing import Final

from servers.endpoint.local.processes import plain
from servers.errors import ToolError

UTMP: Final = Path("/var/run/utmp")
WTMP: Final = Path("/var/log/wtmp")
_RECORD: Final = Struct("<h2xi32s4s32s256shhiii4I20x")
MOST: Final = 5_000
"""Records that are read, the newest."""
TYPES: Final = {1: "runlevel", 2: "boot", 5: "init", 6: "login", 7: "user", 8: "dead"}


@dataclass(frozen=True, slots=True)
class Logon:
    """One record; names and hosts are what a client gave."""

    type: int
    kind: str
    user: str
    tty: str
    pid: int
    host: str
    address: str
    time: datetime


def logons(path: Path) -> list[Logon]:
    """The newest records, oldest first; nothing where the system keeps none. Raises: ToolError when they are hidden."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size // _RECORD.size * _RECORD.size
            file.seek(max(0, size - MOST * _RECORD.size))
            data = file.read(min(size, MOST * _RECORD.size))
    except FileNotFoundError:
        return []
    except OSError:
        raise ToolError("forbidden", f"{path.name} cannot be read", "check who may read it") from None
    return list(_records(data))


def cut(path: Path) -> bool:
    """Whether it holds more records than are read."""
    return path.stat().st_size > MOST * _RECORD.size


def _records(data: bytes) -> Iterator[Logon]:
    for kind, pid, line, _, user, host, _, _, _, seconds, _, *address in _RECORD.iter_unpack(
        data[: len(data) // _RECORD.size * _RECORD.size]
    ):
        if kind in TYPES:
            yield Logon(
                type=kind,
                kind=TYPES[kind],
                user=_text(user),
                tty=_text(line),
                pid=pid,
                host=_text(host),
                address=_address(address),
                time=datetime.fromtimestamp(max(0, seconds), UTC),
            )


def _text(field: bytes) -> str:
    return plain(field.partition(b"\0")[0].decode("utf-8", "surrogateescape"))


def _address(words: list[int]) -> str:
    """Four words in the order of the network; IPv4 fills the first."""
    raw = b"".join(word.to_bytes(4, "little") for word in words)
    if not any(raw):
        return ""
    return str(ip_address(raw[:4] if not any(raw[4:]) else raw))
