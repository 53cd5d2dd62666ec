"""The wrapping around an alert: opened, checked for size, and thrown away except for an id.

Accepted: the bare alert, an Elasticsearch hit (`_source`), a wrapper with `alert`, and a hit inside a wrapper. Whatever
stands beside the alert (labels, scores, comments) is dropped here, so it cannot change a byte of what follows.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from agent.intake.errors import IntakeError
from agent.models import JsonObject

MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000
MAX_CHARACTERS: Final = 2_000_000
MAX_WRAPPERS: Final = 3
MAX_INTEGER: Final = 2**63

ID_KEYS: Final = ("_id", "id")


@dataclass(frozen=True, slots=True)
class Opened:
    """The alert itself and the id its wrapping gave it."""

    document: JsonObject
    given_id: str | None


def open_envelope(raw: JsonValue) -> Opened:
    """The innermost alert of `raw`, safe to store: text is valid Unicode, numbers finite, size bounded.

    Raises: IntakeError when `raw` is no object, or too deep or too large."""
    check_bounds(raw)
    given: str | None = None
    for _ in range(MAX_WRAPPERS):
        if not isinstance(raw, dict):
            raise IntakeError(f"an alert is a JSON object, not {_kind(raw)}")
        inner = _inner(raw)
        if inner is None:
            return Opened(_storable_object(raw), given)
        given = given or _wrapper_id(raw)
        raw = inner
    raise IntakeError(f"the alert is wrapped more than {MAX_WRAPPERS - 1} times")


def _inner(raw: JsonObject) -> JsonValue:
    """What a wrapper holds; None when `raw` is the alert. Suricata's own `alert` object is no wrapping."""
    if isinstance(source := raw.get("_source"), dict):
        return source
    alert = raw.get("alert")
    if not isinstance(alert, dict):
        return None
    is_suricata = isinstance(raw.get("event_type"), str) and ("signature" in alert or "signature_id" in alert)
    return None if is_suricata else alert


def _wrapper_id(raw: JsonObject) -> str | None:
    for key in ID_KEYS:
        value = raw.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return _storable_text(str(value))[:256]
    return None


def check_bounds(raw: JsonValue) -> None:
    """Whether a JSON value is of a size we take in.

    Raises: IntakeError saying which bound it breaks."""
    characters = 0
    for nodes, (depth, size) in enumerate(_measure(raw), 1):
        characters += size
        if depth > MAX_DEPTH:
            raise IntakeError(f"the alert is nested deeper than {MAX_DEPTH} levels")
        if nodes > MAX_NODES:
            raise IntakeError(f"the alert has more than {MAX_NODES} values")
        if characters > MAX_CHARACTERS:
            raise IntakeError(f"the alert holds more than {MAX_CHARACTERS} characters")


def _measure(raw: JsonValue) -> Iterator[tuple[int, int]]:
    """Depth and text length of every node, without recursion."""
    waiting: list[tuple[JsonValue, int]] = [(raw, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            yield depth, len(value)
        elif isinstance(value, dict):
            yield depth, sum(map(len, value))
            waiting.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            yield depth, 0
            waiting.extend((item, depth + 1) for item in value)
        else:
            yield depth, 0


def _storable_object(value: JsonObject) -> JsonObject:
    return {_storable_text(key): _storable(item) for key, item in value.items()}


def _storable(value: JsonValue) -> JsonValue:
    """The value as canonical JSON can hold it: lone surrogates, huge integers and NaN become text."""
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, dict):
        return _storable_object(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= MAX_INTEGER:
        return f"{value:#x}"
    return value


def _storable_text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _kind(value: JsonValue) -> str:
    names = {str: "text", bool: "true or false", list: "a list", int: "a number", float: "a number", type(None): "null"}
    return names[type(value)]
