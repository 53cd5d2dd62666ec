"""What a Markdown text is made of: its headings, and between them the lines at which it may be cut.

Source: CommonMark with tables, by markdown-it-py; only blocks are read, the text inside them is left as it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.errors import DocumentError

_WHOLE: Final = frozenset({"fence", "code_block", "table_open", "html_block"})
_ITEMS: Final = frozenset({"paragraph_open", "list_item_open", "heading_open"})
_LONGEST_HEADING: Final = 200
_MOST_LINES: Final = 100_000
_MOST_TEXT: Final = 4_000_000
_MOST_HEADINGS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table or the like: the lines `start` to `end` (not included)."""

    start: int
    end: int
    breaks: tuple[int, ...] = ()
    """Lines before which it may be cut when it is too long; none: nowhere."""
    solid: tuple[int, ...] = ()
    """First lines of the ranges between breaks that stay whole: tables and code, also those inside a list."""


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading, without what stands under the headings below it."""

    level: int
    """1 to 6; 0 before the first heading."""
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A text as lines and parts. The first part is what stands before the first heading."""

    lines: tuple[str, ...]
    parts: tuple[Part, ...]

    def text(self, start: int, end: int) -> str:
        """These lines as they were written."""
        return "\n".join(self.lines[start:end])


def outline(markdown: str) -> Outline:
    """Headings inside quotes, lists and code are text. A comment, which no reader would see, is left out.

    Raises: DocumentError when it is too long to be read as one document."""
    lines = markdown.split("\n")
    if len(lines) > _MOST_LINES or len(markdown) > _MOST_TEXT:
        raise DocumentError(
            f"more than {_MOST_LINES} lines or {_MOST_TEXT} characters; split it into several documents"
        )
    parts: list[Part] = []
    inline = MarkdownIt("commonmark")
    level, heading, blocks = 0, "", list[Block]()
    for opening, inside in _top(_blocks().parse(markdown)):
        start, end = opening.map or [0, 0]
        if opening.type == "heading_open":
            parts.append(Part(level, heading, tuple(blocks)))
            if len(parts) > _MOST_HEADINGS:
                raise DocumentError(f"more than {_MOST_HEADINGS} headings; split it into several documents")
            level, heading, blocks = int(opening.tag[1]), _plain(inline, inside[0].content), []
        elif opening.type == "html_block" and opening.content.lstrip().startswith("<!--"):
            lines[start:end] = [""] * (end - start)
        else:
            blocks.append(_block(opening, inside, start, end))
    parts.append(Part(level, heading, tuple(blocks)))
    return Outline(tuple(lines), tuple(parts))


def _blocks() -> MarkdownIt:
    """A parser of blocks alone; definitions of links stay part of the text."""
    return MarkdownIt("commonmark").enable("table").disable(["inline", "reference"])


def _top(tokens: Sequence[Token]) -> Iterator[tuple[Token, list[Token]]]:
    """Every outermost block with the tokens inside it."""
    opening: Token | None = None
    inside: list[Token] = []
    for token in tokens:
        if opening is None and token.nesting == 0:
            yield token, []
        elif opening is None:
            opening, inside = token, []
        elif token.level == 0:
            yield opening, inside
            opening = None
        else:
            inside.append(token)


def _block(opening: Token, inside: Sequence[Token], start: int, end: int) -> Block:
    if opening.type in _WHOLE:
        return Block(start, end, solid=(start,))
    if opening.type == "paragraph_open":
        return Block(start, end, tuple(range(start + 1, end)))
    placed = [(token.type, token.map) for token in inside if token.map]
    solid = [place for kind, place in placed if kind in _WHOLE]
    breaks = {place[0] for kind, place in placed if kind in _ITEMS} | {line for place in solid for line in place}
    within = breaks - {line for place in solid for line in range(place[0] + 1, place[1])}
    return Block(start, end, tuple(sorted(within - {start, end})), tuple(place[0] for place in solid))


def _plain(inline: MarkdownIt, heading: str) -> str:
    """A heading as it is read: without emphasis, addresses of links and other marks."""
    shown = inline.parseInline(heading[:_LONGEST_HEADING])
    children = (shown[0].children or []) if shown else []
    return " ".join("".join(child.content for child in children if child.type != "html_inline").split())
