"""`mcpsoc server NAME` runs one of our servers for any MCP client; `mcpsoc servers` is the list of those we use."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `server` and the group `servers`."""
    _add_server(app, t)
    group = typer.Typer(help=t("The MCP servers the analyst may ask."), no_args_is_help=True)
    app.add_typer(group, name="servers")
    _add_ls(group, t)
    _add_add(group, t)
    _add_config(group, t)
    _add_diff(group, t)
    _add_accept(group, t)


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
        from ui.errors import UsageError
        from ui.serving import bundle, describe, serve

        known = bundle()
        if name not in known:
            raise UsageError("no server {name}; there are: {names}", name=name, names=", ".join(sorted(known)))
        if as_json:
            write_json(describe(known[name]))
        else:
            asyncio.run(serve(known[name], http=http, host=host, port=port))


def _add_ls(group: typer.Typer, t: Catalogue) -> None:
    @group.command("ls", help=t("List bundled and added servers."))
    def ls(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        from ui.cli.output import write_json, write_table
        from ui.serving import bundle, configured, describe

        servers = [*(describe(server) for server in bundle().values()), *configured()]
        if as_json:
            write_json([dict(server) for server in servers])
            return
        rows = [
            (
                str(row["name"]),
                t("bundled") if row["bundled"] else str(row["at"]),
                str(row["reads"]),
                str(row["changes"]),
            )
            for row in servers
        ]
        write_table((t("server"), t("from"), t("reads"), t("changes")), rows)


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


def _add_diff(group: typer.Typer, t: Catalogue) -> None:
    @group.command("diff", help=t("Show tools that nobody accepted yet or that changed since. Exit 1 on any."))
    def diff(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        import asyncio

        from ui.cli.output import write_json, write_table
        from ui.serving import pin_changes

        changes = asyncio.run(pin_changes())
        if as_json:
            write_json([change.model_dump(mode="json") for change in changes])
        else:
            write_table(
                (t("tool"), t("state"), t("differs in")),
                [
                    (change.tool, t("new") if change.state == "new" else t("changed"), ", ".join(change.parts))
                    for change in changes
                ],
            )
        raise typer.Exit(1 if changes else 0)


def _add_accept(group: typer.Typer, t: Catalogue) -> None:
    @group.command("accept", help=t("Accept the tools of one server as they are now; look at them with diff first."))
    def accept(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which server."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.output import write_json, write_line
        from ui.serving import accept_tools

        accepted = asyncio.run(accept_tools(name))
        if as_json:
            write_json({"accepted": [*accepted]})
        else:
            write_line(t("accepted: {names}", names=", ".join(accepted)))
