"""How the simulated box filters its lists, and how it ends connections."""

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from servers.firewall.pfsense.contract import Field, contract
from servers.firewall.pfsense.simulator_world import Row, World


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, code: int, response_id: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.response_id = response_id
        self.message = message


def whole(value: JsonValue) -> int:
    """A number of a query, where texts stand for numbers. Raises: Refusal for what is none."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}", value, re.ASCII):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise Refusal(400, "ENDPOINT_INVALID_PAGINATION", "limit and offset are whole numbers")


def chosen(rows: Sequence[Row], given: Row, fields: Mapping[str, Field], default: int) -> list[Row]:
    """The rows a query asks for, with their ids: the place in the whole list (trap 1)."""
    limit, offset = whole(given.get("limit", default)), whole(given.get("offset", 0))
    found = [{"id": place} | row for place, row in enumerate(rows)]
    for key, value in given.items():
        name, _, kind = key.partition("__")
        if name in fields or name == "id":
            found = [row for row in found if _holds(row.get(name), kind, str(value))]
    return found[offset : offset + limit] if limit else found[offset:]


def kill(world: World, given: Row) -> JsonValue:
    """Trap 8: for every match all connections between its two addresses end, each address cut at its first colon."""
    fields = contract().models["state"]
    if not any(key.partition("__")[0] in fields for key in given):
        raise Refusal(400, "ENDPOINT_REQUIRES_QUERY", "a query or 'all' is required")
    matches = chosen(world.states, given, fields, default=100)
    for match in matches:
        ends = _cut(match["source"]), _cut(match["destination"])
        world.states[:] = [row for row in world.states if (_whole(row["source"]), _whole(row["destination"])) != ends]
    return [*matches]


def _cut(text: JsonValue) -> str:
    return str(text).split(":")[0]


def _whole(text: JsonValue) -> str:
    """The address as the packet filter knows it."""
    shown = str(text)
    return shown.split("[")[0] if shown.count(":") > 1 else shown.split(":")[0]


def _holds(value: JsonValue, kind: str, wanted: str) -> bool:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    match kind:
        case "":
            return text == wanted
        case "contains":
            return wanted in text
        case "startswith":
            return text.startswith(wanted)
        case "endswith":
            return text.endswith(wanted)
        case "in":
            return text in wanted.split(",")
    raise Refusal(400, "QUERY_FILTER_NOT_SIMULATED", "the simulator does not know this filter")
