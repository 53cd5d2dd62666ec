"""Names for what is brought from outside: where it comes from, and the id of each document of it."""

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_UNSAFE = re.compile(r"[^\w.\-/]+")
_LONGEST: Final = 160
"""Characters of a path in an id."""


def prefix_of(origin: str, name: str) -> str:
    """What the ids of an origin begin with: its name in readable form, and so much of a hash that no folder can take
    the place of another one of the same name, or of what comes with the product."""
    readable = _safe(name.lower())[:40].strip("-.") or "documents"
    return f"{readable}-{_hash(origin)}"


def document_id(prefix: str, path: str) -> str:
    """The id of the file at this path below the origin. Letters that an id cannot hold are replaced, and then, or when
    it is too long, a hash keeps it apart from others."""
    safe = _safe(path)
    if safe == path and len(path) <= _LONGEST:
        return f"{prefix}/{path}"
    return f"{prefix}/{safe[-_LONGEST:].lstrip('-./')}-{_hash(path)}"


def folder_origin(folder: Path) -> str:
    """The folder, as one finds it again."""
    return str(folder.resolve())


def without_login(address: str) -> str:
    """An address without user and password."""
    parts = urlsplit(address)
    if not parts.scheme or "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", unicodedata.normalize("NFC", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]
