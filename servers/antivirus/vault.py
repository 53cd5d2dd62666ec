"""The quarantine: files moved out of reach, each with a manifest, and put back unchanged.

A file is copied and hashed from one open handle, then taken from its folder and compared with what was copied; if the
name meanwhile led to something else, that goes back and nothing is held. Nothing is ever written over.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.trust.canonical import sha256_of
from servers.errors import NotFoundError, ToolError
from servers.folders import Folders, Place, whole

_MOST_MANIFEST: Final = 16_000
_MANIFEST: Final = re.compile(r"q-[0-9a-f]{24}\.json")
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Manifest(BaseModel):
    """What is held, where it was and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarantine_id: str
    path: str
    sha256: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    since: datetime
    reason: str


QuarantineId = Annotated[str, Field(pattern="^q-[0-9a-f]{24}$")]
"""`quarantine_id` of a file that is held."""


def id_of(path: str, sha256: str) -> str:
    """The id that a content gets when it is taken from a path: known before it is taken."""
    return f"q-{sha256_of({'path': path, 'sha256': sha256.lower()})[:24]}"


class Vault:
    """A folder of quarantined files."""

    def __init__(self, home: Path, folders: Folders, most_bytes: int) -> None:
        self._home = home
        self._folders = folders
        self._most_bytes = most_bytes

    def listed(self) -> tuple[Manifest, ...]:
        """Everything held, latest first. Raises: ToolError for a quarantine that cannot be read."""
        try:
            names = [path.stem for path in self._home.iterdir() if _MANIFEST.fullmatch(path.name)]
        except FileNotFoundError:
            return ()
        except OSError:
            hint = "see MCPSOC_ANTIVIRUS_QUARANTINE, and who may read it"
            raise ToolError("unreachable", "the quarantine cannot be read", hint) from None
        return tuple(sorted((self.held(name) for name in names), key=lambda found: found.since, reverse=True))

    def held(self, quarantine_id: str) -> Manifest:
        """What is held under an id. Raises: NotFoundError; ToolError for a manifest that is none."""
        return _told(self._home / f"{quarantine_id}.json")

    def content(self, quarantine_id: str) -> bytes:
        """The held bytes. Raises: ToolError when they are not those of the manifest."""
        manifest = self.held(quarantine_id)
        store = self._home / f"{quarantine_id}.bin"
        try:
            store.chmod(0o400)
            with store.open("rb") as file:
                data = file.read(self._most_bytes + 1)
            store.chmod(0)
        except OSError:
            raise ToolError("unreachable", "the held file cannot be read", "the quarantine is damaged") from None
        if hashlib.sha256(data).hexdigest() != manifest.sha256:
            raise ToolError("hash_mismatch", "the held bytes are not those of the manifest", "it stays held")
        return data

    def check(self, path: str, sha256: str) -> os.stat_result:
        """The file as it is, when its content has that hash. Raises: ToolError otherwise."""
        with self._folders.place(path) as place, place.opened() as handle:
            self._read(handle, sha256)
            return os.fstat(handle)

    def take(self, path: str, sha256: str, reason: str, now: datetime) -> Manifest:
        """Move a file into the quarantine. Raises: ToolError when its content is not that, or changes on the way."""
        quarantine_id = id_of(path, sha256)
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._folders.place(path) as place, place.opened() as handle:
            data = self._read(handle, sha256)
            manifest = _manifest(quarantine_id, path, sha256.lower(), os.fstat(handle), reason, now)
            with self._stored(quarantine_id, data, manifest):
                _remove(place, handle, quarantine_id)
        return manifest

    def taken(self, path: str, sha256: str) -> bool:
        """Whether the content is held and gone from its folder, where a crash may have left it under another name.

        Raises: ToolError."""
        quarantine_id = id_of(path, sha256)
        try:
            self.content(quarantine_id)
            with self._folders.place(path) as place:
                if _is_left(place.folder, quarantine_id):
                    return False
                place.look()
        except NotFoundError:
            return self._holds(quarantine_id)
        return False

    def free(self, path: str) -> bool:
        """Whether nothing stands where a file would be put back. Raises: ToolError when that cannot be told."""
        with self._folders.place(path) as place:
            try:
                place.look()
            except NotFoundError:
                return True
            return False

    def restore(self, quarantine_id: str) -> Manifest:
        """Put a file back as it was. Raises: ToolError when something stands there, or the bytes are not the same."""
        manifest, data = self.held(quarantine_id), self.content(quarantine_id)
        past = self._home / "restored"
        try:
            past.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            raise ToolError("forbidden", "the quarantine cannot be written to", _WRITE) from None
        with self._folders.place(manifest.path) as place:
            _put(place, data, manifest)
        (self._home / f"{quarantine_id}.json").replace(past / f"{quarantine_id}.json")
        (self._home / f"{quarantine_id}.bin").unlink()
        return manifest

    def restored(self, quarantine_id: str) -> bool:
        """Whether a file that was held stands at its place with its content. Raises: ToolError."""
        try:
            manifest = _told(self._home / "restored" / f"{quarantine_id}.json")
            return _sha256(self._folders.read(manifest.path, self._most_bytes)) == manifest.sha256
        except NotFoundError:
            return False

    def _holds(self, quarantine_id: str) -> bool:
        return (self._home / f"{quarantine_id}.json").exists()

    def _read(self, handle: int, sha256: str) -> bytes:
        data = whole(handle, self._most_bytes)
        if _sha256(data) != sha256.lower():
            raise ToolError("hash_mismatch", "the file does not hold the content that was named", "scan it again")
        return data

    @contextmanager
    def _stored(self, quarantine_id: str, data: bytes, manifest: Manifest) -> Iterator[None]:
        """Keep content and manifest when the block succeeds; neither when it fails. What is held already stays."""
        store, told = self._home / f"{quarantine_id}.bin", self._home / f"{quarantine_id}.json"
        if told.exists():
            self.content(quarantine_id)
            yield
            return
        try:
            store.unlink(missing_ok=True)
            _write(store, data, 0)
            _write(told, manifest.model_dump_json().encode(), 0o600)
            yield
        except BaseException as error:
            told.unlink(missing_ok=True)
            store.unlink(missing_ok=True)
            if isinstance(error, OSError):
                message = "the quarantine or the file's folder cannot be written to"
                raise ToolError("forbidden", message, _WRITE) from None
            raise


_WRITE: Final = "see MCPSOC_ANTIVIRUS_QUARANTINE: space, owner and mode"


def _told(path: Path) -> Manifest:
    try:
        with path.open("rb") as file:
            return Manifest.model_validate_json(file.read(_MOST_MANIFEST))
    except FileNotFoundError:
        raise NotFoundError("nothing is held under this id", "see antivirus_list_quarantine") from None
    except (OSError, ValidationError):
        raise ToolError("broken_manifest", "a manifest of the quarantine cannot be read") from None


def _aside(quarantine_id: str) -> str:
    """How the name begins that a file has while it is taken."""
    return f".mcpsoc-{quarantine_id}-"


def _is_left(folder: int, quarantine_id: str) -> bool:
    """Whether a file stands in a folder under such a name."""
    return any(name.startswith(_aside(quarantine_id)) for name in os.listdir(folder))


def _remove(place: Place, handle: int, quarantine_id: str) -> None:
    """Take the name away, if it still leads to what was read. Raises: ToolError when it does not; it is put back."""
    before, aside = os.fstat(handle), f"{_aside(quarantine_id)}{secrets.token_hex(8)}"
    os.rename(place.name, aside, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    found = os.stat(aside, dir_fd=place.folder, follow_symlinks=False)
    if _same(before, found):
        os.unlink(aside, dir_fd=place.folder)
        return
    try:
        os.link(aside, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder, follow_symlinks=False)
        os.unlink(aside, dir_fd=place.folder)
    except FileExistsError:
        raise ToolError("changed", "the file was exchanged twice; the first stays beside it") from None
    raise ToolError("changed", "the file was exchanged while it was moved", "scan it again")


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("st_dev", "st_ino", "st_size", "st_mtime_ns"))


def _put(place: Place, data: bytes, manifest: Manifest) -> None:
    """The bytes under the name, at once or not at all. Raises: ToolError."""
    aside = f".mcpsoc-{secrets.token_hex(8)}"
    try:
        handle = os.open(aside, os.O_WRONLY | _NEW, 0o600, dir_fd=place.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                _as_before(file.fileno(), manifest)
            os.link(aside, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder, follow_symlinks=False)
        finally:
            os.unlink(aside, dir_fd=place.folder)
    except FileExistsError:
        raise ToolError("exists", "another file stands there", "move it away first; nothing is written over") from None
    except OSError:
        raise ToolError(
            "forbidden", "the system does not let this server write there", "check owner and mode"
        ) from None


def _as_before(handle: int, manifest: Manifest) -> None:
    os.fsync(handle)
    if os.geteuid() == 0:
        os.fchown(handle, manifest.uid, manifest.gid)
    os.fchmod(handle, manifest.mode & 0o777)
    os.utime(handle, ns=(manifest.mtime_ns, manifest.mtime_ns))


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | _NEW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), mode)


def _manifest(
    quarantine_id: str, path: str, sha256: str, found: os.stat_result, reason: str, now: datetime
) -> Manifest:
    return Manifest(
        quarantine_id=quarantine_id, path=path, sha256=sha256, size=found.st_size, mode=found.st_mode,
        uid=found.st_uid, gid=found.st_gid, mtime_ns=found.st_mtime_ns, since=now, reason=reason,
    )  # fmt: skip


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
