"""Copies of files as evidence: content under its hash, a manifest beside it, nothing ever run, nothing taken away.

A copy is written under another name, made read-only and then renamed, so that a crash leaves no half evidence.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from servers.endpoint.local.looking import CHUNK, hashed
from servers.endpoint.local.machine import Here
from servers.endpoint.local.processes import plain
from servers.endpoint.models import Collected
from servers.errors import ToolError
from servers.folders import Folders
from servers.kit import Plan, Reply

_MOST_MANIFEST: Final = 100_000


class Manifest(BaseModel):
    """What is written beside a copy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evidence_id: str
    host: str
    path: str
    sha256: str
    size: int
    collected_at: AwareDatetime
    reason: str
    mode: int
    uid: int
    gid: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class LocalEvidence:
    """The evidence folder of this machine."""

    folder: Path
    folders: Folders
    most_bytes: int
    here: Callable[[], Here]
    now: Callable[[], datetime]

    def plan(self, path: str) -> Plan:
        """One file is copied. Raises: ToolError, NotFoundError."""
        with self._opened(path) as handle:
            found, digest, _ = hashed(handle, self.most_bytes)
        if os.path.lexists(self.folder):
            self._check_apart()
        return Plan(
            digest, f"1 file of {found.st_size} bytes is copied into the evidence folder; it stays in its place"
        )

    def collect(self, path: str, reason: str) -> Reply[Collected]:
        """Copy, hash what was copied, and say so in a manifest."""
        with _told():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_apart()
        with self._opened(path) as handle, _told():
            found, digest, _ = hashed(handle, self.most_bytes)
            kept = self.folder / _id(path, digest)
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._whole(kept, digest):
                _copied(handle, kept / "content", digest)
            manifest = Manifest(
                evidence_id=kept.name,
                host=self.here().name,
                path=plain(path),
                sha256=digest,
                size=found.st_size,
                collected_at=self.now(),
                reason=reason,
                mode=found.st_mode,
                uid=found.st_uid,
                gid=found.st_gid,
                modified_ns=found.st_mtime_ns,
            )
            if _manifest(kept) is None:
                _written(kept / "manifest.json", manifest.model_dump_json(indent=1).encode())
        data = Collected(evidence_id=kept.name, sha256=digest, size=found.st_size, kept_in=str(kept))
        return Reply(data, "1 file collected")

    def collected(self, path: str) -> bool:
        """Whether the copy of what the file holds now is there, unchanged, with its manifest."""
        with self._opened(path) as handle:
            _, digest, _ = hashed(handle, self.most_bytes)
        kept = self.folder / _id(path, digest)
        found = _manifest(kept)
        return found is not None and found.sha256 == digest and self._whole(kept, digest)

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        with self.folders.place(path) as place, place.opened() as handle:
            yield handle

    def _whole(self, kept: Path, digest: str) -> bool:
        """Whether the copy holds that content."""
        try:
            handle = os.open(kept / "content", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return hashed(handle, self.most_bytes)[1] == digest
        finally:
            os.close(handle)

    def _check_apart(self) -> None:
        """Raises: ToolError where others can change what is kept."""
        with _told():
            state = self.folder.lstat()
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & 0o022:
            raise ToolError("evidence_open", "others can write into the evidence folder", "chmod 700, own account")


def _id(path: str, digest: str) -> str:
    """The same content of the same path is kept once."""
    place = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return f"{digest}-{place}"


def _copied(source: int, target: Path, digest: str) -> None:
    """Raises: ToolError when what was copied is not what was hashed."""
    part = target.with_suffix(".part")
    with suppress(FileNotFoundError):
        part.unlink()
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
    seen, offset = hashlib.sha256(), 0
    with os.fdopen(handle, "wb") as file:
        while chunk := os.pread(source, CHUNK, offset):
            seen.update(chunk)
            file.write(chunk)
            offset += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    if seen.hexdigest() != digest:
        part.unlink()
        raise ToolError("changing", "the file changed while it was copied", "try again")
    part.replace(target)


def _written(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with suppress(FileNotFoundError):
        part.unlink()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400), "wb") as file:
        file.write(content)
    part.replace(path)


def _manifest(kept: Path) -> Manifest | None:
    try:
        with (kept / "manifest.json").open("rb") as file:
            return Manifest.model_validate_json(file.read(_MOST_MANIFEST))
    except (OSError, ValidationError):
        return None


@contextmanager
def _told() -> Iterator[None]:
    """Raises: ToolError when the evidence folder cannot be written."""
    try:
        yield
    except OSError:
        raise ToolError("evidence_closed", "the evidence folder cannot be written", "check space and rights") from None
