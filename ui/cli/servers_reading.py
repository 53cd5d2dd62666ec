"""`mcpsoc servers show|call`: what a server is, and one question to it."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(group: typer.Typer, t: Catalogue) -> None:
    """Add `show` and `call`."""
    _add_show(group, t)
    _add_call(group, t)


def _add_show(group: typer.Typer, t: Catalogue) -> None:
    @group.command("show", help=t("Show one bundled server: tools with arguments, risk and undo, and settings."))
    def show(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which server."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.output import write_json
        from ui.cli.servers_showing import write_manual
        from ui.server_manuals import manual

        document = asyncio.run(manual(name))
        if as_json:
            write_json(document)
        else:
            write_manual(t, document)


def _add_call(group: typer.Typer, t: Catalogue) -> None:
    @group.command(
        "call",
        help=t("Call one read of a bundled server. A tool that changes something is refused."),
        epilog=t("Exit codes: 0 answered, also with nothing found; 1 an error or a change; 2 wrong arguments."),
    )
    def call(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which server."))],
        tool: Annotated[str, typer.Argument(metavar="TOOL", help=t("Which tool; see: mcpsoc servers show NAME"))],
        arg: Annotated[
            list[str] | None, typer.Option("--arg", metavar="NAME=VALUE", help=t("An argument; may be repeated."))
        ] = None,
        json_args: Annotated[
            str | None, typer.Option("--json-args", metavar="JSON", help=t("Arguments as one JSON object."))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=t("The whole envelope as one JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.output import write_json
        from ui.cli.servers_showing import write_answer
        from ui.server_reads import arguments_from, exit_code, read
        from ui.serving import bundled_server

        server = bundled_server(name)
        envelope = asyncio.run(read(server, tool, arguments_from(server, tool, arg or [], json_args)))
        if as_json:
            write_json(envelope)
        else:
            write_answer(t, envelope)
        raise typer.Exit(exit_code(envelope))
