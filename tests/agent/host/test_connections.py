"""Reading `mcpServers` files, and servers in processes and behind URLs of their own."""

import asyncio
import json
import socket
import sys
import textwrap
from contextlib import asynccontextmanager

import pytest
import uvicorn

from agent.errors import ConnectionConfigError
from agent.host.connections import from_mcp_servers


def servers(**entries):
    return {"mcpServers": entries}


@pytest.mark.parametrize(
    "entry, said",
    [
        ({}, "needs 'command' or 'url'"),
        ({"command": "x", "url": "http://h/mcp"}, "needs 'command' or 'url'"),
        ({"command": ""}, "command"),
        ({"command": "x", "argz": []}, "argz"),
        ({"command": "x", "args": "y"}, "args"),
        ({"command": "x", "args": [1]}, "args.0"),
        ({"command": "x", "env": {"A": 1}}, "env.A"),
        ({"command": "x", "env": {"A": "${A B}"}}, "env.A: Value error, a reference is"),
        ({"command": "x", "type": "http"}, "transport 'http' does not go with 'command'"),
        ({"command": "x", "type": "stdio", "transport": "stdio"}, "mean the same"),
        ({"command": "x", "headers": {"A": "b"}}, "'headers' need 'url'"),
        ({"url": "http://h/mcp", "args": ["a"]}, "need 'command'"),
        ({"url": "ftp://h/mcp"}, "url"),
        ({"url": "http://h/mcp", "type": "sse"}, "type"),
        ({"url": "http://h/mcp", "reads": ["a"], "changes": ["a"]}, "both as read and as change"),
        ({"command": "x", "env": {"A": "${NOT_SET}"}}, "not set in the environment: NOT_SET"),
        ("x", "valid dictionary"),
    ],
)
def test_a_faulty_entry_is_named_with_its_key_and_reason(entry, said):
    """The file was written by hand or pasted from somewhere."""
    with pytest.raises(ConnectionConfigError, match="'files'") as caught:
        from_mcp_servers(servers(files=entry), {})
    assert said in str(caught.value)


def test_a_fault_never_shows_the_value():
    """The value may be a credential."""
    with pytest.raises(ConnectionConfigError) as caught:
        from_mcp_servers(servers(files={"command": "x", "env": {"TOKEN": ["hunter2"]}}), {})
    assert "hunter2" not in repr(caught.value)


@pytest.mark.parametrize("text, said", [("{", "JSON"), ("{}", "mcpServers"), ('{"mcpServers": []}', "mcpServers")])
def test_a_file_that_is_none_says_so_with_its_path(tmp_path, text, said):
    """Which file, and what is wrong with it."""
    path = tmp_path / "servers.json"
    path.write_text(text)

    with pytest.raises(ConnectionConfigError, match=r"servers\.json") as caught:
        from_mcp_servers(path)
    assert said in str(caught.value)
    with pytest.raises(ConnectionConfigError, match="No such file"):
        from_mcp_servers(tmp_path / "none.json")


@pytest.mark.parametrize("name", ["a__b", "", "x" * 40])
def test_a_name_that_cannot_be_part_of_a_tool_name_is_refused(name):
    """Two servers must never be mistaken for one another."""
    with pytest.raises(ConnectionConfigError, match="server name"):
        from_mcp_servers(servers(**{name: {"command": "x"}}), {})


def test_references_are_filled_from_the_environment_and_never_shown():
    """Credentials live in the environment, not in the file and not in a log."""
    entry = {
        "command": "run",
        "args": ["--key=${KEY}", "$5", "${PORT:-80}"],
        "env": {"TOKEN": "x${KEY}y"},
        "autoApprove": ["delete_everything"],
    }
    (connection,) = from_mcp_servers(json.dumps(servers(files=entry)), {"KEY": "hunter2"})

    parameters = connection.entry.parameters(connection.variables)

    assert parameters["args"] == ["--key=hunter2", "$5", "80"]
    assert parameters["env"] == {"TOKEN": "xhunter2y"}
    assert "hunter2" not in repr(connection)
    assert "KEY" not in repr(connection)
    assert connection.rules.kind("delete_everything") is None
    assert not connection.trusted
    assert not connection.bundled


def test_the_environment_is_looked_at_by_default(monkeypatch):
    """As every other program does that reads this file."""
    monkeypatch.setenv("MCPSOC_TEST_KEY", "v")

    (connection,) = from_mcp_servers(servers(files={"command": "x", "env": {"A": "${MCPSOC_TEST_KEY}"}}))

    assert connection.entry.parameters(connection.variables)["env"] == {"A": "v"}


def test_a_url_carries_its_headers_and_a_disabled_server_is_left_out():
    """The usual form of hosted servers."""
    web = {"type": "http", "url": "https://h.example/mcp", "headers": {"Authorization": "Bearer ${K}"}, "reads": ["a"]}
    (connection,) = from_mcp_servers(servers(web=web, off={"command": "x", "disabled": True}), {"K": "s3"})

    parameters = connection.entry.parameters(connection.variables)

    assert parameters["transport"] == "streamable_http"
    assert parameters["headers"] == {"Authorization": "Bearer s3"}
    assert connection.rules.kind("a") == "read"


SERVER = textwrap.dedent(
    """
    import os, sys
    from mcp.server.fastmcp import FastMCP

    server = FastMCP("files", log_level="ERROR")

    @server.tool()
    def whoami() -> dict[str, str]:
        "Who runs this."
        return {"token": os.environ.get("TOKEN", ""), "secret": os.environ.get("UNRELATED_SECRET", "")}

    @server.tool()
    def add(a: int, b: int) -> str:
        "Adds."
        return str(a + b)

    @server.tool()
    def die() -> str:
        "Dies."
        os._exit(1)

    server.run("stdio")
    """
)


async def test_a_server_in_a_process_of_its_own_is_used_dies_and_comes_back(kit, tmp_path, monkeypatch):
    """The whole way over stdio, with a server nobody here wrote: plain FastMCP without any envelope."""
    monkeypatch.setenv("UNRELATED_SECRET", "must not be inherited")
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    entry = {
        "command": sys.executable,
        "args": [str(script)],
        "env": {"TOKEN": "${T}"},
        "reads": ["whoami", "add", "die"],
    }
    (connection,) = from_mcp_servers(servers(files=entry), {"T": "given"})
    settings = kit.settings(start_timeout_s=30, read_timeout_s=20)
    async with kit.host(connection, settings=settings) as host:
        await host.accept("files")
        door, _ = kit.door(host, "site")
        who = await door.read("files__whoami", {})
        total = await door.read("files__add", {"a": 2, "b": 3})
        wrong = await door.read("files__add", {"a": "x", "b": 3})
        died = await door.read("files__die", {})
        await host.ready("files")
        again = await door.read("files__add", {"a": 4, "b": 5})

    assert who.data == {"token": "given", "secret": ""}
    assert (who.status, who.backend, who.sensor, who.provenance) == ("success", "real", None, {})
    assert total.data == {"result": "5"}
    assert (wrong.status, "$.a" in wrong.error) == ("error", True)
    assert (died.status, "went away" in died.error) == ("error", True)
    assert again.data == {"result": "9"}


async def test_a_command_that_does_not_exist_is_a_server_that_is_down(kit):
    """A missing program must not stop the host."""
    (connection,) = from_mcp_servers(servers(files={"command": "/nowhere/none", "reads": ["a"]}), {})
    async with kit.host(connection) as host:
        door, _ = kit.door(host, "site")
        evidence = await door.read("files__a", {})

    assert evidence.status == "error"
    assert "FileNotFoundError" in evidence.error


@asynccontextmanager
async def served(app):
    """The application behind a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield port
        finally:
            server.should_exit = True
            await task


async def test_a_server_behind_a_url_is_used(kit):
    """Streamable HTTP through the adapters, with a header that the server asks for."""
    from mcp.server.fastmcp import FastMCP

    remote = FastMCP("web", json_response=True, log_level="ERROR")

    @remote.tool()
    def lookup(name: str) -> str:
        """Looks up."""
        return f"<{name}>"

    inner = remote.streamable_http_app()

    async def guarded(scope, receive, send):
        if scope["type"] == "http":
            assert dict(scope["headers"])[b"authorization"] == b"Bearer s3"
        await inner(scope, receive, send)

    async with served(guarded) as port:
        entry = {
            "url": f"http://127.0.0.1:{port}/mcp",
            "headers": {"Authorization": "Bearer ${K}"},
            "reads": ["lookup"],
        }
        async with kit.host(*from_mcp_servers(servers(web=entry), {"K": "s3"}), start_timeout_s=10) as host:
            await host.accept("web")
            door, _ = kit.door(host, "site")
            evidence = await door.read("web__lookup", {"name": "x"})

    assert evidence.data == {"result": "<x>"}
