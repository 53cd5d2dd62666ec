"""`mcpsoc eval`: does it work, measured."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add the group `eval`."""
    group = typer.Typer(help=t("Measure the analyst against stories whose truth is known."), no_args_is_help=True)
    app.add_typer(group, name="eval")
    _add_run(group, t)
    _add_ls(group, t)


def _add_run(group: typer.Typer, t: Catalogue) -> None:
    @group.command("run", help=t("Run one suite and print what came out."))
    def run(
        suite: Annotated[
            str, typer.Option("--suite", help=t("Name of the suite, or a folder of frozen cases; see: mcpsoc eval ls"))
        ] = "stories",
        seeds: Annotated[int, typer.Option("--seeds", min=1, help=t("How many labs are built."))] = 3,
        first_seed: Annotated[int, typer.Option("--first-seed", min=0, help=t("Seed of the first lab."))] = 1,
        data: Annotated[
            Path | None,
            typer.Option("--data", metavar="PATH", help=t("Labelled alerts or sentences, for suites that need them.")),
        ] = None,
        attack: Annotated[
            Path | None,
            typer.Option("--attack", metavar="DIR", help=t("A folder of ATT&CK, for the suite that is fitted on it.")),
        ] = None,
        brain: Annotated[
            str, typer.Option("--brain", help=t("Who decides: playbook, model (the configured one) or model:NAME."))
        ] = "",
        only: Annotated[
            list[str] | None,
            typer.Option("--only", metavar="FAMILY[:KIND]", help=t("Only these stories; may be given several times.")),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        import asyncio

        from evals.report import markdown
        from evals.runner import Request, run_suite
        from ui.cli.output import say, write_json, write_line
        from ui.evaluating import brain_factory, lab_desk
        from ui.replays import configured_brain

        request = Request(
            seeds=seeds,
            first_seed=first_seed,
            data=data,
            attack=attack,
            open_desk=lab_desk,
            brain=brain_factory(brain or "playbook"),
            only=tuple(only or ()),
            brain_of=configured_brain(brain),
            progress=say,
        )
        report = asyncio.run(run_suite(suite, request))
        if as_json:
            write_json(report.model_dump(mode="json"))
        else:
            write_line(markdown(report).rstrip("\n"))
        if report.interrupted:
            raise typer.Exit(130)


def _add_ls(group: typer.Typer, t: Catalogue) -> None:
    @group.command("ls", help=t("List the suites."))
    def ls(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        from evals.runner import SUITES
        from ui.cli.output import write_json, write_table

        suites = list(SUITES.values())
        if as_json:
            write_json([{"name": suite.name, "about": suite.about, "needs_data": suite.needs_data} for suite in suites])
        else:
            rows = [(suite.name, suite.about, t("yes") if suite.needs_data else t("no")) for suite in suites]
            write_table((t("suite"), t("measures"), t("needs data")), rows)
