"""The same server objects alone over stdio, and over streamable HTTP."""

import asyncio
import socket
import sys
from pathlib import Path

import httpx
import pytest
import uvicorn
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from servers.bundle import bundled
from servers.errors import ConfigurationError
from servers.settings import Settings

ALONE = """
import asyncio, pathlib, sys
from servers.bundle import bundled
from servers.settings import Settings
home = pathlib.Path(sys.argv[1])
asyncio.run(bundled(None, home, Settings(home=home))["kb"].run_stdio())
"""


async def test_server_runs_alone_over_stdio(tmp_path: Path) -> None:
    """Other clients start a server as a process of its own; nothing but the protocol may come on its stdout."""
    alone = StdioServerParameters(command=sys.executable, args=["-W", "error", "-c", ALONE, str(tmp_path)])
    async with stdio_client(alone) as (reader, writer), ClientSession(reader, writer) as session:
        await session.initialize()
        answer = await session.call_tool("kb_search", {"query": "T1490 shadow copies"})

    assert answer.structuredContent is not None
    assert answer.structuredContent["data"]["hits"][0]["id"].startswith("ransomware#")


async def test_server_answers_over_http_to_loopback_names_only(tmp_path: Path) -> None:
    """A page in a browser must not reach a local server by pointing its own name at it."""
    app = bundled(None, tmp_path, Settings(home=tmp_path))["kb"].http_app()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        running = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            async with streamable_http_client(url) as (reader, writer, _), ClientSession(reader, writer) as session:
                await session.initialize()
                answer = await session.call_tool("kb_list_documents", {})
            async with httpx.AsyncClient() as browser:
                foreign = await browser.post(url, json={}, headers={"Host": "evil.example"})
        finally:
            server.should_exit = True
            await running

    assert answer.structuredContent is not None
    assert answer.structuredContent["status"] == "success"
    assert foreign.status_code in (403, 421)


async def test_address_off_loopback_is_refused(tmp_path: Path) -> None:
    """There is no authentication yet, so nobody else may reach a server."""
    with pytest.raises(ConfigurationError, match="loopback"):
        await bundled(None, tmp_path, Settings(home=tmp_path))["kb"].run_http("0.0.0.0", 8321)
