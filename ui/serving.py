"""Bundled servers run alone, and the list of other people's servers."""

import asyncio
import json
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import JsonValue

from agent.models import JsonObject, World
from agent.settings import Settings as AgentSettings
from knowledge.trust.owned_files import replace_file
from servers.bundle import bundled, server_names
from servers.kit import SecurityServer
from servers.kit.access import AccessSettings, access_from
from servers.mcpsoc.server import NAME as OWN
from servers.settings import Settings as ServerSettings
from ui.errors import UsageError
from ui.home import Home
from ui.library.opening import knowledge_home
from ui.library.reading import tenant_of
from ui.settings import Settings

if TYPE_CHECKING:
    from agent.host.connections import RemoteConnection


def bundle(home: Home | None = None, names: Collection[str] = (*server_names(), OWN)) -> Mapping[str, SecurityServer]:
    """The bundled servers of these names over a home, that of the settings when none is given: over its lab when there
    is one, and the server of its own cases. No other server is imported."""
    home = home or own_home()
    lab, tenant = home.lab if home.lab.exists() else None, tenant_of(home)
    settings = ServerSettings(home=home.root)
    servers = bundled(lab, knowledge_home(home), settings, tenant, names)
    return {**servers, OWN: _ours(home, settings)} if OWN in names else servers


def _ours(home: Home, settings: ServerSettings) -> SecurityServer:
    """The server of the cases of a home, as others have it: they may also ask the analyst."""
    from ui.asking import ChatAsker
    from ui.hosting import own_server
    from ui.records import CaseRecords
    from ui.store import now_in

    world: World = "lab" if home.is_demo else "site"
    analysts = AgentSettings(home=home.root)
    records = CaseRecords(home, world, analysts, lambda: now_in(home))
    return own_server(records, world, settings, lambda: now_in(home), ChatAsker(home, world, analysts))


def own_home() -> Home:
    """The home of the settings."""
    return Home(Settings().home.expanduser())


@contextmanager
def home_to_look_at() -> Iterator[Home]:
    """The home of the settings; an empty one that is gone afterwards where there is none yet: looking makes nothing."""
    home = own_home()
    if home.root.exists():
        yield home
        return
    with TemporaryDirectory(prefix="mcpsoc-look-") as folder:
        yield Home(Path(folder))


def bundled_server(name: str, home: Home | None = None) -> SecurityServer:
    """One of them. Raises: UsageError when there is none of that name."""
    known = (*server_names(), OWN)
    if name not in known:
        if any(row["name"] == name for row in configured()):
            raise UsageError(
                "{name} is an added server: only bundled ones can be shown, called, verified or run here. The analyst "
                "asks it, as far as its tools are accepted: mcpsoc servers diff",
                name=name,
            )
        raise UsageError("no server {name}; there are: {names}", name=name, names=", ".join(sorted(known)))
    return bundle(home, (name,))[name]


def describe(server: SecurityServer) -> JsonObject:
    """Name, backend and tools of a bundled server."""
    changes = sum(tool.changes for tool in server.published)
    tools: list[JsonObject] = [{"name": tool.name, "changes": tool.changes} for tool in server.published]
    return {
        "name": server.name,
        "bundled": True,
        "backend": server.source.backend,
        "product": server.product,
        "reads": len(tools) - changes,
        "changes": changes,
        "tools": [dict(tool) for tool in tools],
    }


async def described() -> list[JsonObject]:
    """Every bundled server with its health, all asked at once, then other people's, which are not started for this."""
    with home_to_look_at() as home:
        servers = bundle(home).values()
        healths = await asyncio.gather(*(health_of(server) for server in servers))
    ours = [{**describe(server), "health": health} for server, health in zip(servers, healths, strict=True)]
    return [*ours, *configured()]


async def health_of(server: SecurityServer) -> JsonObject:
    """Whether a server can answer, and what is behind it or missing."""
    envelope = await server.health()
    data = envelope["data"]
    if isinstance(data, dict):
        return {"ready": data["ready"], "detail": data["detail"]}
    return {"ready": False, "detail": envelope["summary"]}


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
    from agent.host.connections import from_mcp_servers

    path = AgentSettings().servers_path
    return [_shown(connection) for connection in from_mcp_servers(path)] if path.exists() else []


def add_configured(file: Path) -> tuple[str, ...]:
    """Take the servers of `file` into ours; the names that were added.

    Raises: UsageError when there is no such file or a name is taken, ConnectionConfigError when it is broken."""
    if not file.is_file():
        raise UsageError("no such file: {path}", path=file)
    new = _document(file)
    own_home().make()
    path = AgentSettings().servers_path
    ours = _document(path) if path.exists() else {}
    taken = sorted(set(new) & {*ours, *server_names(), OWN})
    if taken:
        raise UsageError("name already in use: {names}", names=", ".join(taken))
    replace_file(path, json.dumps({"mcpServers": {**ours, **new}}, ensure_ascii=False, indent=2) + "\n")
    return tuple(new)


def _document(path: Path) -> dict[str, JsonValue]:
    """The entries of a file, each one checked, as they stand there.

    Raises: ConnectionConfigError."""
    from agent.host.connections import from_mcp_servers

    from_mcp_servers(path)
    document: dict[str, dict[str, JsonValue]] = json.loads(path.read_bytes())
    return document["mcpServers"]


def client_config() -> JsonObject:
    """Our servers as another MCP client wants them."""
    command = which("mcpsoc") or str(Path(sys.executable).with_name("mcpsoc"))
    names = (*server_names(), OWN)
    return {"mcpServers": {f"mcpsoc-{name}": {"command": command, "args": ["server", name]} for name in names}}


def _shown(connection: "RemoteConnection") -> JsonObject:
    entry = connection.entry
    return {
        "name": connection.name,
        "bundled": False,
        "at": entry.command or str(entry.url),
        "backend": None,
        "product": "",
        "reads": len(entry.reads),
        "changes": len(entry.changes),
        "trusted": entry.trusted,
        "health": None,
    }
