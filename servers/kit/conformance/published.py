"""What a client is shown: names, manuals and schemas."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import JsonValue

from servers.kit.inert import inert
from servers.kit.protocol import Published
from servers.kit.provenance import undeclared
from servers.kit.server import MOST_TOOLS, SecurityServer

LONGEST_NAME = 40
MEAN_TOKENS = 180
"""Tokens (four characters each) that a tool's name, manual and arguments may cost a model, on the mean."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_SAFE_INTEGER = 2**53 - 1
"""Larger ones cannot be held by clients that read numbers as doubles; some refuse every tool for one of them."""


def shown(server: SecurityServer) -> Iterator[tuple[str, str]]:
    """(tool or server, complaint) about what this server publishes."""
    names = [tool.name for tool in server.published]
    if f"{server.name}_health" not in names:
        yield server.name, f"has no tool {server.name}_health"
    if len(names) > MOST_TOOLS:
        yield server.name, f"has {len(names)} tools, more than {MOST_TOOLS}"
    if (mean := mean_tokens(server.published)) > MEAN_TOKENS:
        yield server.name, f"a tool costs {mean:.0f} tokens on the mean, more than {MEAN_TOKENS}"
    for tool in server.published:
        yield from ((tool.name, complaint) for complaint in _named(server.name, tool))
        yield from ((tool.name, complaint) for complaint in _schemas(tool))
    for name, made in server.tools.items():
        yield from ((name, f"nobody says who wrote {path}") for path in undeclared(made.data_schema))


def mean_tokens(tools: Sequence[Published]) -> float:
    """What one tool costs a model, on the mean, at four characters a token."""
    sizes = [len(t.name + t.description + json.dumps(t.input_schema, separators=(",", ":"))) / 4 for t in tools]
    return sum(sizes) / max(len(sizes), 1)


def _named(server: str, tool: Published) -> Iterator[str]:
    if len(tool.name) > LONGEST_NAME:
        yield f"the name is longer than {LONGEST_NAME} characters"
    if _NAME.fullmatch(tool.name) is None or not tool.name.startswith(f"{server}_"):
        yield f"the name is not {server}_verb_noun"
    if not tool.description.strip():
        yield "has no description"
    if inert(tool.description) != tool.description:
        yield "the description holds control, invisible or direction-changing characters"


def _schemas(tool: Published) -> Iterator[str]:
    for kind, schema in (("input", tool.input_schema), ("output", tool.output_schema)):
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            yield f"the {kind} schema is no JSON Schema: {error.json_path}"
            continue
        if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
            yield f"the {kind} schema is no closed object"
        if any(abs(number) > _SAFE_INTEGER for number in _integers(schema)):
            yield f"the {kind} schema holds an integer beyond 2^53"


def _integers(node: JsonValue | Mapping[str, JsonValue]) -> Iterator[int]:
    if isinstance(node, int):
        yield node
    for child in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
        yield from _integers(child)
