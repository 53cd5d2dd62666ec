"""`mcpsoc hunt`: an investigation of what a person supposes, without an alert."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `hunt`."""

    @app.command(
        help=t("Look for what may have happened, in your own words: found, not found, or where nobody could look."),
        epilog=t("Exit codes: 0 the hunt looked everywhere it meant to, 1 it could not, 2 wrong usage."),
    )
    def hunt(
        hypothesis: Annotated[
            list[str],
            typer.Argument(metavar="HYPOTHESIS", help=t("Who may have done what to what, and when; in words.")),
        ],
        since: Annotated[
            str | None,
            typer.Option("--since", metavar="TIME", help=t("From when on: ISO 8601, or a span such as 12h or 7d.")),
        ] = None,
        until: Annotated[
            str | None, typer.Option("--until", metavar="TIME", help=t("Until when: ISO 8601; default: now."))
        ] = None,
        demo: Annotated[bool, typer.Option("--demo", help=t("In the demo's simulated enterprise."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.hunting import Asked, hunt_once
        from ui.cli.places import own_home

        home = own_home().demo if demo else own_home()
        asked = Asked(" ".join(hypothesis), since, until, as_json=as_json)
        raise typer.Exit(asyncio.run(hunt_once(t, home, asked)))
