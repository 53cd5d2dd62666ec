"""`mcpsoc servers new`: a server of one's own to start from."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(group: typer.Typer, t: Catalogue) -> None:
    """Add `new`."""

    @group.command(
        "new",
        help=t("Start a server of your own: a package with an embedded backend, settings, tests and a page."),
        epilog=t("Its tests pass as they are; then put your product behind it, one method at a time."),
    )
    def new(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Lower-case letters, digits and _."))],
        folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help=t("Where to put it."))] = Path(),
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from servers.kit.scaffold import scaffold
        from ui.cli.output import say, write_json, write_line

        made = scaffold(name, folder)
        if as_json:
            write_json({"name": name, "folder": str(made.folder), "files": [*made.files]})
            return
        for file in made.files:
            write_line(str(made.folder / file))
        say(t("Its tests: {command}", command=f"cd {made.folder} && python -m pytest"))
        say(t("Ask it: {command}", command=f"cd {made.folder} && python -m {name}"))
