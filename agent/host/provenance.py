"""Who wrote which field of an answer, read off the output schema that was pinned.

`x-provenance` declares the class of everything below it that declares nothing itself. `x-provenance-if` makes the class
depend on the value: a protected path is refined value by value in agent/evidence; any other condition is unknown here
and the field stays untrusted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from agent.models import Provenance, least_trusted

_KEYWORD, _CONDITION = "x-provenance", "x-provenance-if"
_REFINED: Final = ("executable", "path")
"""Last words of field names whose class agent/evidence refines by value."""
_CLASSES: Final = {kind.value: kind for kind in (Provenance.OPERATOR, Provenance.SENSOR, Provenance.UNTRUSTED)}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 12
"""Levels of a schema that are read; what lies deeper is undeclared, which is untrusted."""

Schema = Mapping[str, JsonValue]


def declared(output_schema: Schema | None) -> dict[str, Provenance]:
    """Class per path inside `data` of an envelope schema, array indexes and free names as `*`."""
    schema = output_schema or {}
    classes: dict[str, Provenance] = {}
    for path, kind in _leaves(_member(schema, "data"), "$", {}, _definitions(schema), 0):
        classes[path] = least_trusted(kind, classes.get(path, kind))
    return classes


def _member(schema: Schema, name: str) -> Schema:
    properties = schema.get("properties")
    member = properties.get(name) if isinstance(properties, dict) else None
    return member if isinstance(member, dict) else {}


def _definitions(schema: Schema) -> Schema:
    known = schema.get("$defs")
    return known if isinstance(known, dict) else {}


def _leaves(
    schema: Schema, path: str, inherited: Schema, definitions: Schema, level: int
) -> Iterator[tuple[str, Provenance]]:
    if level > _DEEPEST:
        return
    for variant in _variants(schema, definitions):
        marks = _marks(variant) or _marks(schema) or inherited
        inner = list(_children(variant, path))
        for place, child in inner:
            yield from _leaves(child, place, marks, definitions, level + 1)
        if not inner and variant.get("type") != "null" and (kind := _class(marks, path)) is not None:
            yield path, kind


def _marks(schema: Schema) -> Schema:
    return {word: schema[word] for word in (_KEYWORD, _CONDITION) if word in schema}


def _class(marks: Schema, path: str) -> Provenance | None:
    kind = _CLASSES.get(str(marks.get(_KEYWORD)))
    condition = marks.get(_CONDITION)
    if kind is None or condition is None:
        return kind
    name = path.rstrip("[]*'").rpartition(".")[2]
    return kind if condition == "protected_path" and name in _REFINED else Provenance.UNTRUSTED


def _variants(schema: Schema, definitions: Schema) -> list[Schema]:
    """The schema with its reference followed, or each of its alternatives."""
    found = _followed(schema, definitions)
    choices = [item for word in ("anyOf", "oneOf") for item in _list(found.get(word)) if isinstance(item, dict)]
    return [_followed(choice, definitions) for choice in choices] or [found]


def _followed(schema: Schema, definitions: Schema) -> Schema:
    reference = schema.get("$ref")
    target = definitions.get(str(reference).removeprefix("#/$defs/")) if reference else None
    return {**target, **schema} if isinstance(target, dict) else schema


def _children(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    properties = schema.get("properties")
    for name, child in properties.items() if isinstance(properties, dict) else ():
        if isinstance(child, dict):
            yield _step(path, name), child
    for word in ("items", "additionalProperties"):
        if isinstance(child := schema.get(word), dict):
            yield f"{path}[*]", child


def _step(path: str, name: str) -> str:
    if _IDENTIFIER.fullmatch(name):
        return f"{path}.{name}"
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"{path}['{escaped}']"


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
