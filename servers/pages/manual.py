"""The facts about a server that its page and `mcpsoc servers show` tell: read off its schemas and declarations."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from servers.kit import SecurityServer
from servers.kit.answer import JsonObject
from servers.kit.changes import Change, Rate
from servers.kit.provenance import shape_of
from servers.kit.tool import Tool


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool."""

    name: str
    kind: str
    """Its type and bounds in one line."""
    required: bool
    default: str
    """As JSON; empty when it has none or it is required."""


@dataclass(frozen=True, slots=True)
class ToolManual:
    """One tool."""

    name: str
    description: str
    changes: bool
    arguments: tuple[Argument, ...]
    outputs: Mapping[str, tuple[str, ...]]
    """Class of provenance to the paths of `data` that it stands for."""
    rate: str
    open_world: bool
    risk: str = ""
    undo: str = ""
    """Tool that takes it back."""
    expiry: str = ""
    """`lapse` or `hold`; empty when it has no lasting effect."""
    lapses: str = ""
    """Who ends an effect that lapses."""


@dataclass(frozen=True, slots=True)
class Manual:
    """One server."""

    name: str
    instructions: str
    backend: str
    product: str
    tools: tuple[ToolManual, ...]


def manual_of(server: SecurityServer) -> Manual:
    """The facts about a server as it stands."""
    tools = tuple(_tool(tool, server) for tool in server.tools.values())
    return Manual(server.name, server.instructions, server.source.backend, server.product, tools)


def _tool(tool: Tool, server: SecurityServer) -> ToolManual:
    arguments, outputs = tuple(_arguments(tool.input_schema)), _outputs(tool.data_schema)
    change = server.changes.get(tool.name)
    if change is None:
        read = server.reads.get(tool.name)
        rate = "" if read is None or read.rate is None else _rate(read.rate)
        wide = read is not None and read.open_world
        return ToolManual(tool.name, tool.description, tool.changes, arguments, outputs, rate, wide)
    return ToolManual(
        name=tool.name,
        description=tool.description,
        changes=True,
        arguments=arguments,
        outputs=outputs,
        rate=_rate(change.rate),
        open_world=False,
        risk=change.risk,
        undo=change.undo or "",
        expiry=change.expiry or "",
        lapses=_lapses(change),
    )


def _lapses(change: Change) -> str:
    return change.lapses if change.expiry == "lapse" else ""


def _rate(rate: Rate) -> str:
    return f"{rate.calls} in {rate.per_s:g} s"


def _arguments(schema: JsonObject) -> Iterator[Argument]:
    required, properties = schema.get("required"), schema.get("properties")
    needed = required if isinstance(required, list) else []
    for name, field in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(field, dict):
            default = "" if name in needed or "default" not in field else _json(field["default"])
            yield Argument(name, kind_of(field), name in needed, default)


def kind_of(schema: Mapping[str, JsonValue]) -> str:
    """A type with its bounds in one line, such as `integer, from 1 to 200` or `list of string`."""
    if isinstance(values := schema.get("enum"), list):
        return " | ".join(_json(value) for value in values)
    if "const" in schema:
        return _json(schema["const"])
    if isinstance(choices := schema.get("anyOf"), list):
        kinds = [kind_of(choice) for choice in choices if isinstance(choice, dict) and choice != {"type": "null"}]
        return " or ".join(dict.fromkeys(kinds))
    if schema.get("type") == "array" and isinstance(items := schema.get("items"), dict):
        return f"list of {kind_of(items)}"
    return ", ".join([_plain(schema.get("type")), *_bounds(schema)])


def _plain(kind: JsonValue) -> str:
    named = [str(item) for item in kind if item != "null"] if isinstance(kind, list) else [str(kind or "any value")]
    return " or ".join(named)


def _bounds(schema: Mapping[str, JsonValue]) -> Iterator[str]:
    if isinstance(shown := schema.get("format"), str):
        yield shown
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        yield " ".join([*([f"from {low}"] if low is not None else []), *([f"to {high}"] if high is not None else [])])
    if (longest := schema.get("maxLength")) is not None:
        yield f"at most {longest} characters"


def _outputs(schema: JsonObject) -> dict[str, tuple[str, ...]]:
    """The leaves of `data` by who wrote them."""
    found: dict[str, list[str]] = {}
    for leaf in shape_of(schema).leaves():
        found.setdefault(leaf.by, []).append(leaf.path.removeprefix("$."))
    return {by: tuple(found[by]) for by in sorted(found)}


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
