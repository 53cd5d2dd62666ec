"""What commands print: data on stdout, messages on stderr, outside text always inert."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ui.errors import UiError

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
        say(t("mcpsoc: {reason}", reason=inert(t(error.template, **error.values))))
        return error.exit_code
    say(t("mcpsoc: {reason}", reason=inert(str(error))))
    return 1


def console(*, stderr: bool = False) -> "Console":
    """A terminal that takes every text literally: no markup, no emoji names, no guessing at colours."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=False)


def write_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """A table on stdout."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*(Text(heading) for heading in headings), title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for row in rows:
        table.add_row(*(Text(inert(cell)) for cell in row))
    console().print(table)


def inert(text: str, limit: int = 400) -> str:
    """`text` with nothing in it that a terminal obeys or that hides or turns other characters; clipped to `limit`.

    Control characters, escape sequences, bidirectional and zero-width characters become visible `\\u....` codes."""
    shown = "".join(character if character.isprintable() else _code(character) for character in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _code(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
