"""`mcpsoc authorisations`: the site's register of authorised work."""

from datetime import datetime
from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add the group `authorisations`."""
    group = typer.Typer(
        help=t("Changes, scans, penetration tests and travel that somebody approved."), no_args_is_help=True
    )
    app.add_typer(group, name="authorisations")
    _add_add(group, t)
    _add_ls(group, t)
    _add_revoke(group, t)


def _add_add(group: typer.Typer, t: Catalogue) -> None:
    @group.command("add", help=t("Enter one piece of authorised work."))
    def add_work(
        kind: Annotated[str, typer.Argument(metavar="KIND", help=t("change, scan, pentest or travel"))],
        title: Annotated[str, typer.Option("--title", help=t("What is done, in a few words."))],
        approver: Annotated[str, typer.Option("--approver", help=t("Who approved it and can be asked."))],
        start: Annotated[datetime, typer.Option("--from", formats=FORMATS, help=t("Begin of the window, UTC."))],
        end: Annotated[datetime, typer.Option("--until", formats=FORMATS, help=t("End of the window, UTC."))],
        host: Annotated[list[str] | None, typer.Option("--host", help=t("A host it touches; may be repeated."))] = None,
        account: Annotated[
            list[str] | None, typer.Option("--account", help=t("An account it uses; may be repeated."))
        ] = None,
        address: Annotated[
            list[str] | None, typer.Option("--address", help=t("Where it comes from; may be repeated."))
        ] = None,
        technique: Annotated[
            list[str] | None, typer.Option("--technique", help=t("An ATT&CK technique it uses; may be repeated."))
        ] = None,
        note: Annotated[str, typer.Option("--note", help=t("Anything else worth knowing."))] = "",
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from datetime import UTC

        from ui.authorisations import add_entry
        from ui.cli.output import write_json, write_line
        from ui.cli.places import own_home

        entry = add_entry(
            own_home().make().authorisations,
            kind=kind,
            title=title,
            approver=approver,
            window_start=start.replace(tzinfo=UTC),
            window_end=end.replace(tzinfo=UTC),
            hosts=tuple(host or ()),
            accounts=tuple(account or ()),
            source_addresses=tuple(address or ()),
            techniques=tuple(technique or ()),
            note=note,
        )
        if as_json:
            write_json(entry.model_dump(mode="json"))
        else:
            write_line(t("entered as {id}", id=entry.id))


def _add_ls(group: typer.Typer, t: Catalogue) -> None:
    @group.command("ls", help=t("List the register."))
    def ls(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        from ui.authorisations import load
        from ui.cli.output import write_json, write_table
        from ui.cli.places import own_home

        entries = load(own_home().authorisations)
        if as_json:
            write_json([entry.model_dump(mode="json") for entry in entries])
            return
        headings = (t("id"), t("kind"), t("title"), t("from"), t("until"), t("approver"), t("revoked"))
        write_table(
            headings,
            [
                (
                    entry.id,
                    entry.kind,
                    entry.title,
                    f"{entry.window_start:%Y-%m-%d %H:%M}",
                    f"{entry.window_end:%Y-%m-%d %H:%M}",
                    entry.approver,
                    t("yes") if entry.revoked else t("no"),
                )
                for entry in entries
            ],
        )


def _add_revoke(group: typer.Typer, t: Catalogue) -> None:
    @group.command("revoke", help=t("Mark an entry as no longer in force; it stays in the register."))
    def revoke(
        entry: Annotated[str, typer.Argument(metavar="ID", help=t("Which entry."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.authorisations import revoke_entry
        from ui.cli.output import write_json, write_line
        from ui.cli.places import own_home
        from ui.errors import UsageError

        if (revoked := revoke_entry(own_home().authorisations, entry)) is None:
            raise UsageError("no entry {id} in the register", id=entry)
        if as_json:
            write_json(revoked.model_dump(mode="json"))
        else:
            write_line(t("revoked {id}", id=revoked.id))
