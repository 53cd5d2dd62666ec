"""Ed25519 keys in small text files, readable by their owner only."""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from knowledge.trust.errors import KeyFileError

PRIVATE_PREFIX = "mcpsoc-private-ed25519:"
PUBLIC_PREFIX = "mcpsoc-public-ed25519:"


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half: tells whether a signature was made by its owner."""

    raw: bytes
    """The 32 bytes of the public key."""

    @classmethod
    def from_text(cls, text: str) -> "VerifyKey":
        """Read what `text` wrote.

        Raises: KeyFileError when it is not an Ed25519 public key in our form."""
        return cls(_decode(text, PUBLIC_PREFIX, "public key"))

    @property
    def text(self) -> str:
        """One line that can be mailed, pinned or put in a setting."""
        return PUBLIC_PREFIX + base64.b64encode(self.raw).decode("ascii")

    @property
    def key_id(self) -> str:
        """Sixteen hex digits that name the key."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    def verify(self, message: bytes, signature: str) -> bool:
        """Whether `signature` (base64) is this key's over `message`; a malformed signature is simply not."""
        try:
            given = base64.b64decode(signature, validate=True)
            Ed25519PublicKey.from_public_bytes(self.raw).verify(given, message)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The private half. Its repr shows the key id only, so that no log can leak it."""

    raw: bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.public.key_id})"

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new random key."""
        return cls(secrets.token_bytes(32))

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Read a private key file.

        Raises: KeyFileError when it is missing, malformed, or readable by anyone but its owner."""
        try:
            text, mode = path.read_text("ascii"), path.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            raise KeyFileError(f"cannot read the key {path}: {error}") from error
        if os.name == "posix" and mode & 0o077:
            raise KeyFileError(f"the key {path} is open to other users; run: chmod 600 {path}")
        try:
            return cls(_decode(text, PRIVATE_PREFIX, "private key"))
        except KeyFileError as error:
            raise KeyFileError(f"{path}: {error}") from error

    @classmethod
    def load_or_create(cls, path: Path) -> "SigningKey":
        """Read the key at `path`, or make one there (0600) with its public half beside it as `.pub`.

        Of several processes that come at once, one makes the key and the others read it.

        Raises: KeyFileError as `load` does, or when the file cannot be written."""
        if not path.exists():
            _create(path, cls.generate())
        return cls.load(path)

    @property
    def public(self) -> VerifyKey:
        """The key that checks what this one signs."""
        return VerifyKey(Ed25519PrivateKey.from_private_bytes(self.raw).public_key().public_bytes_raw())

    def sign(self, message: bytes) -> str:
        """Base64 of the Ed25519 signature over `message`."""
        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(self.raw).sign(message)).decode("ascii")


def known_keys(folder: Path) -> Mapping[str, VerifyKey]:
    """Public keys (`*.pub`) kept in `folder`, by key id: the signers this installation knows.

    Raises: KeyFileError naming the file that is not a public key."""
    found: dict[str, VerifyKey] = {}
    for path in sorted(folder.glob("*.pub")):
        try:
            key = VerifyKey.from_text(path.read_text("ascii"))
        except (OSError, UnicodeDecodeError, KeyFileError) as error:
            raise KeyFileError(f"{path}: {error}") from error
        found[key.key_id] = key
    return found


def _create(path: Path, key: SigningKey) -> None:
    """Write the key complete or not at all; whoever links first wins."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(PRIVATE_PREFIX + base64.b64encode(key.raw).decode("ascii") + "\n")
        try:
            os.link(draft, path)
            path.with_suffix(".pub").write_text(key.public.text + "\n", "ascii")
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise KeyFileError(f"cannot write the key {path}: {error}") from error


def _decode(text: str, prefix: str, what: str) -> bytes:
    stripped = text.strip()
    if not stripped.startswith(prefix):
        raise KeyFileError(f"not an Ed25519 {what}: it has to start with {prefix!r}")
    try:
        raw = base64.b64decode(stripped.removeprefix(prefix), validate=True)
    except binascii.Error as error:
        raise KeyFileError(f"not an Ed25519 {what}: {error}") from error
    if len(raw) != 32:
        raise KeyFileError(f"not an Ed25519 {what}: {len(raw)} bytes instead of 32")
    return raw
