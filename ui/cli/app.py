"""The `mcpsoc` command: words chosen, commands put together, one exit code out.

Exit codes of every command: 0 done and nothing wrong; 1 done and something found wrong (a broken line, a claim that
fails, a failed check); 2 asked for in a way that cannot be carried out; 130 interrupted.
"""

import gettext
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_command

from ui.cli import (
    authorisations,
    cases,
    chat,
    demo,
    doctor,
    evals,
    hunt,
    kb,
    lab,
    model,
    replaying,
    running,
    servers,
    triage,
    users,
    verify,
)
from ui.cli.catalogue import DOMAIN, LANGUAGES, LOCALES, Catalogue, choose, load, without_language
from ui.cli.output import complain, write_line
from ui.cli.usage import root_class, word_help
from ui.errors import is_expected

if TYPE_CHECKING:
    from typer._click import Command

GROUPS = (
    demo,
    running,
    triage,
    hunt,
    cases,
    chat,
    verify,
    replaying,
    kb,
    lab,
    servers,
    evals,
    model,
    authorisations,
    users,
    doctor,
)
"""Every group of commands, in the order of the help text."""
HELP = ["-h", "--help"]


def main() -> None:
    """Entry point: never returns."""
    arguments = sys.argv[1:]
    language = choose(arguments, os.environ)
    _translate_parser(language)
    t = load(language)
    try:
        build_app(t).main(args=without_language(arguments), prog_name="mcpsoc")
    except Exception as error:
        if not is_expected(error):
            raise
        sys.exit(complain(t, error))


def build_app(t: Catalogue) -> "Command":
    """All commands, their help and what is said about wrong usage in the language of `t`."""
    app = typer.Typer(
        cls=root_class(t),
        help=t("MCPSoc: an alert goes in, a verdict comes out whose every claim can be run again."),
        epilog=t("Exit codes: 0 fine, 1 something was found wrong, 2 wrong usage, 130 interrupted."),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": HELP},
    )
    for group in GROUPS:
        group.add(app, t)
    _add_root(app, t)
    command = get_command(app)
    word_help(t, command, HELP)
    return command


def _add_root(app: typer.Typer, t: Catalogue) -> None:
    languages = " | ".join(LANGUAGES)

    @app.callback(invoke_without_command=True)
    def root(
        version: Annotated[bool, typer.Option("--version", help=t("Print the version and stop."))] = False,
        lang: Annotated[
            str | None,
            typer.Option(
                "--lang",
                metavar=languages,
                help=t("Language of the messages, anywhere on the line; default: MCPSOC_LANG, then LANG."),
            ),
        ] = None,
    ) -> None:
        from ui.cli.setting_up import set_up

        if lang is not None:
            raise typer.BadParameter(
                t("no such language; there are: {languages}", languages=languages), param_hint="'--lang'"
            )
        if version:
            from importlib.metadata import version as installed

            write_line(installed("mcpsoc"))
            raise typer.Exit
        set_up()


def _translate_parser(language: str) -> None:
    """Make the argument parser, which asks the standard library for its words, speak `language` as well."""
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, str(LOCALES))
    gettext.textdomain(DOMAIN)
