"""A SIMULATOR of Wazuh's server API, for tests: it watches nothing and stands in no manager's place.

It keeps state and has the traps of the real one, each marked where it is:
1 tokens end, and all of them when rights change   2 agents that never reported lack version, system and keep-alive
3 a page ends at 500 unless told otherwise         4 unknown ids are HTTP 200, error 1, no items and one that failed
5 too many requests in a minute                    6 the manager's own record is kept alive until the year 9999
7 rights that cover some agents only are error 2   8 an agent may be called active long after its last word
9 failed logins lock the client out

Source: wazuh/wazuh (GPL-2.0), OpenAPI document of 5.1.0-alpha0, behaviour as its documentation describes it.
"""

import base64
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from servers.endpoint.wazuh.contract import contract

Row: TypeAlias = dict[str, JsonValue]
STATUSES = ("active", "pending", "never_connected", "disconnected")
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"]
_EVERYWHERE = frozenset({"pretty", "wait_for_complete"})
_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Permission Denied", 404: "Not Found",
           405: "Method Not Allowed", 429: "Wazuh Error"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request with its answer, as it went over the wire."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    answer: JsonValue


def agent(number: int, name: str, status: str = "active", **more: JsonValue) -> Row:
    """An agent that reported once."""
    return {
        "id": f"{number:03d}", "name": name, "status": status, "status_code": 0, "ip": f"10.0.0.{number % 250}",
        "registerIP": "any", "dateAdd": "2026-01-05T08:00:00Z", "lastKeepAlive": "2026-03-09T13:59:30Z",
        "version": "v5.0.0", "group": ["default"],
        "os": {"name": "Ubuntu", "platform": "ubuntu", "type": "linux", "version": "24.04 LTS", "major": "24",
               "minor": "04", "arch": "x86_64"},
        **more,
    }  # fmt: skip


def never(number: int, name: str) -> Row:
    """Trap 2: an agent that was registered and never reported."""
    return {"id": f"{number:03d}", "name": name, "status": "never_connected", "status_code": 1, "ip": "any",
            "registerIP": "any", "dateAdd": "2026-01-05T08:00:00Z", "group": ["default"]}  # fmt: skip


@dataclass(slots=True)
class World:
    """One manager."""

    users: dict[str, str] = field(default_factory=lambda: {"reader": "reader-canary-93"})
    agents: list[Row] = field(
        default_factory=lambda: [
            agent(0, "manager", lastKeepAlive="9999-12-31T23:59:59Z", ip="127.0.0.1"),
            agent(1, "web-01"),
            agent(2, "db-01", "disconnected", lastKeepAlive="2026-03-09T11:00:00Z"),
            never(3, "new-01"),
        ]
    )
    """Trap 6: the first of them is the manager itself."""
    hidden: set[str] = field(default_factory=set)
    """Ids that the user may not see (trap 7)."""
    may_read: bool = True
    per_minute: int = 100_000
    """Requests that are answered (trap 5)."""
    login_attempts: int = 5
    """Failed logins until the client is locked out (trap 9)."""
    tokens: set[str] = field(default_factory=set)
    requests: int = 0
    failures: int = 0
    logins: int = 0
    recorded: list[Recorded] = field(default_factory=list)

    def end_tokens(self) -> None:
        """Trap 1: their time is over, or somebody's rights changed."""
        self.tokens.clear()

    def next_minute(self) -> None:
        """Requests are counted anew."""
        self.requests = 0


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def simulator(world: World) -> Starlette:
    """The simulated manager's API as an application; `world` may be looked at and changed while it serves."""

    async def answer(request: Request) -> Response:
        try:
            status, body = 200, _done(world, request)
        except Refusal as refusal:
            status, body = refusal.status, {"title": _TITLES[refusal.status], "detail": refusal.detail}
        query = dict(request.query_params)
        world.recorded.append(Recorded(request.method, request.url.path, query, status, body))
        return JSONResponse(body, status)

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


def _done(world: World, request: Request) -> Row:
    operation = contract().operation(request.method, request.url.path)
    if operation is None:
        known = any(each.path == request.url.path for each in contract().operations)
        raise Refusal(405 if known else 404, "there is no such call")
    world.requests += 1
    if world.requests > world.per_minute:
        raise Refusal(429, "Maximum number of requests per minute reached")
    if operation.model == "token":
        return _signed_in(world, request)
    if request.headers.get("authorization", "").removeprefix("Bearer ") not in world.tokens:
        raise Refusal(401, "Invalid token")
    _check(request.query_params, operation.takes)
    if operation.right != "none" and not world.may_read:
        raise Refusal(403, "Permission denied: Resource type: agent:id")
    match operation.model:
        case "api":
            return {"data": {"title": "Wazuh API REST", "api_version": "5.1.0", "revision": "alpha0",
                             "license_name": "GPL 2.0", "license_url": "https://example.org/LICENSE",
                             "hostname": "manager", "timestamp": "2026-03-09T14:00:00Z"}}  # fmt: skip
        case "connections":
            return _counted(world)
    return _listed(world, request.query_params)


def _signed_in(world: World, request: Request) -> Row:
    _check(request.query_params, ("raw",))
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        user, password = "", ""
    if world.failures >= world.login_attempts or kind != "Basic" or world.users.get(user) != password:
        world.failures += 1
        raise Refusal(401, "Invalid credentials")
    token = secrets.token_urlsafe(24)
    world.tokens.add(token)
    world.logins += 1
    return {"data": {"token": token}, "error": 0}


def _check(query: QueryParams, takes: Sequence[str]) -> None:
    """Unknown parameters are refused; those that the contract leaves out are so here too."""
    for name, value in query.multi_items():
        if name not in {*takes, *_EVERYWHERE}:
            raise Refusal(400, "a parameter is not simulated, or there is none of this name")
        if name in (*_EVERYWHERE, "raw") and value not in ("true", "false"):
            raise Refusal(400, "a switch is true or false")


def _counted(world: World) -> Row:
    found = [each["status"] for each in _seen(world)]
    counts: Row = {status: found.count(status) for status in STATUSES}
    return {"data": {"connection": {**counts, "total": len(found)}}, "error": 0}


def _seen(world: World) -> list[Row]:
    return [each for each in world.agents if each["id"] not in world.hidden]


def _listed(world: World, query: QueryParams) -> Row:
    start, limit = _whole(query, "offset", 0, 0), _whole(query, "limit", 500, 1)
    wanted = _several(query, "agents_list", r"\d{3,}")
    statuses = _several(query, "status", "|".join(STATUSES))
    name, ip = (_word(query, key) for key in ("name", "ip"))
    known = {str(each["id"]) for each in world.agents}
    failed = [_failed(1701, "Agent does not exist", each) for each in wanted if each not in known]
    failed += [_failed(4000, "Permission denied", each) for each in wanted if each in world.hidden & known]
    rows = [
        each
        for each in _seen(world)
        if (not wanted or each["id"] in wanted)
        and (not statuses or each["status"] in statuses)
        and (name is None or each["name"] == name)
        and (ip is None or each["ip"] == ip)
    ]
    rows = _sorted(rows, query.get("sort"))
    error = 0 if not failed else 2 if rows else 1
    data: Row = {
        "affected_items": [dict(row) for row in rows[start : start + limit]],
        "total_affected_items": len(rows),
        "failed_items": [*failed],
        "total_failed_items": len(failed),
    }
    return {"data": data, "message": "Agents information was returned", "error": error}


def _failed(code: int, message: str, agent_id: str) -> Row:
    return {"error": {"code": code, "message": message, "remediation": "-"}, "id": [agent_id]}


def _whole(query: QueryParams, name: str, default: int, least: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not least <= int(text) <= 100_000:
        raise Refusal(400, f"{name} is no whole number within its bounds")
    return int(text)


def _several(query: QueryParams, name: str, pattern: str) -> list[str]:
    given = [part for text in query.getlist(name) for part in text.split(",")]
    if any(not re.fullmatch(pattern, part, re.ASCII) for part in given):
        raise Refusal(400, f"{name} holds something that cannot be one")
    return given


def _word(query: QueryParams, name: str) -> str | None:
    if (text := query.get(name)) is not None and not re.fullmatch(r"[\w,\-.+\s:]+", text):
        raise Refusal(400, f"{name} is not alphanumeric")
    return text


def _sorted(rows: list[Row], by: str | None) -> list[Row]:
    if by is None:
        return rows
    if not re.fullmatch(r"[+-]?(?:id|name|status)", by):
        raise Refusal(400, "the simulator does not sort by this")
    return sorted(rows, key=lambda row: json.dumps(row.get(by.lstrip("+-"))), reverse=by.startswith("-"))
