"""Files of this machine as they are: looked at by handle below the opened folders, never run."""

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from servers.endpoint.local.machine import SENSOR
from servers.endpoint.local.processes import plain
from servers.endpoint.local.tree import user_name
from servers.endpoint.models import FileFacts
from servers.errors import ToolError
from servers.folders import Folders
from servers.kit import Reply
from servers.kit.envelope import iso

CHUNK: Final = 1 << 20
_KINDS: Final = (
    (b"\x7fELF", "ELF"),
    (b"MZ", "PE"),
    (b"#!", "script"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "pdf"),
    (b"\xd0\xcf\x11\xe0", "OLE"),
)


@dataclass(frozen=True, slots=True)
class LocalLook:
    """Files below the opened folders."""

    folders: Folders
    most_bytes: int

    def facts(self, path: str) -> Reply[FileFacts]:
        """One file, its content hashed as it was read."""
        with self.folders.place(path) as place, place.opened() as handle:
            found, digest, start = hashed(handle, self.most_bytes)
        data = FileFacts(
            path=plain(path),
            size=found.st_size,
            sha256=digest,
            modified=_iso(found.st_mtime),
            changed=_iso(found.st_ctime),
            mode=stat.filemode(found.st_mode),
            uid=found.st_uid,
            gid=found.st_gid,
            owner=user_name(found.st_uid),
            links=found.st_nlink,
            kind=next((kind for magic, kind in _KINDS if start.startswith(magic)), "data"),
        )
        return Reply(data, f"1 file of {data.size} bytes, {data.kind}", sensor=SENSOR, query=f"file {digest}")


def hashed(handle: int, most_bytes: int) -> tuple[os.stat_result, str, bytes]:
    """State, SHA-256 and first bytes of an open file.

    Raises: ToolError for one that is too large, or that changed while it was read."""
    before = os.fstat(handle)
    if before.st_size > most_bytes:
        raise ToolError("too_large", f"the file has more than {most_bytes} bytes", "nothing of it was looked at")
    digest, offset, start = hashlib.sha256(), 0, b""
    while chunk := os.pread(handle, CHUNK, offset):
        start = start or chunk[:16]
        digest.update(chunk)
        offset += len(chunk)
        if offset > most_bytes:
            break
    after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or offset != after.st_size:
        raise ToolError("changing", "the file changed while it was read", "try again")
    return after, digest.hexdigest(), start


def _iso(seconds: float) -> str:
    try:
        return iso(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return "outside any calendar"
