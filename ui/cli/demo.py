"""`mcpsoc demo`: the whole way of an alert on the simulated enterprise."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `demo`."""

    @app.command(help=t("Investigate the new alerts of a simulated enterprise, live, and write the reports."))
    def demo(
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document instead of the live view."))] = False,
        keep: Annotated[bool, typer.Option("--keep", help=t("Use the demo's last lab and cases again."))] = False,
        seed: Annotated[int, typer.Option(min=0, help=t("Seed of the simulated enterprise."))] = 1,
    ) -> None:
        import asyncio

        from ui.cli.live import show_demo
        from ui.cli.places import own_home
        from ui.demo import run_demo

        show = show_demo(t, as_json=as_json)
        asyncio.run(run_demo(own_home().make().demo, show, seed=seed, keep=keep, language=t.language))
