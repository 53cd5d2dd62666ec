"""`mcpsoc servers verify`: a live product looked at without changing it."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(group: typer.Typer, t: Catalogue) -> None:
    """Add `verify`."""

    @group.command(
        "verify",
        help=t("Check a bundled server and the product behind it without changing anything. Exit 1 on any finding."),
        epilog=t("Keys and passwords come from the environment or from files, never from the command line."),
    )
    def verify(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which server."))],
        backend: Annotated[
            str | None, typer.Option("--backend", help=t("Product behind it, instead of the setting's."))
        ] = None,
        url: Annotated[str | None, typer.Option("--url", help=t("Where it is, instead of the setting's."))] = None,
        read_only: Annotated[
            bool, typer.Option("--read-only", help=t("Change nothing; there is no other way to verify."))
        ] = True,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui import server_checks
        from ui.cli.output import write_json
        from ui.cli.servers_showing import write_verification

        found = asyncio.run(server_checks.verify(name, backend, url))
        if as_json:
            write_json(found.document())
        else:
            write_verification(t, found)
        raise typer.Exit(1 if found.failed else 0)
