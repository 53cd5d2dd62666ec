"""Too much and too little: giant answers, calls taken back, many at once, a backend that goes away."""

import json
from collections.abc import Callable, Iterator, Mapping

import anyio
import anyio.to_thread
from mcp import McpError
from pydantic import JsonValue, ValidationError

from servers.errors import ToolError
from servers.kit.answer import JsonObject, Reply
from servers.kit.conformance.judge import Judge
from servers.kit.conformance.payloads import HUGE
from servers.kit.conformance.session import Client, watched_by
from servers.kit.envelope import HARD_CAP, answered
from servers.kit.protocol import Published
from servers.kit.provenance import Shape
from servers.kit.server import SecurityServer, wall_clock
from servers.kit.tool import Tool

AT_ONCE = 50
MANY = 8 * HARD_CAP
"""Characters that the rows of a giant answer come to; one text of it has millions."""
PATIENCE_S = 10.0
"""How long a server may take to answer its health after something went wrong."""


def giants(server: SecurityServer, data: Mapping[str, JsonObject], judge: Judge) -> None:
    """What each tool answered, blown up far beyond the cap: it must still be an answer, and a short one."""
    for published in server.published:
        if (small := data.get(published.name)) is None:
            continue
        tool = server.tools[published.name]
        for kind, giant in _blown_up(tool, small):
            _examine_giant(server, tool, published, giant, kind, judge)


def _examine_giant(
    server: SecurityServer, tool: Tool, published: Published, giant: JsonObject, kind: str, judge: Judge
) -> None:
    try:
        model = tool.output.model_validate(giant)
    except ValidationError:
        return  # the model itself sets a bound
    try:
        envelope = answered(Reply(model, "a giant"), tool.shape, server.source, wall_clock())
    except ToolError as problem:
        judge.complain(tool.name, f"{kind} make the answer impossible: {problem.code}")
        return
    judge.examine(published, envelope, kind)


def _blown_up(tool: Tool, data: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """The data with each list, then with one text, that an outsider can make grow."""
    for name, value in data.items():
        rows = name == tool.output.rows
        if isinstance(value, list) and value and (rows or _outside((tool.shape.fields or {}).get(name))):
            yield f"many {name}", {**data, name: value * (MANY // len(json.dumps(value)) + 1)}
    longer, done = _lengthened(data, tool.shape)
    if done and isinstance(longer, dict):
        yield "a long outside text", longer


def _outside(shape: Shape | None) -> bool:
    """Whether an outsider may have written any of this."""
    return shape is None or any(leaf.by == "T2" for leaf in shape.leaves())


def _lengthened(value: JsonValue, shape: Shape) -> tuple[JsonValue, bool]:
    """`value` with its first outside text made very long, and whether there is one."""
    if isinstance(value, str):
        return ("A " * (HUGE // 2), True) if shape.by == "T2" else (value, False)
    if isinstance(value, dict):
        for key, item in value.items():
            longer, done = _lengthened(item, (shape.fields or {}).get(key) or Shape(key))
            if done:
                return {**value, key: longer}, True
    if isinstance(value, list):
        for place, item in enumerate(value):
            longer, done = _lengthened(item, shape.items or Shape(shape.path, by=shape.by))
            if done:
                return [*value[:place], longer, *value[place + 1 :]], True
    return value, False


async def taken_back(server: SecurityServer, bases: Mapping[str, JsonObject], judge: Judge) -> None:
    """A call that is cancelled must leave the session answering."""
    for tool in server.published:
        if tool.changes:
            continue
        began = anyio.Event()
        async with watched_by(server, began) as client:
            await client.call_and_cancel(tool.name, bases[tool.name], began)
            if not await _healthy(server, client):
                judge.complain(tool.name, "the server does not answer after this call was cancelled")


async def _healthy(server: SecurityServer, client: Client) -> bool:
    """Whether the health tool answers in time."""
    try:
        with anyio.fail_after(PATIENCE_S):
            return bool(await client.call(f"{server.name}_health", {}))
    except (TimeoutError, McpError):
        return False


async def crowd(server: SecurityServer, client: Client, bases: Mapping[str, JsonObject], judge: Judge) -> None:
    """Many calls at once are each answered, and each with its own answer."""
    reads = [tool for tool in server.published if not tool.changes]
    answers: list[tuple[Published, JsonObject]] = []

    async def ask(tool: Published) -> None:
        answers.append((tool, await client.call(tool.name, bases[tool.name])))

    async with anyio.create_task_group() as group:
        for number in range(AT_ONCE):
            group.start_soon(ask, reads[number % len(reads)])
    for tool, envelope in answers:
        judge.examine(tool, envelope, f"one of {AT_ONCE} at once")


async def outage(
    server: SecurityServer, client: Client, bases: Mapping[str, JsonObject], judge: Judge, dies: Callable[[], object]
) -> None:
    """End the backend while calls run: each is answered, and afterwards every one says that it failed."""
    reads = [tool for tool in server.published if not tool.changes and tool.name != f"{server.name}_health"]
    answers: list[tuple[Published, JsonObject]] = []

    async def ask(tool: Published) -> None:
        answers.append((tool, await client.call(tool.name, bases[tool.name])))

    async with anyio.create_task_group() as group:
        for tool in reads:
            group.start_soon(ask, tool)
        await anyio.to_thread.run_sync(dies)
    for tool, envelope in answers:
        judge.examine(tool, envelope, "the backend ends meanwhile")
    for tool in reads:
        envelope = await client.call(tool.name, bases[tool.name])
        judge.examine(tool, envelope, "the backend is gone")
        if envelope.get("ok") is True:
            judge.complain(tool.name, f"answers {envelope['status']} without its backend")
    health = (await client.call(f"{server.name}_health", {})).get("data")
    if isinstance(health, dict) and health.get("ready") is True:
        judge.complain(server.name, "its health is ready without its backend")
