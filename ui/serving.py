"""Bundled servers run alone, and the list of other people's servers."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which

from pydantic import Field, ValidationError, model_validator

from agent.models import JsonObject, Model
from servers.bundle import bundled
from servers.kit import SecurityServer
from servers.settings import Settings as ServerSettings
from ui.errors import CheckFailedError, UsageError
from ui.home import Home
from ui.settings import Settings

class Entry(Model, extra="ignore"):
    """One server of an `mcpServers` object: a command to start, or a URL to connect to."""

    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str | None = None
    headers: dict[str, str] = {}
    type: str | None = None

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> "Entry":
        if (self.command is None) == (self.url is None):
            raise ValueError("needs a command or a url, one of the two")
        return self


class Configured(Model, extra="ignore"):
    """A file in the usual form."""

    servers: dict[str, Entry] = Field(alias="mcpServers")


def bundle() -> Mapping[str, SecurityServer]:
    """Every bundled server, over the lab of the home when there is one."""
    home = Home(Settings().home.expanduser())
    return bundled(home.lab if home.lab.exists() else None, home.root, ServerSettings())


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
        await server.run_http(host or settings.http_host, port or settings.http_port)
    else:
        await server.run_stdio()


def configured() -> dict[str, JsonObject]:
    """Other people's servers, by name, without the values of their environment and headers."""
    path = Home(Settings().home.expanduser()).servers
    if not path.exists():
        return {}
    return {name: _shown(entry) for name, entry in read_configured(path).servers.items()}


def read_configured(path: Path) -> Configured:
    """A file in `mcpServers` form. Raises: CheckFailedError saying where it is broken."""
    try:
        return Configured.model_validate_json(path.read_bytes())
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        reason = f"{place}: {detail['msg']}" if place else detail["msg"]
        raise CheckFailedError("{path} cannot be used: {reason}", path=path, reason=reason) from error


def add_configured(file: Path) -> tuple[str, ...]:
    """Take the servers of `file` into ours; the names that were added.

    Raises: UsageError when there is no such file or a name is taken, CheckFailedError when it is broken."""
    if not file.is_file():
        raise UsageError("no such file: {path}", path=file)
    new = read_configured(file)
    home = Home(Settings().home.expanduser()).make()
    ours = read_configured(home.servers) if home.servers.exists() else Configured(mcpServers={})
    taken = sorted(set(new.servers) & (set(ours.servers) | set(bundle())))
    if taken:
        raise UsageError("name already in use: {names}", names=", ".join(taken))
    merged = Configured(mcpServers={**ours.servers, **new.servers})
    beside = home.servers.with_name(f".{home.servers.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    beside.write_text(merged.model_dump_json(by_alias=True, indent=2, exclude_defaults=True) + "\n", encoding="utf-8")
    beside.replace(home.servers)
    return tuple(new.servers)


def client_config() -> JsonObject:
    """Our servers as another MCP client wants them."""
    command = which("mcpsoc") or str(Path(sys.executable).with_name("mcpsoc"))
    entries: JsonObject = {f"mcpsoc-{name}": {"command": command, "args": ["server", name]} for name in bundle()}
    return {"mcpServers": entries}


def _shown(entry: Entry) -> JsonObject:
    shown: JsonObject = json.loads(entry.model_dump_json(exclude_defaults=True, exclude={"env", "headers"}))
    return {**shown, "env": sorted(entry.env), "headers": sorted(entry.headers)}
