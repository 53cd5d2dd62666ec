"""`mcpsoc model`: what the configured language model is fit for."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add the group `model`."""
    group = typer.Typer(help=t("Measure what a language model may be used for."), no_args_is_help=True)
    app.add_typer(group, name="model")
    _add_probe(group, t)
    _add_show(group, t)


def _add_probe(group: typer.Typer, t: Catalogue) -> None:
    @group.command(
        "probe",
        help=t("Ask the configured model some twenty questions whose answers code can judge, and keep what came out."),
        epilog=t("Exit codes: 0 fit for triage and chat, 1 not, 2 no model is configured, 130 interrupted."),
    )
    def probe(
        strong: Annotated[bool, typer.Option("--strong", help=t("Measure the second, stronger model."))] = False,
        quick: Annotated[bool, typer.Option("--quick", help=t("Half of the questions."))] = False,
        context: Annotated[
            int, typer.Option("--context", min=8_000, max=1_000_000, help=t("Longest text that is tried, in tokens."))
        ] = 32_000,
        most_tokens: Annotated[
            int, typer.Option("--max-tokens", min=1_000, help=t("Tokens after which the probe ends."))
        ] = 250_000,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from agent.brain.probe import Limits, Scope
        from ui.cli.probing import run_probe

        scope, limits = Scope(quick=quick, context=context), Limits(tokens=most_tokens)
        raise typer.Exit(run_probe(t, scope, limits, strong=strong, as_json=as_json))


def _add_show(group: typer.Typer, t: Catalogue) -> None:
    @group.command("show", help=t("Show what was measured before, of every model and endpoint."))
    def show(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        from agent.brain.records import read_records
        from ui.cli.fitness import print_fitness
        from ui.cli.output import say, write_json
        from ui.cli.places import own_home

        measured = [record.fitness for record in read_records(own_home().root).models if record.fitness]
        if as_json:
            write_json([fitness.model_dump(mode="json") for fitness in measured])
            return
        for fitness in measured:
            print_fitness(t, fitness)
        if not measured:
            say(t("no model was measured yet; run: {command}", command="mcpsoc model probe"))
