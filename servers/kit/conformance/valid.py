"""Arguments that fit an input schema, and every place of it where a text can stand."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from servers.kit.answer import JsonObject

_BY_FORMAT = {
    "date-time": "2026-03-09T12:00:00Z",
    "date": "2026-03-09",
    "ipvanyaddress": "198.51.100.7",
    "ipv4": "198.51.100.7",
    "ipv6": "2001:db8::7",
    "ipvanynetwork": "198.51.100.0/28",
    "ipvanyinterface": "198.51.100.7/32",
    "email": "a.person@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "path": "report.pdf",
    "file-path": "report.pdf",
    "directory-path": "reports",
    "base64": "YWJj",
}
_CANDIDATES = (
    "example", "a" * 64, "a" * 40, "a" * 32, "example.com", "198.51.100.7", "a.person@example.com", "E1", "T1486", "1",
    "row-1", "a1b2c3d4", "CVE-2024-3094", "2026-03-09T12:00:00Z", "YWJj", "1:2", "a/b", "EXAMPLE", "24h",
)  # fmt: skip
"""Tried against a `pattern`, in this order."""
_PART = re.compile(r"(?P<one>\[[^\]]+\]|\\.|.)(?:\{(?P<least>\d+)(?:,\d*)?\}|[+*?])?")
_NARROW = frozenset({"enum", "const", "format", "pattern"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text can stand in the arguments of a tool."""

    name: str
    kind: str
    """`text`, `list` (of texts) or `object` (with texts as values)."""
    free: bool
    """Whether any text fits; else the schema allows a format, a pattern or a few values."""

    def put(self, arguments: Mapping[str, JsonValue], text: str) -> JsonObject:
        """The arguments with `text` in this place."""
        if self.kind == "text":
            return {**arguments, self.name: text}
        if self.kind == "list":
            return {**arguments, self.name: [text]}
        known = arguments.get(self.name)
        key = next(iter(known), text) if isinstance(known, dict) else text
        return {**arguments, self.name: {key: text}}


def arguments_for(schema: Mapping[str, JsonValue]) -> JsonObject:
    """The least arguments that fit the schema, as far as it tells; windows of time end after they start."""
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return {}
    made = {str(name): _value(properties.get(str(name))) for name in required}
    return {name: _later(value) if name in ("end", "until") else value for name, value in made.items()}


def text_places(schema: Mapping[str, JsonValue]) -> Iterator[Place]:
    """Every argument that takes a text, alone, in a list or as the values of an object."""
    properties = schema.get("properties")
    for name, node in properties.items() if isinstance(properties, dict) else ():
        texts = [(kind, text) for variant in _variants(node) for kind, text in _texts(variant)]
        if texts:
            yield Place(name, texts[0][0], any(not _NARROW & text.keys() for _, text in texts))


def _texts(node: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Where in an argument of this schema texts can stand, and their own schemas."""
    inner = {
        "text": [node],
        "list": _variants(node.get("items")),
        "object": _variants(node.get("additionalProperties")),
    }
    for kind, variants in inner.items():
        yield from ((kind, variant) for variant in variants if _is_text(variant))


def _is_text(node: Mapping[str, JsonValue]) -> bool:
    types = node.get("type")
    return types == "string" or (isinstance(types, list) and "string" in types) or isinstance(node.get("const"), str)


def _variants(node: JsonValue) -> list[JsonObject]:
    if not isinstance(node, dict):
        return []
    choices = node.get("anyOf") or node.get("oneOf")
    return [item for item in choices if isinstance(item, dict)] if isinstance(choices, list) else [node]


def _value(node: JsonValue) -> JsonValue:
    """One value that fits a schema node, as far as its keywords tell."""
    for variant in _variants(node)[:1]:
        enum = variant.get("enum")
        if isinstance(enum, list) and enum:
            return enum[0]
        if "const" in variant:
            return variant["const"]
        declared = variant.get("type")
        return _of_type(str(declared[0] if isinstance(declared, list) else declared), variant)
    return "example"


def _of_type(name: str, node: Mapping[str, JsonValue]) -> JsonValue:
    if name == "integer" or name == "number":
        least = node.get("minimum", node.get("exclusiveMinimum"))
        return least + 1 if isinstance(least, int) else 1
    if name == "array":
        return [_value(node.get("items"))]
    if name == "object":
        return arguments_for(node)
    return False if name == "boolean" else _text(node)


def _text(node: Mapping[str, JsonValue]) -> str:
    if isinstance(pattern := node.get("pattern"), str):
        return next((text for text in (*_CANDIDATES, _spelled(pattern)) if re.search(pattern, text)), "example")
    least = node.get("minLength")
    return _BY_FORMAT.get(str(node.get("format")), "example".ljust(least if isinstance(least, int) else 0, "x"))


def _spelled(pattern: str) -> str:
    """A text for a pattern made of characters, classes and counts, such as `^q-[0-9a-f]{24}$`."""
    parts = _PART.finditer(pattern.removeprefix("^").removesuffix("$"))
    return "".join(_one_of(part["one"]) * int(part["least"] or 1) for part in parts)


def _one_of(item: str) -> str:
    return next((char for char in "a0A1-.:/_" if re.fullmatch(item, char)), item) if len(item) > 1 else item


def _later(value: JsonValue) -> JsonValue:
    return value.replace("T12:", "T13:") if isinstance(value, str) else value
