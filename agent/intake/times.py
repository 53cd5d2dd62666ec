"""Times as products write them, to aware UTC."""

import re
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

MILLISECONDS_FROM: Final = 10_000_000_000
"""Epoch numbers from here on are milliseconds (the same number of seconds would be the year 2286)."""
MICROSECONDS_FROM: Final = 10_000_000_000_000

_FRACTION = re.compile(r"\.(\d{6})\d+")
_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$")


def read_time(value: JsonValue) -> datetime | None:
    """ISO 8601 in its usual spellings, or epoch seconds, milliseconds or microseconds; a time without zone is UTC.

    None when it is no time."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            return _from_epoch(float(value))
        return _from_text(value.strip()) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def _from_epoch(number: float) -> datetime:
    divisor = 1_000_000 if number >= MICROSECONDS_FROM else 1_000 if number >= MILLISECONDS_FROM else 1
    return datetime.fromtimestamp(number / divisor, UTC)


def _from_text(text: str) -> datetime:
    if re.fullmatch(r"\d{9,17}(?:\.\d{1,9})?", text, re.ASCII):
        return _from_epoch(float(text))
    text = _OFFSET.sub(r"\1:\2", _FRACTION.sub(r".\1", text.replace("Z", "+00:00").replace("z", "+00:00")))
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
