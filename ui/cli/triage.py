"""`mcpsoc triage`: real alerts in, one verdict a line out. Always world `site`; nothing is sent anywhere."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `triage`."""

    @app.command(
        help=t("Judge alerts of your own products: one line per alert, in input order."),
        epilog=t("Formats: Wazuh, Suricata EVE, Microsoft Defender and Sentinel, Elastic, OCSF, generic JSON."),
    )
    def triage(
        file: Annotated[
            str, typer.Argument(metavar="FILE", help=t("Alerts as JSON lines or one JSON document; - is stdin."))
        ] = "",
        watch: Annotated[
            Path | None,
            typer.Option("--watch", metavar="PATH", help=t("Follow a growing alert file instead, until interrupted.")),
        ] = None,
        repeat: Annotated[
            int,
            typer.Option(
                "--repeat",
                min=1,
                max=50,
                help=t("Judge each alert so many times, with changes that should change nothing."),
            ),
        ] = 1,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON object a line."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.places import own_home
        from ui.errors import UsageError

        if bool(file) == (watch is not None):
            raise UsageError("name a FILE (or - for stdin), or a file to --watch: one of the two")
        if file not in ("", "-") and not Path(file).is_file():
            raise UsageError("no such file: {path}", path=file)

        from ui.cli.triaging import Printer, judge_file, judge_watched

        home, printer = own_home(), Printer(t, as_json=as_json)
        if watch is not None:
            asyncio.run(judge_watched(watch, home, printer, repeat))
        else:
            asyncio.run(judge_file(file, home, printer, repeat))
        raise typer.Exit(1 if printer.broken else 0)
