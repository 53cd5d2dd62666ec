"""A quick yes for values that fit a schema.

The full validator takes milliseconds on a page of events, and nearly every answer is right. So a schema made only of
the keywords below is compiled to plain functions that may say yes; for everything else, and to explain a no, the full
validator is asked. A yes here is never a no there (the tests hold them against each other).
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeGuard

from pydantic import JsonValue

Fits: TypeAlias = Callable[[JsonValue], bool]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
_SAYS_NOTHING = frozenset(
    {"title", "description", "default", "examples", "deprecated", "format", "x-provenance", "x-provenance-if"}
)


class _UnknownKeywordError(Exception):
    """The schema says something that only the full validator understands."""


def quick(schema: Mapping[str, JsonValue]) -> Fits | None:
    """The quick check of a schema; None when it uses a keyword that is not known here."""
    try:
        return _compiled(dict(schema))
    except (_UnknownKeywordError, RecursionError, re.error):
        return None


def _compiled(schema: JsonValue) -> Fits:
    if not isinstance(schema, dict):
        raise _UnknownKeywordError
    checks = [found for word, value in schema.items() if (found := _keyword(word, value, schema)) is not None]
    if not checks:
        return lambda value: True
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(check(value) for check in checks)


def _keyword(word: str, value: JsonValue, schema: Mapping[str, JsonValue]) -> Fits | None:
    if word in _SAYS_NOTHING:
        return None
    if word == "type":
        return _of_type(value)
    if word == "properties":
        return _object(value, schema.get("additionalProperties", True))
    if word == "additionalProperties":
        return None if "properties" in schema else _object({}, value)
    if word == "required":
        return _required(value)
    if word == "items":
        return _items(_compiled(value))
    if word == "anyOf":
        return _any_of([_compiled(choice) for choice in _listed(value)])
    if word in ("enum", "const"):
        return _one_of(_listed(value) if word == "enum" else [value])
    if word == "pattern" and isinstance(value, str):
        return _pattern(re.compile(value))
    return _limit(word, value)


def _of_type(names: JsonValue) -> Fits:
    wanted = [names] if isinstance(names, str) else _listed(names)
    if not all(isinstance(name, str) and name in _TYPES for name in wanted):
        raise _UnknownKeywordError
    kinds = frozenset(kind for name in wanted for kind in _TYPES[str(name)])
    return lambda value: type(value) in kinds


def _object(properties: JsonValue, others: JsonValue) -> Fits:
    if not isinstance(properties, dict):
        raise _UnknownKeywordError
    known = {name: _compiled(schema) for name, schema in properties.items()}
    rest = None if others is True else _never if others is False else _compiled(others)

    def fits(value: JsonValue) -> bool:
        if type(value) is not dict:
            return True
        for name, item in value.items():
            check = known.get(name, rest)
            if check is not None and not check(item):
                return False
        return True

    return fits


def _never(_: JsonValue) -> bool:
    return False


def _required(names: JsonValue) -> Fits:
    needed = [name for name in _listed(names) if isinstance(name, str)]
    return lambda value: type(value) is not dict or all(name in value for name in needed)


def _items(check: Fits) -> Fits:
    return lambda value: type(value) is not list or all(check(item) for item in value)


def _any_of(choices: list[Fits]) -> Fits:
    return lambda value: any(choice(value) for choice in choices)


def _one_of(allowed: list[JsonValue]) -> Fits:
    """Only texts and null: what equals what among numbers and booleans is left to the full validator."""
    if not all(item is None or isinstance(item, str) for item in allowed):
        raise _UnknownKeywordError
    return lambda value: (value is None or type(value) is str) and value in allowed


def _pattern(pattern: re.Pattern[str]) -> Fits:
    return lambda value: type(value) is not str or pattern.search(value) is not None


def _limit(word: str, bound: JsonValue) -> Fits:
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        raise _UnknownKeywordError
    limits: Mapping[str, Fits] = {
        "minLength": lambda value: type(value) is not str or len(value) >= bound,
        "maxLength": lambda value: type(value) is not str or len(value) <= bound,
        "minItems": lambda value: type(value) is not list or len(value) >= bound,
        "maxItems": lambda value: type(value) is not list or len(value) <= bound,
        "minimum": lambda value: not _number(value) or value >= bound,
        "maximum": lambda value: not _number(value) or value <= bound,
        "exclusiveMinimum": lambda value: not _number(value) or value > bound,
        "exclusiveMaximum": lambda value: not _number(value) or value < bound,
    }
    if word not in limits:
        raise _UnknownKeywordError
    return limits[word]


def _number(value: JsonValue) -> TypeGuard[int | float]:
    return type(value) in (int, float)


def _listed(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise _UnknownKeywordError
    return value
