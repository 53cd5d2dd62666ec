"""`mcpsoc ui`: everything a SOC keeps open; `api`, `worker` and `page` are its three processes, each alone."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `ui`, `api`, `worker` and `page`."""
    _add_ui(app, t)
    _add_api(app, t)
    _add_worker(app, t)
    _add_page(app, t)


def _add_ui(app: typer.Typer, t: Catalogue) -> None:
    @app.command(
        help=t("Start the page, the API and the worker, on this machine alone; Ctrl-C ends them."),
        epilog=t("A home without a case gets the alerts of a simulated enterprise, so that there is something to see."),
    )
    def ui(
        port: Annotated[int | None, typer.Option("--port", help=t("Of the page; 0 takes any free one."))] = None,
        api_port: Annotated[int | None, typer.Option("--api-port", help=t("Of the API; 0 takes any free one."))] = None,
        demo: Annotated[bool, typer.Option("--demo/--no-demo", help=t("Fill an empty home with the demo."))] = True,
        browser: Annotated[bool, typer.Option("--open", help=t("Open the page in a browser."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("Say the addresses as one JSON document."))] = False,
    ) -> None:
        import asyncio

        from ui.api.settings import Settings
        from ui.cli.keeping import Wanted, keep_running
        from ui.cli.places import own_home
        from ui.running import free_port

        settings = Settings()
        wanted = Wanted(
            page_port=free_port(settings.page_port if port is None else port),
            api_port=free_port(settings.api_port if api_port is None else api_port),
            demo=demo,
            browser=browser,
            as_json=as_json,
        )
        asyncio.run(keep_running(t, own_home().make(), wanted))


def _add_api(app: typer.Typer, t: Catalogue) -> None:
    @app.command(help=t("The API alone, on loopback."))
    def api(
        port: Annotated[int | None, typer.Option("--port", help=t("Instead of the setting's."))] = None,
    ) -> None:
        from ui.api.serve import main
        from ui.cli.places import own_home
        from ui.running import end_with_parent

        end_with_parent()
        raise typer.Exit(main(own_home(), port=port))


def _add_worker(app: typer.Typer, t: Catalogue) -> None:
    @app.command(help=t("The worker alone: it investigates what the inbox holds. Any number may run."))
    def worker() -> None:
        from ui.cli.places import own_home
        from ui.running import end_with_parent
        from ui.working import main

        end_with_parent()
        raise typer.Exit(main(own_home()))


def _add_page(app: typer.Typer, t: Catalogue) -> None:
    @app.command(help=t("The page alone, on loopback; it is a client of the API."))
    def page(
        port: Annotated[int | None, typer.Option("--port", help=t("Instead of the setting's."))] = None,
        api_url: Annotated[str | None, typer.Option("--api", metavar="URL", help=t("Where the API is."))] = None,
    ) -> None:
        from ui.api.settings import Settings
        from ui.cli.places import own_home
        from ui.running import end_with_parent
        from ui.web.serve import main

        end_with_parent()
        settings = Settings()
        url = api_url or f"http://127.0.0.1:{settings.api_port}"
        main(url, settings.page_port if port is None else port, own_home().make().root)
