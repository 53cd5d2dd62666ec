"""Secrets that stand for an identity: made here, and known to everybody else as their SHA-256."""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from agent.response.errors import UsersError

TOKEN_BYTES = 32


def new_token() -> str:
    """A fresh secret of 256 bits, safe to put into a header or a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What is kept of a token. Tokens are random, so no salt and no slow hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def local_token(path: Path) -> str:
    """The token of the person who runs our processes; made on first use, readable by its owner alone.

    Several processes may ask at once: all get the same. Raises: UsersError when it cannot be read or made."""
    try:
        if not path.exists():
            _make(path)
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise UsersError(f"{path} cannot be used: {error}") from error
    if len(token) < TOKEN_BYTES:
        raise UsersError(f"{path} holds no token; remove it, and a new one is made")
    return token


def _make(path: Path) -> None:
    """Whole or not at all, and never over one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(new_token() + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(beside)
    beside.unlink()
