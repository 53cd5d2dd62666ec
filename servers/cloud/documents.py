"""Records out of one of the trail's files: packed or not, a document of many, or a line each."""

import json
import zlib
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from servers.cloud.record import Call, call_of
from servers.kit.answer import JsonObject

MOST_BYTES: Final = 64 * 1024 * 1024
"""What one file may hold, unpacked; CloudTrail's own have a few at most."""
_GZIP: Final = b"\x1f\x8b"


class BrokenFileError(ValueError):
    """A file of the trail cannot be used; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one file gave."""

    calls: tuple[Call, ...]
    broken: int
    """Records that were none."""
    taken: int
    """Bytes of it that need not be read again; all of them but for lines that are still being written."""
    lines: bool
    """Whether it is one record a line, and may grow."""


def calls_in(data: bytes, *, tail: bool = False) -> Read:
    """The records of a file; `tail`: what follows in one with a record a line.

    Raises: BrokenFileError when the file is damaged, cut off, too large or no trail."""
    packed = not tail and data.startswith(_GZIP)
    text = _unpacked(data) if packed else data
    if tail:
        return _lines(text, packed=False)
    head = text[:65536].lstrip()
    if not head:
        return Read((), 0, len(data), lines=True)
    if not head.startswith((b"{", b"[")):
        raise BrokenFileError("it is no JSON")
    if (rows := _document(text)) is not None:
        return _made(rows, len(data), lines=False)
    found = _lines(text, packed=packed)
    if not found.calls:
        raise BrokenFileError("the JSON is cut off or damaged, or holds no records of CloudTrail")
    return found


def _document(text: bytes) -> list[JsonValue] | None:
    """The records of a document; None where it is a record a line."""
    try:
        document: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict) and isinstance(document.get("Records"), list):
        return document["Records"] if isinstance(document["Records"], list) else []
    if isinstance(document, dict) and "eventName" in document:
        return None
    if isinstance(document, dict) and isinstance(rows := document.get("Events"), list):
        return [_looked_up(row) for row in rows]
    if isinstance(document, list):
        return document
    raise BrokenFileError("the JSON holds no records of CloudTrail")


def _looked_up(row: JsonValue) -> JsonValue:
    """A row of `aws cloudtrail lookup-events`, which holds the record as text."""
    told = row.get("CloudTrailEvent") if isinstance(row, dict) else None
    try:
        return json.loads(told) if isinstance(told, str) else None
    except (ValueError, RecursionError):
        return None


def _lines(text: bytes, *, packed: bool) -> Read:
    """A record a line. A last line without an end counts once it is whole; in a packed file nothing will follow it."""
    end = len(text) if packed or _is_record(text[text.rfind(b"\n") + 1 :]) else text.rfind(b"\n") + 1
    rows: list[JsonValue] = [_row(line) for line in text[:end].splitlines() if line.strip()]
    return _made(rows, end, lines=not packed)


def _is_record(line: bytes) -> bool:
    return isinstance(_row(line), dict)


def _row(line: bytes) -> JsonObject | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _made(rows: list[JsonValue], taken: int, *, lines: bool) -> Read:
    calls, broken = [], 0
    for row in rows:
        try:
            calls.append(call_of(row))
        except (ValueError, RecursionError):
            broken += 1
    return Read(tuple(calls), broken, taken, lines)


def _unpacked(data: bytes) -> bytes:
    """Every member of a packed file. Raises: BrokenFileError."""
    found = bytearray()
    rest = data
    while rest:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            found += unpacker.decompress(rest, MOST_BYTES + 1 - len(found))
        except zlib.error:
            raise BrokenFileError("the packed file is damaged") from None
        if len(found) > MOST_BYTES:
            raise BrokenFileError(f"it holds more than {MOST_BYTES} bytes")
        if not unpacker.eof:
            raise BrokenFileError("the packed file is cut off")
        rest = unpacker.unused_data
    return bytes(found)
