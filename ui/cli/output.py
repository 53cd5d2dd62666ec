"""What commands print: data on stdout, messages on stderr, outside text always inert."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from agent.evidence.text import inert
from ui.errors import UiError, exit_code

if TYPE_CHECKING:
    from pydantic import JsonValue
    from rich.console import Console

    from ui.cli.catalogue import Catalogue


def write_json(value: "Mapping[str, JsonValue] | Sequence[JsonValue]", *, indent: int | None = 2) -> None:
    """One JSON document on stdout."""
    write_line(json.dumps(value, ensure_ascii=False, indent=indent))


def write_json_line(value: "Mapping[str, JsonValue]") -> None:
    """One JSON document on one line of stdout, flushed, so that a reader downstream sees it now."""
    write_line(json.dumps(value, ensure_ascii=False))


def write_line(text: str) -> None:
    """One line of data."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """One line for the person, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(t: "Catalogue", error: Exception) -> int:
    """Tell what went wrong; returns the exit code that says so."""
    if isinstance(error, UiError):
        say(t("mcpsoc: {reason}", reason=inert(t(error.template, **error.values), None)))
    else:
        say(t("mcpsoc: {reason}", reason=inert(str(error), None)))
    return exit_code(error)


def console(*, stderr: bool = False) -> "Console":
    """A terminal that takes every text literally: no markup, no emoji names, no guessing at colours."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=False)


def write_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """A table on stdout."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    for row in rows:
        table.add_row(*(Text(inert(cell, None)) for cell in row))
    console().print(table)
