"""`mcpsoc servers pin|diff|accept`: which definitions of tools somebody has looked at."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(group: typer.Typer, t: Catalogue) -> None:
    """Add `pin`, `diff` and `accept`."""
    _add_pin(group, t)
    _add_diff(group, t)
    _add_accept(group, t)


def _add_pin(group: typer.Typer, t: Catalogue) -> None:
    @group.command(
        "pin",
        help=t(
            "Write the hashes of a server's tools. One that changed since stays out of use, and the exit code is 1."
        ),
    )
    def pin(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which server."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.output import say, write_json, write_line
        from ui.server_pins import pin_tools

        pinned = asyncio.run(pin_tools(name))
        if as_json:
            write_json({"server": name, "pinned": dict(pinned.hashes), "changed": [*pinned.changed]})
        else:
            for tool, digest in pinned.hashes.items():
                write_line(f"{digest}  {tool}")
            for tool in pinned.changed:
                say(t("{tool} has changed: look with diff, then accept", tool=tool))
        raise typer.Exit(1 if pinned.changed else 0)


def _add_diff(group: typer.Typer, t: Catalogue) -> None:
    @group.command(
        "diff",
        help=t(
            "Show tools that nobody accepted yet or that changed since, and servers that listed none. Exit 1 on any."
        ),
    )
    def diff(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        import asyncio

        from agent.evidence.text import inert
        from agent.models import JsonObject
        from ui.cli.output import say, write_json, write_table
        from ui.server_pins import compare_tools

        found = asyncio.run(compare_tools())
        if as_json:
            unseen: list[JsonObject] = [
                {"server": name, "state": "unseen", "problem": why} for name, why in found.unseen.items()
            ]
            write_json([*(change.model_dump(mode="json") for change in found.changes), *unseen])
        else:
            write_table(
                (t("tool"), t("state"), t("differs in")),
                [
                    (change.tool, t("new") if change.state == "new" else t("changed"), ", ".join(change.parts))
                    for change in found.changes
                ],
            )
        for name, why in found.unseen.items():
            say(t("{server} listed no tools: {reason}", server=name, reason=inert(why)))
        raise typer.Exit(1 if found.changes or found.unseen else 0)


def _add_accept(group: typer.Typer, t: Catalogue) -> None:
    @group.command("accept", help=t("Accept the tools of one server as they are now; look at them with diff first."))
    def accept(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which server."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui.cli.output import write_json, write_line
        from ui.server_pins import accept_tools

        accepted = asyncio.run(accept_tools(name))
        if as_json:
            write_json({"accepted": [*accepted]})
        else:
            write_line(t("accepted: {names}", names=", ".join(accepted)))
