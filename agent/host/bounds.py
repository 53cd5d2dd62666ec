"""How much of an answer is kept: cut as valid JSON, from the end, never silently."""

import json

from pydantic import JsonValue

from agent.errors import AnswerInvalidError

MAX_DEPTH = 32
"""Levels of nesting an answer may have; deeper ones are left out."""
_LEFT_OUT = "…"
_LEAST = 8
"""Characters the smallest value needs together with its comma and bracket."""


def bounded(value: JsonValue, most_chars: int) -> tuple[JsonValue, bool]:
    """The value within `most_chars` characters of JSON and MAX_DEPTH levels, and whether anything was left out.

    Raises: AnswerInvalidError for a number that JSON does not have (NaN, infinity) or that no reader takes."""
    if not _too_deep(value) and len(_json(value)) <= most_chars:
        return value, False
    cutter = _Cutter(most_chars)
    return cutter.kept(value, 1), cutter.cut


def _too_deep(value: JsonValue) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _json(value: JsonValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise AnswerInvalidError("the answer holds a number that is not JSON") from error


class _Cutter:
    """Copies a value until the room is used up."""

    def __init__(self, room: int) -> None:
        self.cut = False
        self._room = room
        self._full = False
        """Set once something did not fit: nothing is taken after it, so that no empty rows follow."""

    def kept(self, value: JsonValue, level: int) -> JsonValue:
        """What fits of `value`, which stands at nesting `level`."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict | list) and value and level > MAX_DEPTH:
            self.cut = True
            return self._text(_LEFT_OUT)
        if isinstance(value, dict):
            return self._object(value, level)
        if isinstance(value, list):
            return self._array(value, level)
        return self._scalar(value)

    def _object(self, value: dict[str, JsonValue], level: int) -> JsonValue:
        self._room -= 2
        kept: dict[str, JsonValue] = {}
        for name, item in value.items():
            needed = len(_json(name)) + 2
            if self._full or self._room < needed + _LEAST:
                self._leave_out()
                break
            self._room -= needed
            kept[name] = self.kept(item, level + 1)
        return kept

    def _array(self, value: list[JsonValue], level: int) -> JsonValue:
        self._room -= 2
        kept: list[JsonValue] = []
        for item in value:
            if self._full or self._room < _LEAST + 1:
                self._leave_out()
                break
            self._room -= 1
            kept.append(self.kept(item, level + 1))
        return kept

    def _text(self, value: str) -> str:
        shown = value[: self._room]
        while len(_json(shown)) > self._room:
            shown = shown[: len(shown) // 2] if len(shown) > 1 else ""
        if shown != value:
            self._leave_out()
        self._room -= len(_json(shown))
        return shown

    def _scalar(self, value: float | bool | None) -> JsonValue:
        if len(_json(value)) > self._room:
            self._leave_out()
            value = None
        self._room -= len(_json(value))
        return value

    def _leave_out(self) -> None:
        self.cut = self._full = True
