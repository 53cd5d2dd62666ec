"""`mcpsoc lab`: the simulated enterprise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli.catalogue import Catalogue
from ui.cli.places import own_home

if TYPE_CHECKING:
    from agent.models import JsonObject
    from ui.home import Home


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add the group `lab`."""
    group = typer.Typer(help=t("The simulated enterprise: make it, move its clock, look at it."), no_args_is_help=True)
    app.add_typer(group, name="lab")
    _add_create(group, t)
    _add_advance(group, t)
    _add_export(group, t)
    _add_status(group, t)


def _add_create(group: typer.Typer, t: Catalogue) -> None:
    @group.command("create", help=t("Make a lab with seven days of history and its stories."))
    def create(
        seed: Annotated[int, typer.Option(min=0, help=t("Same seed, same lab."))] = 1,
        force: Annotated[bool, typer.Option("--force", help=t("Replace the lab there is."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.output import say
        from ui.errors import UsageError
        from ui.lab import create_lab, status

        home = own_home().make()
        if home.lab.exists() and not force:
            raise UsageError("there is a lab at {path}; --force replaces it", path=home.lab)
        say(t("making a lab, a few seconds ..."))
        create_lab(home, seed)
        _print_status(t, status(home), as_json=as_json)


def _add_advance(group: typer.Typer, t: Catalogue) -> None:
    @group.command("advance", help=t("Let time pass in the lab: people work and stories go on."))
    def advance(
        by: Annotated[str, typer.Argument(metavar="TIME", help=t("How long: 90s, 30m, 2h or 1d."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.errors import UsageError
        from ui.lab import advance_lab, duration, status

        if (span := duration(by)) is None:
            raise UsageError("{text} is no length of time; write 90s, 30m, 2h or 1d", text=by)
        home = _existing(t)
        advance_lab(home, span)
        _print_status(t, status(home), as_json=as_json)


def _add_export(group: typer.Typer, t: Catalogue) -> None:
    @group.command("export", help=t("Write every record of the lab, but no answers, as JSON lines."))
    def export(
        out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=t("Instead of stdout."))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=t("The output is JSON lines anyway."))] = False,
    ) -> None:
        import sys

        from ui.lab import export_lab

        home = _existing(t)
        if out is None:
            sys.stdout.buffer.writelines(export_lab(home))
            sys.stdout.buffer.flush()
        else:
            with out.open("wb") as stream:
                stream.writelines(export_lab(home))


def _add_status(group: typer.Typer, t: Catalogue) -> None:
    @group.command("status", help=t("What the lab holds and what time it is there."))
    def show_status(
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.lab import status

        _print_status(t, status(_existing(t)), as_json=as_json)


def _existing(t: Catalogue) -> "Home":
    from ui.errors import UsageError

    home = own_home().make()
    if not home.lab.exists():
        raise UsageError("there is no lab yet; make one: {command}", command="mcpsoc lab create")
    return home


def _print_status(t: Catalogue, status: "JsonObject", *, as_json: bool) -> None:
    from ui.cli.output import write_json, write_line

    if as_json:
        write_json(status)
        return
    names = {
        "path": t("lab"),
        "seed": t("seed"),
        "start": t("starts"),
        "now": t("now there"),
        "events": t("events"),
        "alerts": t("alerts"),
        "new_alerts": t("of them new"),
        "hosts": t("hosts"),
        "people": t("people"),
    }
    for key, name in names.items():
        write_line(f"{name:14} {status[key]}")
