"""A stand-in for MISP, for tests: the few operations that the client uses, as MISP's OpenAPI document describes them.

It is no MISP: it keeps what it is given in memory, and is never reached in a configured MISP's place.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from servers.kit.answer import JsonObject

VERSION: Final = "2.4.200"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what was answered."""

    method: str
    path: str
    body: JsonValue
    status: int
    answer: JsonValue


@dataclass
class World:
    """What this MISP holds."""

    key: str
    attributes: list[JsonObject] = field(default_factory=list)
    sightings: list[JsonObject] = field(default_factory=list)
    warned: dict[str, list[str]] = field(default_factory=dict)
    """Names of warning lists by value."""
    exchanges: list[Exchange] = field(default_factory=list)

    def add(
        self, value: str, kind: str, *, to_ids: bool = True, info: str = "an event", tags: tuple[str, ...] = ()
    ) -> None:
        """Put an attribute into an event of its own."""
        number = str(len(self.attributes) + 1)
        tagged: list[JsonValue] = [{"id": str(n + 1), "name": name, "colour": "#ffffff"} for n, name in enumerate(tags)]
        self.attributes.append(
            {
                "id": number,
                "event_id": number,
                "object_id": "0",
                "category": "Network activity",
                "type": kind,
                "value": value,
                "to_ids": to_ids,
                "uuid": _uuid(f"attribute {number}"),
                "timestamp": "1773000000",
                "distribution": "0",
                "sharing_group_id": "0",
                "comment": "",
                "deleted": False,
                "disable_correlation": False,
                "first_seen": None,
                "last_seen": None,
                "Event": {"id": number, "info": info, "org_id": "1", "orgc_id": "1", "uuid": _uuid(f"event {number}")},
                "Tag": tagged,
            }
        )


class Simulator:
    """The endpoints."""

    def __init__(self, world: World) -> None:
        self.world = world

    def search(self, body: JsonValue) -> tuple[int, JsonValue]:
        """attributes/restSearch, by value alone, a page at a time."""
        wanted = body.get("value") if isinstance(body, dict) else None
        page, limit = (_whole(body.get(name) if isinstance(body, dict) else None) for name in ("page", "limit"))
        found = [each for each in self.world.attributes if wanted in (None, each["value"]) or _half(each, wanted)]
        rows: list[JsonValue] = [*(found[(page or 1) * limit - limit : (page or 1) * limit] if limit else found)]
        return 200, {"response": {"Attribute": rows}}

    def check(self, body: JsonValue) -> tuple[int, JsonValue]:
        """warninglists/checkValue."""
        asked = [each for each in body if isinstance(each, str)] if isinstance(body, list) else []
        hits: JsonObject = {
            value: [{"id": str(n + 1), "name": name} for n, name in enumerate(self.world.warned[value])]
            for value in asked
            if value in self.world.warned
        }
        return 200, hits

    def sight(self, body: JsonValue) -> tuple[int, JsonValue]:
        """sightings/add, by values."""
        values = body.get("values") if isinstance(body, dict) else None
        stamp = body.get("timestamp") if isinstance(body, dict) else None
        if stamp is not None and not re.fullmatch(r"[0-9]*", str(stamp)):
            return _problem(400, "Invalid timestamp")
        found = [each for each in self.world.attributes if isinstance(values, list) and each["value"] in values]
        if not found:
            return _problem(404, "No valid attributes found that match the criteria")
        for each in found:
            self._note(each, str(stamp or "1773000000"))
        return 200, self.world.sightings[-1]

    def listed(self, event: str) -> tuple[int, JsonValue]:
        """sightings/index."""
        rows: list[JsonValue] = [each for each in self.world.sightings if each["event_id"] == event]
        return 200, rows

    def _note(self, attribute: JsonObject, stamp: str) -> None:
        number = str(len(self.world.sightings) + 1)
        self.world.sightings.append(
            {
                "id": number,
                "attribute_id": attribute["id"],
                "event_id": attribute["event_id"],
                "org_id": "1",
                "date_sighting": stamp,
                "uuid": _uuid(f"sighting {number}"),
                "source": "",
                "type": "0",
                "attribute_uuid": attribute["uuid"],
            }
        )


def simulator(world: World) -> Starlette:
    """The application."""
    over = Simulator(world)

    async def answer(request: Request) -> Response:
        body = await _body(request)
        path = request.url.path
        if request.headers.get("authorization") != world.key:
            status, value = _problem(403, "Authentication failed")
        elif path == "/servers/getVersion":
            status, value = 200, {"version": VERSION, "perm_sync": False, "perm_sighting": True}
        elif path.startswith("/sightings/index/"):
            status, value = over.listed(path.rpartition("/")[2])
        else:
            act = {
                "/attributes/restSearch": over.search,
                "/warninglists/checkValue": over.check,
                "/sightings/add": over.sight,
            }[path]
            status, value = act(body)
        world.exchanges.append(Exchange(request.method, path, body, status, value))
        return JSONResponse(value, status)

    posts = ("/attributes/restSearch", "/warninglists/checkValue", "/sightings/add")
    gets = ("/servers/getVersion", "/sightings/index/{event}")
    routes = [Route(path, answer, methods=["POST"]) for path in posts]
    return Starlette(routes=[*routes, *(Route(path, answer, methods=["GET"]) for path in gets)])


async def _body(request: Request) -> JsonValue:
    try:
        value: JsonValue = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    return value


def _problem(status: int, message: str) -> tuple[int, JsonValue]:
    return status, {"name": message, "message": message, "url": "/"}


def _half(attribute: JsonObject, wanted: JsonValue) -> bool:
    return wanted in str(attribute["value"]).split("|")


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))
