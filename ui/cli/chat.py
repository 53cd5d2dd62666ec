"""`mcpsoc chat`: ask the analyst, in a terminal."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `chat`."""

    @app.command(
        help=t("Ask the analyst about cases, hosts, accounts, addresses, logs, techniques and runbooks."),
        epilog=t("Exit codes: 0 answered, 1 a question was not understood or its answer failed, 2 wrong usage."),
    )
    def chat(
        question: Annotated[
            list[str] | None, typer.Argument(metavar="[QUESTION]", help=t("Without one: a conversation, a line each."))
        ] = None,
        case: Annotated[
            str | None, typer.Option("--case", metavar="CASE|last", help=t("Talk about this case."))
        ] = None,
        thread: Annotated[str | None, typer.Option("--thread", help=t("Go on with this conversation."))] = None,
        demo: Annotated[bool, typer.Option("--demo", help=t("About the demo's simulated enterprise."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON object per question."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.chatting import Talk, converse
        from ui.cli.places import open_home, operator

        home = open_home(t, demo=demo)
        talk = Talk(home, operator(), case=case, thread=thread, as_json=as_json)
        asked = " ".join(question or ()).strip()
        raise typer.Exit(asyncio.run(converse(t, talk, asked or None)))
