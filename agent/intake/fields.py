"""Tables of fields: which place of a raw alert becomes which normalised field, and who wrote it.

A parser is mostly a table of `FieldRule`s. The class stands beside the field, so a reader can audit it line by line;
what no table names is never a field, and whatever is not declared a sensor's own word is untrusted.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from agent.intake.paths import is_protected_path
from agent.models import AlertField, JsonObject, Provenance, Scalar

Wrote: TypeAlias = Literal["T1", "T2", "T1 if protected path"]
"""Who wrote a field: a sensor, possibly the attacker, or a sensor when the path takes administrator rights to write."""

T1: Final = "T1"
T2: Final = "T2"
PROTECTED: Final = "T1 if protected path"

MAX_TEXT: Final = 32_768
MAX_VALUES: Final = 100

Clean: TypeAlias = Callable[[Scalar], Scalar | None]


def clipped(text: str, limit: int) -> str:
    """A text of at most `limit` characters; of a longer one its beginning and its end, against padding."""
    half = limit // 2
    return text if len(text) <= limit else text[:half] + text[-half:]


def as_is(value: Scalar) -> Scalar | None:
    """The value, unless it is one of the ways products write "nothing"."""
    if isinstance(value, str):
        text = clipped(value.strip(), MAX_TEXT)
        return None if text in {"", "-", "None", "null", "N/A"} else text
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def text(value: Scalar) -> Scalar | None:
    """The value as text."""
    cleaned = as_is(value)
    return None if cleaned is None else str(cleaned)


def number(value: Scalar) -> Scalar | None:
    """An integer, also when written as text or in hexadecimal; None when it is none."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*(?:0x[0-9a-fA-F]{1,15}|-?[0-9]{1,18})\s*", value, re.ASCII):
        return int(value.strip(), 0 if "x" in value else 10)
    return None


def lower(value: Scalar) -> Scalar | None:
    """Text in lower case, for hashes and logon ids."""
    cleaned = text(value)
    return cleaned.lower() if isinstance(cleaned, str) else None


def account(value: Scalar) -> Scalar | None:
    """The account of `DOMAIN\\account`; other spellings stay."""
    cleaned = text(value)
    return as_is(cleaned.rsplit("\\", 1)[-1]) if isinstance(cleaned, str) else None


def domain(value: Scalar) -> Scalar | None:
    """The domain of `DOMAIN\\account`."""
    cleaned = text(value)
    if not isinstance(cleaned, str) or "\\" not in cleaned:
        return None
    return as_is(cleaned.rsplit("\\", 1)[0])


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One line of a parser's table."""

    name: str
    """ECS name of the field made."""
    path: str
    """Dotted place in the raw alert; each part may be nested or stand flat (`rule.name` as one key)."""
    wrote: Wrote
    clean: Clean = as_is


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the keys that lead to it; an index is shown as `*`."""

    keys: tuple[str, ...]
    value: JsonValue


def find(document: JsonValue, path: str) -> tuple[Found, ...]:
    """All values at a dotted place, through lists, flat or nested keys alike; at most 100."""
    found: list[Found] = []
    _gather(document, path, (), found)
    return tuple(found)


def _gather(value: JsonValue, path: str, keys: tuple[str, ...], found: list[Found]) -> None:
    if len(found) == MAX_VALUES:
        return
    if isinstance(value, list):
        for item in value:
            _gather(item, path, (*keys, "*"), found)
    elif not path:
        found.append(Found(keys, value))
    elif isinstance(value, dict):
        for key, rest in _ways(path):
            if key in value:
                _gather(value[key], rest, (*keys, key), found)


@lru_cache(maxsize=4096)
def _ways(path: str) -> tuple[tuple[str, str], ...]:
    """Every way to begin a dotted path, the longest key first, and what is left of it then."""
    parts = path.split(".")
    return tuple((".".join(parts[:taken]), ".".join(parts[taken:])) for taken in range(len(parts), 0, -1))


def first_text(document: JsonValue, *paths: str) -> str | None:
    """The first non-empty scalar at any of the places, as text."""
    for path in paths:
        for found in find(document, path):
            if isinstance(found.value, str | int | float) and (value := text(found.value)) is not None:
                return str(value)
    return None


def all_texts(document: JsonValue, *paths: str) -> tuple[str, ...]:
    """Every non-empty scalar at the places, as text, each once."""
    values = (text(item.value) for path in paths for item in find(document, path) if isinstance(item.value, Scalar))
    return tuple(dict.fromkeys(str(value) for value in values if value is not None))


def json_path(keys: Iterable[str]) -> str:
    """RFC 9535 path of the keys: `$.rule.id`, `$['a.b']`, `$.list[*].x`."""
    path = "$"
    for key in keys:
        if key == "*":
            path += "[*]"
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
            path += f".{key}"
        else:
            escaped = "".join(_escape(character) for character in key)
            path += f"['{escaped}']"
    return path


def _escape(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return f"\\u{ord(character):04x}" if ord(character) < 0x20 else character


def extract(document: JsonObject, *tables: Iterable[FieldRule]) -> tuple[AlertField, ...]:
    """The fields the tables make of a raw alert; of several rules for one name the first that finds a value."""
    made: dict[str, AlertField] = {}
    for table in tables:
        for rule in table:
            if rule.name not in made and (field := apply(rule, document)) is not None:
                made[rule.name] = field
    return tuple(made.values())


def apply(rule: FieldRule, document: JsonObject) -> AlertField | None:
    """The field one rule makes, or None."""
    values: dict[Scalar, tuple[str, ...]] = {}
    for item in find(document, rule.path):
        if isinstance(item.value, Scalar) and (cleaned := rule.clean(item.value)) is not None:
            values.setdefault(cleaned, item.keys)
    if not values:
        return None
    value: Scalar | tuple[Scalar, ...] = tuple(values) if len(values) > 1 else next(iter(values))
    return field_of(rule.name, value, rule.wrote, json_path(next(iter(values.values()))))


def field_of(name: str, value: Scalar | tuple[Scalar, ...], wrote: Wrote, path: str) -> AlertField:
    """An alert field, its class worked out from the declaration and, for image paths, from the value."""
    return AlertField(name=name, value=value, provenance=provenance(wrote, value), path=path)


def provenance(wrote: Wrote, value: Scalar | tuple[Scalar, ...]) -> Provenance:
    """The class of a value under its declaration; a list of paths is only as good as its worst."""
    if wrote == PROTECTED:
        values = value if isinstance(value, tuple) else (value,)
        protected = all(isinstance(item, str) and is_protected_path(item) for item in values)
        return Provenance.SENSOR if protected else Provenance.UNTRUSTED
    return Provenance(wrote)


def unplaced(
    document: Mapping[str, JsonValue], fields: Iterable[AlertField], also_used: Iterable[str]
) -> tuple[str, ...]:
    """Top-level keys that neither a field nor the alert's own head (id, time, rule) was made of."""
    paths = [field.path for field in fields]
    used = set(also_used)
    return tuple(key for key in document if key not in used and not _is_used(json_path((key,)), paths))


def _is_used(head: str, paths: Iterable[str]) -> bool:
    return any(path == head or path.startswith((head + ".", head + "[")) for path in paths)
