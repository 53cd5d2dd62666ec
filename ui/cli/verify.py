"""`mcpsoc verify` runs a report's claims again; `mcpsoc audit verify` walks the audit chain."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add `verify` and the group `audit`."""
    _add_verify(app, t)
    group = typer.Typer(help=t("The log of everything that was done, which shows tampering."), no_args_is_help=True)
    app.add_typer(group, name="audit")
    _add_audit(group, t)


def _add_verify(app: typer.Typer, t: Catalogue) -> None:
    @app.command(
        help=t("Check a case's signature, evidence hashes and claims, each run again. Exit 1 when one fails."),
    )
    def verify(
        case: Annotated[
            str, typer.Argument(metavar="CASE|last|FILE", help=t("A case id, the newest case, or an exported file."))
        ],
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.checking import print_report
        from ui.cli.places import open_home
        from ui.verifying import verify_named

        report = verify_named(case, open_home(t, demo=demo))
        print_report(t, report, as_json=as_json)
        raise typer.Exit(0 if report.ok else 1)


def _add_audit(group: typer.Typer, t: Catalogue) -> None:
    @group.command("verify", help=t("Find any edit, deletion, reordering, insertion or truncation. Exit 1 on any."))
    def verify_audit(
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's log."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.checking import print_audit
        from ui.cli.places import open_home
        from ui.verifying import verify_audit_log

        report = verify_audit_log(open_home(t, demo=demo))
        print_audit(t, report, as_json=as_json)
        raise typer.Exit(0 if report.ok else 1)
