"""Raw alerts out of a file or a stream, one at a time and in order; what cannot be read is said, never dropped."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from agent.models import JsonObject


@dataclass(frozen=True, slots=True)
class Read:
    """One alert as it was found, or why it could not be read."""

    ordinal: int
    """Line number in the input, from 1; in a JSON array the place in the array, from 1."""
    raw: JsonObject | None
    reason: str | None = None


def read_alerts(lines: Iterable[bytes]) -> Iterator[Read]:
    """The alerts of a stream: one JSON object a line, or one JSON document (an object or an array) over several lines.

    A stream whose first line is complete is read line by line, as it comes; blank lines count but are passed over."""
    numbered = ((ordinal, line) for ordinal, line in enumerate(lines, start=1) if line.strip())
    for ordinal, line in numbered:
        first = read_line(ordinal, line)
        if first.raw is None:
            yield from _document([(ordinal, line), *numbered])
            return
        yield first
        break
    for ordinal, line in numbered:
        yield read_line(ordinal, line)


def read_line(ordinal: int, line: bytes) -> Read:
    """One line of JSON."""
    try:
        value = _decoded(line)
    except (ValueError, RecursionError) as error:
        return Read(ordinal, None, _why(error))
    if not isinstance(value, dict):
        return Read(ordinal, None, f"not a JSON object but {_kind(value)}")
    return Read(ordinal, value)


def _document(numbered: list[tuple[int, bytes]]) -> Iterator[Read]:
    """A stream whose first line does not stand alone: one document, or else lines of which the first is broken."""
    try:
        value = _decoded(b"".join(line for _, line in numbered))
    except (ValueError, RecursionError):
        yield from (read_line(ordinal, line) for ordinal, line in numbered)
        return
    for place, item in enumerate(value if isinstance(value, list) else [value], start=1):
        yield Read(place, item) if isinstance(item, dict) else Read(place, None, f"not a JSON object but {_kind(item)}")


def _decoded(text: bytes) -> object:
    """Strict JSON: UTF-8, no NaN, no half of a surrogate pair.

    Raises: ValueError, RecursionError."""
    value: object = json.loads(text.decode("utf-8-sig"), parse_constant=_refuse)
    if b"\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, UnicodeError):
        return "not UTF-8 text"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "a boolean"}
    return names.get(type(value), "null")
