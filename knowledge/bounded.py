"""A file of data read whole, as far as it is not too large."""

import gzip
import zlib
from pathlib import Path
from typing import Final

from knowledge.errors import DocumentError

MOST_BYTES: Final = 200_000_000
"""Unpacked. The bundle of ATT&CK Enterprise has 50 MB."""


def read_bytes(path: Path) -> bytes:
    """All of it, unpacked when its name ends in `.gz`. Raises: DocumentError when it cannot be read or is too large."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DocumentError(f"{path} cannot be read: {error}") from error
    if len(data) > MOST_BYTES:
        raise DocumentError(f"{path}: it is larger than {MOST_BYTES // 1_000_000} MB")
    return data
