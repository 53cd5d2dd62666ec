"""Bundled servers run alone, and the list of other people's servers."""

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from shutil import which

from pydantic import JsonValue

from agent.host.connections import RemoteConnection, from_mcp_servers
from agent.host.host import Host
from agent.host.pins import PinChange
from agent.models import JsonObject, World, utc_now
from agent.settings import Settings as AgentSettings
from knowledge.trust.owned_files import replace_file
from servers.bundle import bundled
from servers.kit import SecurityServer
from servers.kit.access import AccessSettings, access_from
from servers.settings import Settings as ServerSettings
from ui.errors import UsageError
from ui.home import Home
from ui.hosting import open_host, own_server
from ui.library.opening import knowledge_home
from ui.library.reading import tenant_of
from ui.records import CaseRecords
from ui.settings import Settings
from ui.store import is_demo, now_in


def bundle() -> Mapping[str, SecurityServer]:
    """Every bundled server, over the lab of the home when there is one, and the server of the home's own cases."""
    home = Home(Settings().home.expanduser())
    settings = ServerSettings()
    world: World = "lab" if is_demo(home) else "site"
    records = CaseRecords(home, world, AgentSettings(home=home.root), lambda: now_in(home))
    ours = own_server(records, world, settings, lambda: now_in(home))
    lab, tenant = home.lab if home.lab.exists() else None, tenant_of(home)
    return {**bundled(lab, knowledge_home(home), settings, tenant), ours.name: ours}


def describe(server: SecurityServer) -> JsonObject:
    """Name and tools of a bundled server."""
    changes = sum(tool.changes for tool in server.published)
    tools: list[JsonObject] = [{"name": tool.name, "changes": tool.changes} for tool in server.published]
    return {
        "name": server.name,
        "bundled": True,
        "reads": len(tools) - changes,
        "changes": changes,
        "tools": [dict(tool) for tool in tools],
    }


async def serve(server: SecurityServer, *, http: bool, host: str | None, port: int | None) -> None:
    """Run until the client goes away or somebody interrupts."""
    settings = ServerSettings()
    if http:
        access = access_from(AccessSettings())
        await server.run_http(host or settings.http_host, port or settings.http_port, access)
    else:
        await server.run_stdio()


def configured() -> list[JsonObject]:
    """Other people's servers, without the values of their arguments, environment and headers."""
    path = AgentSettings().servers_path
    return [_shown(connection) for connection in from_mcp_servers(path)] if path.exists() else []


def add_configured(file: Path) -> tuple[str, ...]:
    """Take the servers of `file` into ours; the names that were added.

    Raises: UsageError when there is no such file or a name is taken, ConnectionConfigError when it is broken."""
    if not file.is_file():
        raise UsageError("no such file: {path}", path=file)
    new = _document(file)
    Home(Settings().home.expanduser()).make()
    path = AgentSettings().servers_path
    ours = _document(path) if path.exists() else {}
    taken = sorted(set(new) & (set(ours) | set(bundle())))
    if taken:
        raise UsageError("name already in use: {names}", names=", ".join(taken))
    replace_file(path, json.dumps({"mcpServers": {**ours, **new}}, ensure_ascii=False, indent=2) + "\n")
    return tuple(new)


async def pin_changes() -> list[PinChange]:
    """Tools of connected servers whose definition is new or not the accepted one."""
    async with _connected() as host:
        return host.diff()


async def accept_tools(server: str) -> tuple[str, ...]:
    """Accept a server's tools as they are now; their full names. Raises: HostError when it is not connected."""
    async with _connected() as host:
        return tuple(await host.accept(server))


def _connected() -> AbstractAsyncContextManager[Host]:
    home = Home(Settings().home.expanduser()).make()
    return open_host(home, "site", AgentSettings(), utc_now)


def _document(path: Path) -> dict[str, JsonValue]:
    """The entries of a file, each one checked, as they stand there.

    Raises: ConnectionConfigError."""
    from_mcp_servers(path)
    document: dict[str, dict[str, JsonValue]] = json.loads(path.read_bytes())
    return document["mcpServers"]


def client_config() -> JsonObject:
    """Our servers as another MCP client wants them."""
    command = which("mcpsoc") or str(Path(sys.executable).with_name("mcpsoc"))
    entries: JsonObject = {f"mcpsoc-{name}": {"command": command, "args": ["server", name]} for name in bundle()}
    return {"mcpServers": entries}


def _shown(connection: RemoteConnection) -> JsonObject:
    entry = connection.entry
    return {
        "name": connection.name,
        "bundled": False,
        "at": entry.command or str(entry.url),
        "reads": len(entry.reads),
        "changes": len(entry.changes),
        "trusted": entry.trusted,
    }
