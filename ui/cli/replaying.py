"""`mcpsoc replay` and `mcpsoc compare`: stored cases run again, by another brain, with nothing asked of any server.

Exit codes. replay: 0 it ends the same way; 1 it ends otherwise, or not the same way every time; 2 it cannot be run.
compare: 0 done; 1 the second side closes an attack that was confirmed; 2 it cannot be done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli.catalogue import Catalogue

if TYPE_CHECKING:
    from agent.replay.comparing import Ended


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `replay` and `compare`."""
    _add_replay(app, t)
    _add_compare(app, t)


def _add_replay(app: typer.Typer, t: Catalogue) -> None:
    @app.command(
        help=t("Run a stored case again on its stored evidence and show what is different."),
        epilog=t("Exit codes: 0 the same verdict, 1 another one or not the same one every time, 2 wrong usage."),
    )
    def replay(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        brain: Annotated[
            str, typer.Option("--brain", help=t("playbook, recorded, model, or model:NAME at the same endpoint"))
        ] = "playbook",
        repeat: Annotated[
            int,
            typer.Option(
                "--repeat", min=1, max=50, help=t("Run it so many times, with changes that should change nothing.")
            ),
        ] = 1,
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.output import write_json
        from ui.cli.places import open_home
        from ui.cli.replays import print_difference, teller
        from ui.replays import replay_case

        found = replay_case(open_home(t, demo=demo), case, brain, repeat, teller(t))
        if as_json:
            write_json(found.model_dump(mode="json"))
        else:
            print_difference(t, found)
        is_stable = found.stability is None or found.stability.stable
        raise typer.Exit(0 if found.same_verdict and is_stable else 1)


def _add_compare(app: typer.Typer, t: Catalogue) -> None:
    @app.command(
        help=t(
            "Two brains over the same stored cases, or two files of results: what flips, who is right, what it costs."
        ),
        epilog=t("Exit codes: 0 compared, 1 the second side closes a confirmed attack, 2 wrong usage."),
    )
    def compare(
        a: Annotated[
            str,
            typer.Argument(metavar="A", help=t("stored, playbook, recorded, model, model:NAME, or a file of results")),
        ],
        b: Annotated[str, typer.Argument(metavar="B", help=t("The other side, named in the same way."))],
        cases: Annotated[
            list[str] | None, typer.Argument(metavar="[CASE]...", help=t("Case ids; without any, all cases."))
        ] = None,
        folder: Annotated[
            Path | None, typer.Option("--set", metavar="DIR", help=t("Frozen cases instead: mcpsoc cases freeze"))
        ] = None,
        demo: Annotated[bool, typer.Option("--demo", help=t("Cases of the demo."))] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help=t("One JSON document, which can be a side of a later comparison."))
        ] = False,
    ) -> None:
        from ui.cli.output import say, write_json
        from ui.cli.places import open_home, own_home
        from ui.cli.replays import print_comparison, teller
        from ui.replays import compare_sides, is_file

        def tell(side: str, ended: "Ended") -> None:
            say(f"{side}: {ended.case}: {ended.disposition}")

        needs_cases = folder is None and not (is_file(a) and is_file(b))
        home = open_home(t, demo=demo) if needs_cases else own_home()
        found = compare_sides(home, a, b, folder=folder, cases=cases or (), on_case=tell, tell=teller(t))
        if as_json:
            write_json(found.model_dump(mode="json"))
        else:
            print_comparison(t, found)
        raise typer.Exit(1 if found.attacks_closed_by_b else 0)
