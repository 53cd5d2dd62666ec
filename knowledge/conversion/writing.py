"""Markdown from the parts of a document of another form; its words never become headings by accident."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.errors import DocumentError

MOST_TEXT: Final = 4_000_000
"""Characters one document may come to."""
_MOST_COLUMNS = 60
_MEANT = re.compile(r"^( {0,3})(?=#{1,6}(?:\s|$)|=+\s*$|-+\s*$|```|~~~|<)", re.MULTILINE)
_TICKS = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Converted:
    """A document as Markdown."""

    title: str
    """As it names itself outside its text; may be empty."""
    markdown: str


class Writer:
    """Gathers blocks. Raises: DocumentError, from each method, when there are far too many."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self._list = False

    def heading(self, level: int, text: str) -> None:
        """A heading of level 1 to 6."""
        if words := " ".join(text.split()):
            self._add(f"{'#' * max(1, min(level, 6))} {words}")

    def paragraph(self, text: str, before: str = "") -> None:
        """Text in lines; `before` stands before each line."""
        lines = [line.rstrip() for line in literal(text).strip("\n").split("\n")]
        if any(lines):
            self._add("\n".join(f"{before}{line}" for line in lines))

    def item(self, text: str, depth: int = 1, mark: str = "-") -> None:
        """One item of a list; `depth` 1 is the outermost."""
        if words := " ".join(text.split()):
            indent = "   " * (max(1, min(depth, 6)) - 1)
            self._add(f"{indent}{mark} {words}", listed=True)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table; its first row is its head."""
        full = [row[:_MOST_COLUMNS] for row in rows if any(cell.strip() for cell in row)]
        width = max((len(row) for row in full), default=0)
        lines = [_row([*row, *[""] * (width - len(row))]) for row in full]
        if lines:
            self._add("\n".join([lines[0], _row(["---"] * width), *lines[1:]]))

    def code(self, text: str) -> None:
        """Text whose lines and spaces mean something."""
        if text.strip():
            fence = "`" * max([3, *(len(found) + 1 for found in _TICKS.findall(text))])
            stripped = text.strip("\n")
            self._add(f"{fence}\n{stripped}\n{fence}")

    def text(self) -> str:
        """All of it."""
        return "".join(self._blocks)

    def _add(self, block: str, *, listed: bool = False) -> None:
        glue = "" if not self._blocks else "\n" if listed and self._list else "\n\n"
        self._length += len(block) + len(glue)
        if self._length > MOST_TEXT:
            raise DocumentError(f"its text is longer than {MOST_TEXT} characters; split it into several documents")
        self._blocks.append(glue + block)
        self._list = listed


def literal(text: str) -> str:
    """Plain text as Markdown: a line that would become a heading, a line across, code or a comment stays a line."""
    return _MEANT.sub(r"\1\\", text)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
