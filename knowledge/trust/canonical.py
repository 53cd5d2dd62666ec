"""One byte sequence per JSON value, so that a hash or a signature means the value and not its spelling."""

import hashlib
import json
from collections.abc import Mapping

from pydantic import JsonValue


def canonical(value: JsonValue | Mapping[str, JsonValue]) -> bytes:
    """Canonical JSON: keys sorted by code point, no spaces, UTF-8, no NaN or infinity.

    A lone surrogate, which UTF-8 cannot hold, is written as its JSON escape, so every text has bytes of its own.

    Raises: ValueError for NaN and infinity, TypeError for anything that is not JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def sha256_of(value: JsonValue | Mapping[str, JsonValue]) -> str:
    """Lower-case hex SHA-256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()
