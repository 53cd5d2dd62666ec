"""`mcpsoc server NAME` runs one of our servers for any MCP client; `mcpsoc servers` is the list of those we use."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import servers_checking, servers_making, servers_pinning, servers_reading
from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `server` and the group `servers`."""
    _add_server(app, t)
    group = typer.Typer(help=t("The MCP servers the analyst may ask."), no_args_is_help=True)
    app.add_typer(group, name="servers")
    _add_ls(group, t)
    servers_reading.add(group, t)
    servers_checking.add(group, t)
    _add_add(group, t)
    _add_config(group, t)
    servers_pinning.add(group, t)
    servers_making.add(group, t)


def _add_server(app: typer.Typer, t: Catalogue) -> None:
    @app.command(help=t("Run one bundled server alone: over stdio, or over streamable HTTP."))
    def server(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which one; see: mcpsoc servers ls"))],
        http: Annotated[bool, typer.Option("--http", help=t("Serve streamable HTTP instead of stdio."))] = False,
        host: Annotated[
            str | None, typer.Option("--host", help=t("Address to listen on; loopback by default."))
        ] = None,
        port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help=t("Port to listen on."))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=t("Describe the server instead of running it."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.output import write_json
        from ui.serving import bundled_server, describe, serve

        chosen = bundled_server(name)
        if as_json:
            write_json(describe(chosen))
        else:
            asyncio.run(serve(chosen, http=http, host=host, port=port))


def _add_ls(group: typer.Typer, t: Catalogue) -> None:
    @group.command("ls", help=t("List bundled servers with their health, and added ones."))
    def ls(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        import asyncio

        from ui.cli.output import write_json
        from ui.cli.servers_showing import say_what_is_missing, write_servers
        from ui.serving import described, own_home

        servers = asyncio.run(described())
        if as_json:
            write_json([dict(server) for server in servers])
        else:
            home = own_home()
            write_servers(t, servers, home)
            say_what_is_missing(t, servers, home)


def _add_add(group: typer.Typer, t: Catalogue) -> None:
    @group.command("add", help=t("Add other servers from a file in the usual mcpServers form."))
    def add_file(
        file: Annotated[Path, typer.Argument(metavar="FILE", help=t("JSON file with an mcpServers object."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.output import write_json, write_line
        from ui.serving import add_configured

        added = add_configured(file)
        if as_json:
            write_json({"added": list(added)})
        else:
            for name in added:
                write_line(t("added {name}", name=name))


def _add_config(group: typer.Typer, t: Catalogue) -> None:
    @group.command("config", help=t("Print our servers in mcpServers form, to paste into another MCP client."))
    def config(as_json: Annotated[bool, typer.Option("--json", help=t("The output is JSON anyway."))] = False) -> None:
        from ui.cli.output import write_json
        from ui.serving import client_config

        write_json(client_config())
