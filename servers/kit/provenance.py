"""Who wrote a value: the markers output models declare beside each field, and what they become in a schema.

`Annotated[str, T1]` puts `"x-provenance": "T1"` into the JSON schema of the field. A field without a marker is T2.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import GetJsonSchemaHandler, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

KEYWORD = "x-provenance"
CONDITION = "x-provenance-if"
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Written:
    """Marker for `Annotated`: the class of everything inside the field, on a condition the host checks by value."""

    by: Literal["T0", "T1", "T2"]
    condition: str | None = None

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core_schema), **self.keywords()}

    def keywords(self) -> dict[str, str]:
        """The marker as JSON-schema keywords."""
        words = {KEYWORD: str(self.by)}
        return words if self.condition is None else {**words, CONDITION: self.condition}


T0 = Written("T0")
"""The operator wrote it: inventory, registers, own runbooks."""
T1 = Written("T1")
"""A sensor attests it as a typed value, or the server computed it from such values."""
T2 = Written("T2")
"""Possibly an attacker wrote it: shown as text, never trusted."""
PROTECTED_PATH = Written("T1", condition="protected_path")
"""T1 only where the path lies under a directory that needs administrator rights to write."""


@dataclass(slots=True)
class Shape:
    """The tree of an output schema, reduced to who wrote which leaf."""

    path: str
    by: str = "T2"
    fields: dict[str, "Shape"] | None = None
    items: "Shape | None" = None

    def leaves(self) -> Iterator["Shape"]:
        """Every place a scalar can stand, this one included."""
        if self.fields is None and self.items is None:
            yield self
        for child in (self.fields or {}).values():
            yield from child.leaves()
        if self.items is not None:
            yield from self.items.leaves()


def step(path: str, name: str) -> str:
    """The path of a member: `.name` where the name is an identifier, `['na.me']` otherwise."""
    if _PLAIN_NAME.fullmatch(name):
        return f"{path}.{name}"
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"{path}['{escaped}']"


def shape_of(schema: Mapping[str, JsonValue], path: str = "$") -> Shape:
    """Read the tree of an inlined schema."""
    shape = Shape(path)
    for variant in (schema, *_variants(schema)):
        if isinstance(declared := variant.get(KEYWORD), str):
            shape.by = declared
        properties, items = variant.get("properties"), variant.get("items")
        if isinstance(properties, dict):
            members = {k: shape_of(v, step(path, k)) for k, v in properties.items() if isinstance(v, dict)}
            shape.fields = {**(shape.fields or {}), **members}
        if isinstance(items, dict):
            shape.items = shape_of(items, f"{path}[*]")
    return shape


def undeclared(schema: Mapping[str, JsonValue], path: str = "$") -> Iterator[str]:
    """Paths of leaves of an inlined schema that no marker speaks for; they count as T2."""
    for variant in _variants(schema):
        properties, items = variant.get("properties"), variant.get("items")
        if isinstance(properties, dict):
            for name, child in properties.items():
                yield from undeclared(child, step(path, name)) if isinstance(child, dict) else ()
        elif isinstance(items, dict):
            yield from undeclared(items, f"{path}[*]")
        elif variant.get("type") not in (None, "null", "object", "array") and KEYWORD not in {*schema, *variant}:
            yield path


def _variants(schema: Mapping[str, JsonValue]) -> list[Mapping[str, JsonValue]]:
    choices = schema.get("anyOf")
    if not isinstance(choices, list):
        return [schema]
    return [choice for choice in choices if isinstance(choice, dict)]
