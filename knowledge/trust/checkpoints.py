"""Signed statements of how far a tenant's audit chain had come, kept in files outside the audit database."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from knowledge.trust.canonical import canonical
from knowledge.trust.errors import AuditError
from knowledge.trust.keys import SigningKey

_BLOCK: Final = 512
"""Checkpoint files are padded to this, so that writing one anew is one write of one block."""

HashAt = Callable[[str, int], str | None]
"""(tenant, seq) -> hex hash of that entry as the database has it now, None when there is no such entry."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain of `tenant` had `size` entries and ended in `head`."""

    tenant: str
    size: int
    head: str

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        value: dict[str, JsonValue] = {"tenant": self.tenant, "size": self.size, "head": self.head}
        return b"mcpsoc-checkpoint-1\n" + canonical(value)


class _File(BaseModel):
    """A checkpoint as it stands on disk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str
    size: int
    head: str
    key_id: str
    signature: str


def genesis(tenant: str) -> str:
    """The hash before a tenant's first entry; differs by tenant, so a chain cannot be passed off as another's."""
    return hashlib.sha256(b"mcpsoc-audit-1\n" + tenant.encode("utf-8", "backslashreplace")).hexdigest()


class CheckpointFolder:
    """One file per tenant in `folder`, overwritten in place under a lock, never moved backwards."""

    def __init__(self, folder: Path, key: SigningKey) -> None:
        self.folder = folder
        self._key = key
        self._public = key.public
        self._written: dict[str, bytes] = {}
        """What this process wrote last, by tenant: found unchanged, its signature need not be checked again."""

    def found(self, tenant: str) -> None:
        """Start a tenant that has no entries; from then on a missing checkpoint means that somebody removed it."""
        with self._locked():
            if not self._path(tenant).exists():
                self._write(Checkpoint(tenant, 0, genesis(tenant)))

    def advance(self, newer: Checkpoint, hash_at: HashAt) -> None:
        """Sign `newer`, unless the checkpoint there is already ahead or no longer fits the database."""
        with self._locked():
            sealed, _ = self._read(newer.tenant)
            if sealed is None or sealed.size >= newer.size:
                return
            if hash_at(sealed.tenant, sealed.size) == sealed.head:
                self._write(newer)

    def read(self, tenant: str) -> tuple[Checkpoint | None, str | None]:
        """The tenant's checkpoint, or None and what is wrong with it."""
        if not self.folder.exists():
            return None, f"the signed checkpoint {self._path(tenant).name} is missing"
        with self._locked():
            return self._read(tenant)

    def tenants(self) -> set[str]:
        """Tenants that have a checkpoint file, whether good or not."""
        names = set()
        for path in self.folder.glob("*.json"):
            try:
                names.add(str(json.loads(path.read_bytes())["tenant"]))
            except (OSError, ValueError, KeyError, TypeError):
                names.add(f"(unreadable checkpoint {path.name})")
        return names

    def _read(self, tenant: str) -> tuple[Checkpoint | None, str | None]:
        path = self._path(tenant)
        try:
            content = path.read_bytes()
            kept = _File.model_validate_json(content)
        except FileNotFoundError:
            return None, f"the signed checkpoint {path.name} is missing"
        except (OSError, ValidationError):
            return None, f"the signed checkpoint {path.name} cannot be read"
        checkpoint = Checkpoint(kept.tenant, kept.size, kept.head)
        if kept.tenant == tenant and content == self._written.get(tenant):
            return checkpoint, None
        if kept.tenant != tenant or not self._public.verify(checkpoint.message, kept.signature):
            return None, f"the checkpoint {path.name} is not signed by this installation's key"
        return checkpoint, None

    def _write(self, checkpoint: Checkpoint) -> None:
        """In place and padded to one length: a rename would cost twenty times as much at every append."""
        kept = _File(
            tenant=checkpoint.tenant,
            size=checkpoint.size,
            head=checkpoint.head,
            key_id=self._public.key_id,
            signature=self._key.sign(checkpoint.message),
        )
        content = canonical(kept.model_dump(mode="json"))
        padded = content.ljust(-(-len(content) // _BLOCK) * _BLOCK - 1) + b"\n"
        path = self._path(checkpoint.tenant)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(handle, padded, 0)
                os.ftruncate(handle, len(padded))
            finally:
                os.close(handle)
        except OSError as error:
            raise AuditError(f"cannot write the checkpoint {path}: {error}") from error
        self._written[checkpoint.tenant] = padded

    def _path(self, tenant: str) -> Path:
        """Named by hash, since a tenant's name may not be a file name."""
        return self.folder / f"{hashlib.sha256(tenant.encode('utf-8', 'backslashreplace')).hexdigest()[:24]}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes that read or write checkpoints here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
