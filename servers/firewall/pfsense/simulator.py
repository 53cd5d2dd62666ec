"""A SIMULATOR of the pfSense REST API package v2, for tests: it blocks nothing and stands in no box's place.

It keeps state and has the 13 traps of the real one, each marked where it is:
1 ids are places in a list   2 unknown keys are dropped, known ones strictly typed   3 nothing is live before an apply
4 an equal text is not appended   5 GET with a JSON content type ignores the query   6 a long log kills its endpoint
7 aliases in use, names   8 states by `address:port`   9 dry_run by version   10 TLS by whoever serves it
11 privileges per key   12 login protection   13 what a PATCH holds overwrites

Source: pfrest/pfSense-pkg-RESTAPI v2.7.1 and v2.10.0 (Apache-2.0), behaviour as its models and issues describe it.
"""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from servers.firewall.pfsense import simulator_alias as aliases
from servers.firewall.pfsense import simulator_query as querying
from servers.firewall.pfsense.contract import Operation, contract
from servers.firewall.pfsense.simulator_query import Refusal
from servers.firewall.pfsense.simulator_world import EVERYTHING, Recorded, Row, World

_STATUS = {200: "ok", 400: "bad request", 401: "unauthorized", 403: "forbidden", 404: "not found",
           405: "method not allowed", 406: "not acceptable", 409: "conflict", 415: "unsupported media type",
           500: "internal server error"}  # fmt: skip
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"]


def simulator(world: World) -> Starlette:
    """The simulated box as an application; `world` may be looked at and changed while it serves."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        response = _answered(world, request, body)
        _record(world, request, body, response)
        return response

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


def _answered(world: World, request: Request, body: bytes) -> Response:
    try:
        return _envelope(200, "SUCCESS", "", _done(world, request, body))
    except Refusal as refusal:
        return _envelope(refusal.code, refusal.response_id, refusal.message, [])
    except MemoryError:
        return PlainTextResponse("Fatal error: Allowed memory size of 536870912 bytes exhausted", 500)


def _envelope(code: int, response_id: str, message: str, data: JsonValue) -> Response:
    text = message.replace("'", "`").replace('"', "`")
    return JSONResponse(
        {"code": code, "status": _STATUS[code], "response_id": response_id, "message": text, "data": data}, code
    )


def _done(world: World, request: Request, body: bytes) -> JsonValue:
    operation = _operation(request.method, request.url.path)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("", "application/json", "application/x-www-form-urlencoded"):
        raise Refusal(415, "ENDPOINT_CONTENT_TYPE_NOT_SUPPORTED", "no handler for this content type")
    accepted = request.headers.get("accept", "*/*")
    if not any(each in accepted for each in ("application/json", "*/*", "application/*")):
        raise Refusal(406, "ENDPOINT_ACCEPT_TYPE_NOT_SUPPORTED", "no handler for this accept type")
    _authorise(world, request.headers.get("x-api-key"), operation)
    given = _given(request, body, kind)
    if operation.use != "read":
        world.before_write(world)
    return _perform(world, operation, given)


def _operation(method: str, path: str) -> Operation:
    if (found := contract().operation(method, path)) is not None:
        return found
    if any(each.path == path for each in contract().operations):
        raise Refusal(405, "ENDPOINT_METHOD_NOT_ALLOWED", "the method is not supported")
    raise Refusal(404, "ENDPOINT_NOT_FOUND", "there is no such endpoint")


def _authorise(world: World, key: str | None, operation: Operation) -> None:
    """Traps 11 and 12: one failure too many and even a good key is refused."""
    if world.locked_out or key not in world.keys:
        world.failures += 1
        raise Refusal(401, "AUTH_AUTHENTICATION_FAILED", "Authentication failed")
    if not world.keys[key] & (EVERYTHING | {operation.privilege}):
        raise Refusal(403, "ENDPOINT_CLIENT_NOT_ALLOWED", f"Authorization failed. Needs {operation.privilege!r}")


def _given(request: Request, body: bytes, kind: str) -> Row:
    """What was asked for. Trap 5: with a JSON content type the body counts and the query is not looked at."""
    if kind == "application/json" and (body or request.method in ("GET", "DELETE")):
        try:
            given = json.loads(body) if body else {}
        except ValueError:
            raise Refusal(400, "JSON_CONTENT_HANDLER_INVALID", "the body is no JSON") from None
        if not isinstance(given, dict):
            raise Refusal(400, "ENDPOINT_REQUEST_DATA_INVALID", "the body is no object")
        return given
    if request.method in ("GET", "DELETE"):
        return dict(request.query_params)
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _perform(world: World, operation: Operation, given: Row) -> JsonValue:
    match operation.method, operation.path.removeprefix("/api/v2/"):
        case "PATCH", "firewall/alias":
            return aliases.change(world, given)
        case "POST", "firewall/alias":
            return aliases.create(world, given)
        case "DELETE", "firewall/alias":
            return aliases.delete(world, given)
        case "DELETE", "firewall/states":
            return querying.kill(world, given)
        case method, "firewall/apply":
            return _apply(world, given, begin=method == "POST")
        case _, "diagnostics/table":
            return _table(world, given)
        case _, "status/logs/firewall":
            return _log(world, given)
    return _read(world, operation, given)


def _read(world: World, operation: Operation, given: Row) -> JsonValue:
    singles: Mapping[str, Row] = {
        "version": {"version": "2.8.1-RELEASE", "base": "2.8.1", "patch": "0", "buildtime": "Thu Jul 3 2026"},
        "api_version": {"current_version": world.api_version},
        "dns": {"dnsallowoverride": False, "dnslocalhost": None, "dnsserver": _texts(world.dns)},
    }
    if (single := singles.get(operation.model)) is not None:
        return dict(single)
    lists: Mapping[str, Sequence[Row]] = {
        "alias": world.aliases,
        "rule": world.rules,
        "state": world.states,
        "interface": world.interfaces,
        "gateway": world.gateways,
    }
    default = 100 if operation.model == "state" else 0
    fields = contract().fields(operation)
    return [dict(row) for row in querying.chosen(lists[operation.model], given, fields, default)]


def _apply(world: World, given: Row, *, begin: bool) -> JsonValue:
    if begin:
        world.begin_apply(waits=aliases.switch(given, "async", True) is False)
    else:
        world.polled()
    return {"applied": not world.pending, "pending_subsystems": _texts(sorted(world.pending))}


def _table(world: World, given: Row) -> JsonValue:
    if "id" not in given:
        raise Refusal(400, "MODEL_REQUIRES_ID", "Field 'id' is required")
    if (held := world.tables.get(str(given["id"]))) is None:
        raise Refusal(404, "MODEL_OBJECT_NOT_FOUND", "Object with this 'id' does not exist")
    return {"id": str(given["id"]), "entries": _texts(held)}


def _texts(texts: Sequence[str]) -> JsonValue:
    return [*texts]


def _log(world: World, given: Row) -> JsonValue:
    """Trap 6, and which end of the log a limit keeps, which changed between versions."""
    limit, offset = (querying.whole(given.get(name, 0)) for name in ("limit", "offset"))
    if world.log_dies or (limit == 0 and len(world.log) > 100_000):
        raise MemoryError
    lines = world.log
    if limit and world.newest_first:
        stop = max(0, len(lines) - offset)
        lines = lines[max(0, stop - limit) : stop]
    elif limit or offset:
        lines = lines[offset : offset + limit if limit else None]
    return [{"id": number, "text": line} for number, line in enumerate(lines)]


def _record(world: World, request: Request, body: bytes, response: Response) -> None:
    try:
        sent: JsonValue = json.loads(body) if body else None
    except ValueError:
        sent = body.decode("utf-8", "replace")
    answer = json.loads(bytes(response.body)) if response.media_type == "application/json" else None
    kind = request.headers.get("content-type")
    query = dict(request.query_params)
    world.recorded.append(Recorded(request.method, request.url.path, query, kind, sent, response.status_code, answer))
