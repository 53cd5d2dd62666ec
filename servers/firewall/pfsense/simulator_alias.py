"""How the simulated box creates, changes and deletes aliases."""

import re
from ipaddress import ip_address, ip_network

from pydantic import JsonValue

from servers.firewall.pfsense.contract import contract
from servers.firewall.pfsense.simulator_query import Refusal, whole
from servers.firewall.pfsense.simulator_world import Row, World

_NAME = re.compile(r"[A-Za-z0-9_]{1,31}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


def change(world: World, given: Row) -> JsonValue:
    """PATCH. What the body holds overwrites (trap 13), unless it is appended or removed."""
    place = _place(world, given)
    new = {key: [*value] if isinstance(value, list) else value for key, value in world.aliases[place].items()}
    sent = _typed(given)
    if "name" in sent and sent["name"] != new["name"]:
        raise Refusal(400, "FIELD_NOT_EDITABLE", "Field 'name' cannot be changed")
    append, remove = switch(given, "append", False), switch(given, "remove", False)
    for name, value in sent.items():
        new[name] = _merged(new[name], value, append=append, remove=remove)
    _check(world, new)
    return _written(world, given, place, new)


def create(world: World, given: Row) -> JsonValue:
    """POST (trap 7)."""
    new: Row = {"name": None, "type": None, "descr": "", "address": [], "detail": []} | _typed(given)
    if new["name"] is None or new["type"] is None:
        raise Refusal(400, "FIELD_REQUIRED", "Fields 'name' and 'type' are required")
    if not _NAME.fullmatch(str(new["name"])):
        raise Refusal(400, "INVALID_FIREWALL_ALIAS_NAME", f"Invalid firewall alias name '{new['name']}'.")
    if any(each["name"] == new["name"] for each in world.aliases):
        raise Refusal(400, "FIELD_MUST_BE_UNIQUE", "Field 'name' must be unique")
    _check(world, new)
    return _written(world, given, len(world.aliases), new)


def delete(world: World, given: Row) -> JsonValue:
    """DELETE: refused while a rule uses it (trap 7); the ids after it move (trap 1)."""
    place = _place(world, given)
    name = world.aliases[place]["name"]
    if any(name in (rule["source"], rule["destination"]) for rule in world.rules):
        raise Refusal(409, "FIREWALL_ALIAS_IN_USE", f"Alias '{name}' is in use")
    gone = {"id": place} | world.aliases.pop(place)
    world.pending.add("aliases")
    if str(given.get("apply", "")).lower() == "true":
        world.begin_apply(waits=False)
    return gone


def switch(given: Row, name: str, default: bool) -> bool:
    """A control parameter. Raises: Refusal when it is there and no boolean."""
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise Refusal(400, "CONTROL_PARAMETER_INVALID", f"Parameter '{name}' must be a boolean")
    return value


def _place(world: World, given: Row) -> int:
    if "id" not in given:
        raise Refusal(400, "MODEL_REQUIRES_ID", "Field 'id' is required")
    given_id = given["id"]
    if isinstance(given_id, str) and not given_id.isdecimal():
        raise Refusal(404, "MODEL_OBJECT_NOT_FOUND", "Object with this 'id' does not exist")
    place = whole(given_id)
    if place >= len(world.aliases):
        raise Refusal(404, "MODEL_OBJECT_NOT_FOUND", f"Object with id '{place}' does not exist")
    return place


def _typed(given: Row) -> Row:
    """The members that are fields, checked strictly; the others are dropped without a word (trap 2)."""
    sent: Row = {}
    for name, kind in contract().models["alias"].items():
        if name in given:
            if (why := kind.wrong(given[name])) is not None:
                raise Refusal(400, "FIELD_INVALID_TYPE", f"Field '{name}' {why}")
            sent[name] = given[name]
    return sent


def _merged(old: JsonValue, new: JsonValue, *, append: bool, remove: bool) -> JsonValue:
    if not isinstance(old, list) or not isinstance(new, list) or not (append or remove):
        return new
    if remove:
        return [item for item in old if item not in new]
    return [*dict.fromkeys(str(item) for item in (*old, *new))]  # trap 4: an equal text is dropped


def _check(world: World, new: Row) -> None:
    addresses, details = new["address"], new["detail"]
    if not isinstance(addresses, list) or not isinstance(details, list):
        raise Refusal(400, "FIELD_INVALID_TYPE", "address and detail are lists")
    others = {each["name"] for each in world.aliases}
    for text in addresses:
        if text not in others and not _fits(str(text), str(new["type"])):
            raise Refusal(400, f"INVALID_{str(new['type']).upper()}_ALIAS_ADDRESS", f"'{text}' is not valid here")
    if len(details) > len(addresses):
        raise Refusal(400, "TOO_MANY_ALIAS_DETAILS", "more 'detail' items than 'address' items")
    details += ["Entry added Sat, 21 Nov 2026 12:00:00 +0000"] * (len(addresses) - len(details))


def _fits(text: str, kind: str) -> bool:
    if kind == "port":
        first, _, last = text.partition(":")
        return all(part.isdecimal() and 0 < int(part[:6]) <= 65_535 for part in (first, last or first))
    try:
        if kind == "host":
            ip_address(text)
        else:
            ip_network(text, strict=False)
    except ValueError:
        return _DOMAIN.fullmatch(text) is not None and not text.replace(".", "").isdecimal()
    return kind == "host" or "/" in text


def _written(world: World, given: Row, place: int, new: Row) -> JsonValue:
    """Trap 9: a version that does not know `dry_run` drops it and writes. Trap 3: live only by `apply`."""
    if world.dry_runs and switch(given, "dry_run", False):
        return {"id": place} | new
    apply, waits = switch(given, "apply", False), switch(given, "async", True) is False
    world.aliases[place : place + 1] = [new]
    world.pending.add("aliases")
    if apply:
        world.begin_apply(waits=waits)
    return {"id": place} | new
