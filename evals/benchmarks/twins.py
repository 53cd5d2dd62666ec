"""Servers with one equal tool: ours on the kit, and one that stands on the protocol library alone.

`bare` gives the very answer that ours gives, envelope and all; `slim` gives the rows without an envelope, which is less
to send and to check. `python -m evals.benchmarks.twins ours|bare|slim stdio|http PORT` runs one of them in a process of
its own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, get_args

import uvicorn
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import Field
from starlette.applications import Starlette
from starlette.routing import Route

from agent.models import JsonObject
from servers.kit import T1, T2, Limit, Output, Reply, SecurityServer, build_server

Twin: TypeAlias = Literal["ours", "bare", "slim"]
TOOL: Final = "twin_list_rows"
ARGUMENTS: Final[JsonObject] = {"name": "host-7", "limit": 20}
Bare: TypeAlias = "Server[dict[str, object], object]"


class Row(Output):
    """One row, of the size that rows of real answers have."""

    number: Annotated[int, T1]
    host: Annotated[str, T1]
    at: Annotated[str, T1]
    path: Annotated[str, T2]
    command: Annotated[str, T2]


class Rows(Output):
    """Some rows."""

    rows: ClassVar[str | None] = "found"
    found: list[Row]


def row(name: str, number: int) -> dict[str, int | str]:
    """What both say about one row."""
    return {
        "number": number,
        "host": name,
        "at": "2026-03-09T14:00:00.000Z",
        "path": f"C:\\Users\\example\\AppData\\Local\\Temp\\part-{number}.dat",
        "command": f"powershell.exe -NoProfile -File part-{number}.ps1 --target {name}",
    }


def twin_list_rows(name: Annotated[str, Field(min_length=1, max_length=255)], limit: Limit = 20) -> Reply[Rows]:
    """Rows about a host."""
    found = [Row.model_validate(row(name, number)) for number in range(limit)]
    return Reply(Rows(found=found), f"{limit} rows")


def ours() -> SecurityServer:
    """The tool on our kit."""
    return build_server("twin", reads=[twin_list_rows], backend="real", synthetic=False, probe=lambda: "a twin")


def bare(envelope: JsonObject | None) -> Bare:
    """The tool on the library's low-level server, with the checks it brings: the rows in this envelope, or alone."""
    published = next(tool for tool in ours().published if tool.name == TOOL)
    schema = published.output_schema if envelope else ours().tools[TOOL].data_schema
    tool = types.Tool(
        name=TOOL, description=published.description, inputSchema=published.input_schema, outputSchema=schema
    )
    server: Bare = Server("twin")

    async def list_tools() -> list[types.Tool]:
        return [tool]

    async def call_tool(_: str, arguments: dict[str, object]) -> dict[str, object]:
        limit = arguments.get("limit", 20)
        rows = {"found": [row(str(arguments["name"]), n) for n in range(limit if isinstance(limit, int) else 20)]}
        return {**envelope, "data": rows} if envelope else {**rows}

    listing: Callable[[], Callable[[object], object]] = server.list_tools
    listing()(list_tools)
    server.call_tool()(call_tool)
    return server


async def twin(which: Twin) -> Bare:
    """A twin that is not ours."""
    return bare(await ours().call(TOOL, ARGUMENTS) if which == "bare" else None)


async def run_stdio(which: Twin) -> None:
    """A twin that is not ours over standard input and output."""
    server = await twin(which)
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


async def run_http(which: Twin, port: int) -> None:
    """A twin that is not ours over streamable HTTP."""
    manager = StreamableHTTPSessionManager(await twin(which), json_response=True)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    app = Starlette(routes=[Route("/mcp", endpoint=manager.asgi_app)], lifespan=lifespan)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, ws="none")
    await uvicorn.Server(config).serve()


def main() -> None:
    """Run the twin of the arguments until it is ended."""
    which: Twin = next(each for each in get_args(Twin) if each == sys.argv[1])
    if sys.argv[2] == "http":
        port = int(sys.argv[3])
        asyncio.run(ours().run_http("127.0.0.1", port) if which == "ours" else run_http(which, port))
    else:
        asyncio.run(ours().run_stdio() if which == "ours" else run_stdio(which))


if __name__ == "__main__":
    main()
