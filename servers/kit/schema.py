"""JSON schemas as the servers publish them: everything inlined, nothing repeated, provenance on every leaf."""

from collections.abc import Mapping

from pydantic import BaseModel, JsonValue

from servers.errors import ConfigurationError
from servers.kit.provenance import CONDITION, KEYWORD
from servers.kit.remembered import remembered

JsonObject = dict[str, JsonValue]
_DROPPED = frozenset({"title", "$defs"})
_MARKS = (KEYWORD, CONDITION)


@remembered
def input_schema(model: type[BaseModel]) -> JsonObject:
    """Schema of a tool's arguments: unknown ones are refused; a default that means nothing is left out."""
    schema = _inlined(model.model_json_schema(), {})
    properties = schema.get("properties")
    for field in properties.values() if isinstance(properties, dict) else ():
        if isinstance(field, dict) and field.get("default", 0) is None:
            del field["default"]
    return {**schema, "additionalProperties": False}


@remembered
def output_schema(model: type[BaseModel]) -> JsonObject:
    """Schema of a tool's `data`: a field's provenance is written on every leaf under it."""
    return _marked(_inlined(model.model_json_schema(), {}), {})


def _inlined(node: Mapping[str, JsonValue], definitions: Mapping[str, JsonValue]) -> JsonObject:
    own = node.get("$defs")
    known = {**definitions, **own} if isinstance(own, dict) else definitions
    reference = node.get("$ref")
    if isinstance(reference, str):
        target = known.get(reference.removeprefix("#/$defs/"))
        if not isinstance(target, dict):
            raise ConfigurationError(f"schema reference {reference} leads nowhere")
        node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
    plain = {key: _child(key, value, known) for key, value in node.items() if key not in _DROPPED}
    return _short_nullable(plain)


def _child(key: str, value: JsonValue, known: Mapping[str, JsonValue]) -> JsonValue:
    if key == "properties" and isinstance(value, dict):
        return {name: _inlined(child, known) for name, child in value.items() if isinstance(child, dict)}
    if isinstance(value, list):
        return [_inlined(item, known) if isinstance(item, dict) else item for item in value]
    return _inlined(value, known) if isinstance(value, dict) and key != "default" else value


def _short_nullable(node: JsonObject) -> JsonObject:
    """`anyOf: [X, null]` of a simple X, said in one line."""
    choices = node.get("anyOf")
    if not isinstance(choices, list) or len(choices) != 2 or choices[1] != {"type": "null"}:
        return node
    first = choices[0]
    if not isinstance(first, dict) or not isinstance(first.get("type"), str) or "enum" in first:
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**first, "type": [first["type"], "null"], **rest}


def _marked(node: JsonObject, inherited: Mapping[str, JsonValue]) -> JsonObject:
    """Carry provenance down to the leaves, where the host reads it."""
    marks = {word: node[word] for word in _MARKS if word in node} or dict(inherited)
    body: JsonObject = {}
    branches = False
    for key, value in node.items():
        if key == "properties" and isinstance(value, dict):
            body[key] = {name: _marked(child, marks) for name, child in value.items() if isinstance(child, dict)}
            branches = True
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            body[key] = _marked(value, marks)
            branches = True
        elif key == "anyOf" and isinstance(value, list):
            body[key] = [_marked(item, marks) if isinstance(item, dict) else item for item in value]
            branches = True
        elif key not in _MARKS:
            body[key] = value
    return {**body, **marks} if not branches or isinstance(node.get("type"), list) else body
