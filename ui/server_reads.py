"""One read of one bundled server, asked for by a person. What changes something is refused here, grant or not."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue, TypeAdapter, ValidationError

from agent.host.registry import bundled_registry
from agent.models import JsonObject
from servers.kit import SecurityServer
from ui.errors import CheckFailedError, UsageError

WRONGLY_ASKED = frozenset({"unknown_argument", "missing_argument", "invalid_argument"})
"""Codes of errors that the asker can mend."""


async def read(server: SecurityServer, tool: str, arguments: JsonObject) -> JsonObject:
    """The envelope that a tool answers with.

    Raises: CheckFailedError for a tool that changes something, UsageError when there is no such tool."""
    check_reads(server, tool)
    return await server.call(tool, arguments)


def exit_code(envelope: JsonObject) -> int:
    """0 for an answer, 2 for one that the asker can have by asking otherwise, 1 for any other error."""
    error = envelope["error"]
    if envelope["ok"] or not isinstance(error, dict):
        return 0
    return 2 if error["code"] in WRONGLY_ASKED else 1


def check_reads(server: SecurityServer, tool: str) -> None:
    """Raises: CheckFailedError for a tool that changes something, UsageError for one that is not offered."""
    found = server.tools.get(tool)
    if tool in bundled_registry().rules(server.name).changes or (found is not None and found.changes):
        raise CheckFailedError(
            "{tool} changes something, and this command only reads. A change is made under a grant that somebody "
            "approved, for exactly its arguments; the server's reads show what it would touch: {reads}",
            tool=tool,
            reads=", ".join(reads_of(server)),
        )
    if found is None and tool in server.closed:
        raise UsageError(
            "{server} has no tool {tool} as it is set up; it takes {settings}",
            server=server.name,
            tool=tool,
            settings=", ".join(server.closed[tool]),
        )
    if found is None:
        raise UsageError(
            "{server} has no tool {tool}; there are: {names}",
            server=server.name,
            tool=tool,
            names=", ".join(reads_of(server)),
        )


def closed_by(server: SecurityServer) -> dict[str, list[str]]:
    """The settings that it takes to have further tools, as they are told, to those tools."""
    found: dict[str, list[str]] = {}
    for tool, settings in server.closed.items():
        found.setdefault(", ".join(settings), []).append(tool)
    return found


def reads_of(server: SecurityServer) -> list[str]:
    """Names of the tools that change nothing."""
    return [tool.name for tool in server.published if not tool.changes]


def arguments_from(server: SecurityServer, tool: str, pairs: Sequence[str], document: str | None) -> JsonObject:
    """What was given as `name=value` and as one JSON object; the pairs win.

    A value is JSON where the tool takes anything but text; a name given several times makes a list.

    Raises: UsageError."""
    given = {} if document is None else _object(document)
    found = server.tools.get(tool)
    fields = {} if found is None else found.input_schema.get("properties")
    texts: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError("an argument is given as name=value, unlike {given}", given=pair)
        texts.setdefault(name, []).append(value)
    known = fields if isinstance(fields, dict) else {}
    return {**given, **{name: _value(known.get(name), values) for name, values in texts.items()}}


def _object(text: str) -> JsonObject:
    try:
        return TypeAdapter(JsonObject).validate_json(text)
    except ValidationError as error:
        raise UsageError("the arguments are not one JSON object") from error


def _value(field: JsonValue, values: Sequence[str]) -> JsonValue:
    """The values of one argument as its field takes them."""
    kinds = _kinds(field) if isinstance(field, dict) else set()
    if "array" in kinds and (len(values) > 1 or not values[0].startswith("[")):
        return [*values]
    return values[-1] if "string" in kinds else _json_or_text(values[-1])


def _kinds(field: Mapping[str, JsonValue]) -> set[str]:
    """The JSON types that a field takes."""
    choices, kind = field.get("anyOf"), field.get("type")
    variants = [each for each in (choices if isinstance(choices, list) else ()) if isinstance(each, dict)]
    named = kind if isinstance(kind, list) else [kind] if isinstance(kind, str) else ["string"] * ("enum" in field)
    return {str(each) for each in named}.union(*(_kinds(each) for each in variants))


def _json_or_text(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value
