"""`mcpsoc cases`: the queue, and what a person does with a case."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add the group `cases`."""
    group = typer.Typer(help=t("The cases: look at them, decide about them."), no_args_is_help=True)
    app.add_typer(group, name="cases")
    _add_ls(group, t)
    _add_show(group, t)
    _add_export(group, t)
    _add_take(group, t)
    _add_note(group, t)
    _add_close(group, t)
    _add_reopen(group, t)
    _add_freeze(group, t)


def _add_ls(group: typer.Typer, t: Catalogue) -> None:
    @group.command("ls", help=t("List the cases, the most urgent first."))
    def ls(
        status: Annotated[str | None, typer.Option("--status", help=t("Only cases of this status."))] = None,
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's cases."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.output import write_json
        from ui.cli.places import open_home
        from ui.cli.showing import print_queue
        from ui.store import list_cases

        cases = list_cases(open_home(t, demo=demo), status)
        if as_json:
            write_json([case.model_dump(mode="json") for case in cases])
        else:
            print_queue(t, cases)


def _add_show(group: typer.Typer, t: Catalogue) -> None:
    @group.command("show", help=t("Show one case: verdict, reasons, claims, gaps and notes."))
    def show(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("The whole case as one JSON document."))] = False,
    ) -> None:
        from ui.cli.output import write_json
        from ui.cli.places import open_home
        from ui.cli.showing import print_case
        from ui.store import MOST_SIMILAR, find_case, similar_cases

        home = open_home(t, demo=demo)
        found = find_case(home, case)
        if as_json:
            write_json(found.model_dump(mode="json"))
        else:
            print_case(t, found, similar_cases(home, found, MOST_SIMILAR))


def _add_export(group: typer.Typer, t: Catalogue) -> None:
    @group.command("export", help=t("Write one case as a signed JSON file, as Markdown or as an HTML page."))
    def export(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        form: Annotated[str, typer.Option("--format", help=t("json, markdown or html"))] = "json",
        out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=t("Instead of stdout."))] = None,
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("Same as --format json."))] = False,
    ) -> None:
        import sys

        from ui.cli.output import say
        from ui.cli.places import open_home
        from ui.errors import UsageError
        from ui.exporting import FORMATS, export_case
        from ui.store import find_case

        chosen = "json" if as_json else form
        if chosen not in FORMATS:
            raise UsageError("no format {name}; there are: {names}", name=chosen, names=", ".join(FORMATS))
        home = open_home(t, demo=demo)
        content = export_case(find_case(home, case), home, chosen, t.language)
        if out is None:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            out.write_bytes(content)
            say(t("written: {path}", path=out))


def _add_take(group: typer.Typer, t: Catalogue) -> None:
    @group.command("take", help=t("Make a case yours."))
    def take(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from agent.response.identity import local_user
        from ui.cli.places import open_home, operator
        from ui.cli.showing import print_change
        from ui.store import take_case

        print_change(t, take_case(open_home(t, demo=demo), case, local_user(operator())), as_json=as_json)


def _add_note(group: typer.Typer, t: Catalogue) -> None:
    @group.command("note", help=t("Add a note to a case; notes are never changed or removed."))
    def note(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        text: Annotated[str, typer.Argument(metavar="TEXT", help=t("What you want to say."))],
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from agent.response.identity import local_user
        from ui.cli.places import open_home, operator
        from ui.cli.showing import print_change
        from ui.store import note_case

        print_change(t, note_case(open_home(t, demo=demo), case, local_user(operator()), text), as_json=as_json)


def _add_close(group: typer.Typer, t: Catalogue) -> None:
    @group.command("close", help=t("Close a case with your own verdict; the machine's stays beside it."))
    def close(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        reason: Annotated[
            str,
            typer.Option(
                "--reason",
                help=t(
                    "rule_logic, bad_data, bad_intel, authorised_test, admin_work, business_software, confirmed_attack"
                ),
            ),
        ],
        disposition: Annotated[
            str | None, typer.Option("--disposition", help=t("Your verdict; without it, the one the reason explains."))
        ] = None,
        note: Annotated[str, typer.Option("--note", help=t("Why, in your words."))] = "",
        pseudonymise: Annotated[
            bool,
            typer.Option(
                "--pseudonymise", help=t("Other names of hosts, accounts and people in the note it proposes.")
            ),
        ] = False,
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from agent.response.identity import local_user
        from ui.cli.catalogue import spoken
        from ui.cli.places import open_home, operator
        from ui.cli.showing import print_change
        from ui.store import close_case

        who = local_user(operator())
        closed = close_case(
            open_home(t, demo=demo),
            case,
            who,
            disposition=disposition,
            reason=reason,
            note=note,
            language=spoken(t),
            pseudonymise=pseudonymise,
        )
        print_change(t, closed, as_json=as_json)


def _add_reopen(group: typer.Typer, t: Catalogue) -> None:
    @group.command("reopen", help=t("Open a closed case again."))
    def reopen(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        why: Annotated[str, typer.Argument(metavar="WHY", help=t("Why it is not closed after all."))],
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from agent.response.identity import local_user
        from ui.cli.places import open_home, operator
        from ui.cli.showing import print_change
        from ui.store import reopen_case

        print_change(t, reopen_case(open_home(t, demo=demo), case, local_user(operator()), why), as_json=as_json)


def _add_freeze(group: typer.Typer, t: Catalogue) -> None:
    @group.command(
        "freeze", help=t("Make a closed case an eval: its evidence under other names, your verdict expected.")
    )
    def freeze(
        case: Annotated[str, typer.Argument(metavar="CASE|last", help=t("A case id, or the newest case."))],
        to: Annotated[Path, typer.Option("--to", metavar="DIR", help=t("Folder of your frozen cases."))],
        outsiders: Annotated[
            bool, typer.Option("--all", help=t("Rename the indicators of outsiders too: addresses, domains, hashes."))
        ] = False,
        demo: Annotated[bool, typer.Option("--demo", help=t("A case of the demo."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.output import say, write_json, write_line
        from ui.cli.places import open_home
        from ui.replays import freeze_case

        folder = freeze_case(open_home(t, demo=demo), case, to, outsiders=outsiders)
        if as_json:
            write_json({"case": case, "folder": str(folder)})
        else:
            write_line(str(folder))
        say(t("names that no field or known form shows as names stay: read it before you share it"))
