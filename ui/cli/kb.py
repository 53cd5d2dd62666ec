"""`mcpsoc kb`: the knowledge base. What comes from outside stays T2 until a person makes it the operator's own."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add the group `kb`."""
    group = typer.Typer(help=t("The knowledge base: search it, add to it, make a document your own."),
                        no_args_is_help=True)  # fmt: skip
    app.add_typer(group, name="kb")
    _add_search(group, t)
    _add_show(group, t)
    _add_ls(group, t)
    _add_add(group, t)
    _add_promote(group, t)
    _add_rm(group, t)
    _add_export(group, t)
    _add_stats(group, t)
    _add_reindex(group, t)


def _add_search(group: typer.Typer, t: Catalogue) -> None:
    @group.command("search", help=t("Find sections on a topic, an ATT&CK id or a question."))
    def search(
        query: Annotated[str, typer.Argument(metavar="QUERY", help=t("Words or a question, in English or Chinese."))],
        kind: Annotated[str | None, typer.Option("--kind", help=t("Only documents of this kind."))] = None,
        language: Annotated[
            str | None, typer.Option("--language", metavar="en|zh", help=t("Only documents in this language."))
        ] = None,
        outside: Annotated[bool, typer.Option("--outside", help=t("Documents from outside too, apart."))] = False,
        limit: Annotated[int, typer.Option("--limit", min=1, max=100, help=t("How many at most."))] = 5,
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.kb_showing import kind_named, language_named, print_hits
        from ui.cli.places import home_of
        from ui.library.finding import find

        chosen = kind_named(kind), language_named(language)
        print_hits(t, find(home_of(demo=demo), query, *chosen, limit=limit, outside=outside), as_json=as_json)


def _add_show(group: typer.Typer, t: Catalogue) -> None:
    @group.command("show", help=t("Show a section, or a document whole."))
    def show(
        name: Annotated[str, typer.Argument(metavar="SECTION|DOCUMENT", help=t("An id that search or ls gives."))],
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.kb_showing import print_document
        from ui.cli.places import home_of
        from ui.library.finding import open_at

        document, sections = open_at(home_of(demo=demo), name)
        print_document(t, document, sections, as_json=as_json)


def _add_ls(group: typer.Typer, t: Catalogue) -> None:
    @group.command("ls", help=t("List the documents, and whose they are."))
    def ls(
        kind: Annotated[str | None, typer.Option("--kind", help=t("Only documents of this kind."))] = None,
        language: Annotated[
            str | None, typer.Option("--language", metavar="en|zh", help=t("Only documents in this language."))
        ] = None,
        outside: Annotated[bool, typer.Option("--outside", help=t("Only documents from outside."))] = False,
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.kb_showing import kind_named, language_named, print_lines
        from ui.cli.places import home_of
        from ui.library.finding import listed

        chosen = kind_named(kind), language_named(language)
        print_lines(t, listed(home_of(demo=demo), *chosen, outside=outside), as_json=as_json)


def _add_add(group: typer.Typer, t: Catalogue) -> None:
    @group.command("add", help=t("Add documents: Markdown, HTML, PDF, DOCX or text, ATT&CK, CISA KEV, closed cases."))
    def add_documents(
        target: Annotated[
            str,
            typer.Argument(
                metavar="PATH|URL|attack:PATH|kev:PATH|cases:",
                help=t("A file, a folder, a Git repository, ATT&CK, the KEV catalogue, or your closed cases."),
            ),
        ],
        kind: Annotated[
            str | None, typer.Option("--as", metavar="KIND", help=t("What kind of document it is."))
        ] = None,
        language: Annotated[
            str | None, typer.Option("--language", metavar="en|zh", help=t("Its language; found out by default."))
        ] = None,
        own: Annotated[bool, typer.Option("--own", help=t("It is your own: answers may rest on it."))] = False,
        pseudonymise: Annotated[
            bool, typer.Option("--pseudonymise", help=t("Of cases: with other names of hosts, accounts and people."))
        ] = False,
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.catalogue import spoken
        from ui.cli.kb_showing import bar, kind_named, language_named, print_added
        from ui.cli.output import say
        from ui.cli.places import home_of, operator
        from ui.library.adding import Wish, add_documents
        from ui.library.learning import learn_techniques

        who = operator()
        wish = Wish(target, kind_named(kind), language_named(language), who if own else None, pseudonymise)
        with bar(t) as progress:
            added = add_documents(home_of(demo=demo), wish, who, spoken(t), progress)
        if target.startswith("attack:") and len(added.changes):
            learn_techniques(home_of(demo=demo), Path(target.removeprefix("attack:")).expanduser(), say)
        print_added(t, added, as_json=as_json)
        if added.refused:
            raise typer.Exit(1)


def _add_promote(group: typer.Typer, t: Catalogue) -> None:
    @group.command("promote", help=t("Make a document from outside, or the note of a case, one of your own."))
    def promote(
        document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=t("Its id, such as note/C-12."))],
        by: Annotated[str | None, typer.Option("--by", metavar="NAME", help=t("Who says so; default: you."))] = None,
        yes: Annotated[bool, typer.Option("--yes", help=t("Do not ask."))] = False,
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.kb_showing import confirmed, print_promoted
        from ui.cli.places import home_of, operator
        from ui.library.keeping import promote, to_promote

        home = home_of(demo=demo)
        wanted = to_promote(home, document)
        if not yes:
            confirmed(t, wanted)
        print_promoted(t, promote(home, wanted, by or operator()), as_json=as_json)


def _add_rm(group: typer.Typer, t: Catalogue) -> None:
    @group.command("rm", help=t("Take a document out of the knowledge base."))
    def rm(
        document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=t("Its id; see: mcpsoc kb ls"))],
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.output import write_json, write_line
        from ui.cli.places import home_of, operator
        from ui.cli.terms import inert
        from ui.library.keeping import remove

        gone = remove(home_of(demo=demo), document, operator())
        if as_json:
            write_json({"document": gone.id, "removed": True})
        else:
            write_line(t("removed: {id}", id=inert(gone.id)))


def _add_export(group: typer.Typer, t: Catalogue) -> None:
    @group.command("export", help=t("Write the documents as Markdown files, which add reads back."))
    def export(
        folder: Annotated[Path, typer.Argument(metavar="DIR", help=t("Where to; made when it is not there."))],
        kind: Annotated[str | None, typer.Option("--kind", help=t("Only documents of this kind."))] = None,
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.kb_showing import kind_named, print_written
        from ui.cli.places import home_of
        from ui.library.filing import write_documents
        from ui.library.finding import whole_documents

        print_written(t, folder, write_documents(whole_documents(home_of(demo=demo), kind_named(kind)), folder),
                      as_json=as_json)  # fmt: skip


def _add_stats(group: typer.Typer, t: Catalogue) -> None:
    @group.command("stats", help=t("How much there is, and whether the index is whole."))
    def stats(
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.kb_showing import print_stats
        from ui.cli.places import home_of
        from ui.library.finding import counted

        print_stats(t, counted(home_of(demo=demo)), as_json=as_json)


def _add_reindex(group: typer.Typer, t: Catalogue) -> None:
    @group.command("reindex", help=t("Build the index anew from the documents."))
    def reindex(
        demo: Annotated[bool, typer.Option("--demo", help=t("The demo's knowledge base."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from ui.cli.kb_showing import bar, print_stats
        from ui.cli.places import home_of
        from ui.library.finding import index_again

        with bar(t) as progress:
            counted = index_again(home_of(demo=demo), progress)
        print_stats(t, counted, as_json=as_json)
