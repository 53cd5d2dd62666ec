"""`mcpsoc doctor`: what is wrong with this installation, and what to do about it."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `doctor`."""

    @app.command(help=t("Check this installation and its files; name what is wrong and the fix. Exit 1 on a fault."))
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.checking import print_examination
        from ui.doctor import examine, look_around

        examination = examine(look_around(t))
        print_examination(t, examination, as_json=as_json)
        raise typer.Exit(1 if examination.faults else 0)
