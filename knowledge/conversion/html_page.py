"""A page of HTML as Markdown: what a reader of the page would see, headings, lists, tables and code kept."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Final

from knowledge.conversion.writing import Converted, Writer

_DROPPED: Final = frozenset(
    {"script", "style", "template", "noscript", "svg", "math", "nav", "button", "select", "textarea", "iframe"}
    | {"object", "canvas", "audio", "video", "datalist", "dialog", "applet"}
)
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"}
    | {"ol", "p", "pre", "section", "summary", "table", "ul"}
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_CLOSED_BY: Final = {
    "li": ("li", ("ul", "ol")),
    "dt": ("dd", ("dl",)),
    "dd": ("dt", ("dl",)),
    "tr": ("tr", ("table",)),
    "td": ("td", ("tr", "table")),
    "th": ("th", ("tr", "table")),
}
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)"
    r"|font-size\s*:\s*0(?:\.0*)?[a-z%]*\s*(?:;|!|$)",
    re.IGNORECASE,
)
_SPANS: Final = frozenset(str(wide) for wide in range(2, 21))
Attributes = list[tuple[str, str | None]]


def converted_html(text: str) -> Converted:
    """Raises: DocumentError when it comes to far too much."""
    page = _Page()
    page.feed(text)
    page.close()
    return page.converted()


class _Table:
    """Rows of cells; a cell that spans several columns fills the first of them."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._column = 0

    def cell(self, wide: int) -> None:
        """Begin a cell of `wide` columns."""
        if not self.rows:
            self.rows.append([])
        self._column = len(self.rows[-1])
        self.rows[-1].extend([""] * wide)

    def fill(self, text: str) -> None:
        """Add text to the cell begun last."""
        if self.rows and self._column < len(self.rows[-1]) and (words := " ".join(text.split())):
            self.rows[-1][self._column] = f"{self.rows[-1][self._column]} {words}".lstrip()


class _Page(HTMLParser):
    """Follows the elements that are open; what is inside a hidden one is dropped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._count: Counter[str] = Counter()
        self._hidden = 0
        """Which of the open elements hides what is in it, counted from 1; 0: none."""
        self._title: list[str] = []
        self._text: list[str] = []
        self._mark = ""
        self._lists: list[int] = []
        """Of every open list how many items it has had; less than 0 for one without numbers."""
        self._tables: list[_Table] = []
        self._writer = Writer()

    def converted(self) -> Converted:
        """All that was read; what was left open is closed."""
        self._close_to(0)
        self._flush()
        return Converted(" ".join("".join(self._title).split()), self._writer.text())

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._close_implied(tag)
        hides = tag in _DROPPED or _is_hidden(attrs)
        if not self._hidden and not hides:
            self._begin(tag, dict(attrs))
        if tag in _VOID:
            return
        self._push(tag)
        if hides and not self._hidden:
            self._hidden = len(self._open)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        """`<p/>` opens a paragraph, as in a browser."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._count[tag]:
            return
        place = len(self._open) - 1
        while self._open[place] != tag:
            place -= 1
        self._close_to(place)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._count["title"]:
            self._title.append(data)
        elif self._count["pre"]:
            self._text.append(data)
        else:
            self._text.append(re.sub(r"\s+", " ", data))

    def _push(self, tag: str) -> None:
        self._open.append(tag)
        self._count[tag] += 1

    def _close_implied(self, tag: str) -> None:
        """A new item ends the one before, a new block ends a paragraph."""
        if tag in _BLOCKS and self._count["p"] and self._open[-1] == "p":
            self._close_to(len(self._open) - 1)
        if tag not in _CLOSED_BY:
            return
        other, stops = _CLOSED_BY[tag]
        ends = {tag, other, "td", "th"} if tag in ("tr", "td", "th") else {tag, other}
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in stops:
                return
            if self._open[place] in ends and (tag != "tr" or self._open[place] == "tr"):
                self._close_to(place)
                return

    def _close_to(self, place: int) -> None:
        """End every element but the outermost `place` ones."""
        while len(self._open) > place:
            tag = self._open[-1]
            if not self._hidden:
                self._end(tag)
            self._open.pop()
            self._count[tag] -= 1
            if self._hidden > len(self._open):
                self._hidden = 0

    def _begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "br":
            self._text.append("\n")
        elif tag in ("td", "th"):
            self._cell(attributes.get("colspan") or "")
        elif tag == "tr" and self._tables:
            self._tables[-1].rows.append([])
        elif tag in _BLOCKS:
            self._flush()
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "table":
            self._fill()
            self._tables.append(_Table())
        elif tag == "li":
            self._mark = self._next_mark()

    def _end(self, tag: str) -> None:
        if tag == "table":
            self._end_table()
        elif tag in ("td", "th"):
            self._fill()
        elif tag in _BLOCKS:
            self._flush(tag)
        if tag in ("ul", "ol"):
            self._lists.pop()
        elif tag == "li":
            self._mark = ""

    def _next_mark(self) -> str:
        if not self._lists or self._lists[-1] < 0:
            return "-"
        self._lists[-1] += 1
        return f"{self._lists[-1]}."

    def _flush(self, ended: str = "") -> None:
        """Write what was gathered as the kind of block that it stands in."""
        if self._tables:
            self._text.append(" ")
            return
        text = "".join(self._text)
        self._text.clear()
        if self._count["pre"]:
            self._writer.code(text)
            return
        text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
        if ended in _HEADINGS:
            self._writer.heading(_HEADINGS[ended], text)
        elif self._mark and text.strip():
            self._writer.item(text, len(self._lists), self._mark)
            self._mark = ""
        else:
            self._writer.paragraph(text, "> " if self._count["blockquote"] else "")

    def _cell(self, colspan: str) -> None:
        """Begin a cell; words before it that stand in none are the table's caption."""
        if not self._tables:
            return
        self._writer.paragraph(" ".join("".join(self._text).split()))
        self._text.clear()
        self._tables[-1].cell(int(colspan) if colspan in _SPANS else 1)

    def _fill(self) -> None:
        if self._tables:
            self._tables[-1].fill("".join(self._text))
            self._text.clear()

    def _end_table(self) -> None:
        rows = self._tables.pop().rows
        if self._tables:
            self._text.append(" " + "; ".join(", ".join(cell for cell in row if cell) for row in rows) + " ")
        else:
            self._writer.table(rows)


def _is_hidden(attributes: Attributes) -> bool:
    given = dict(attributes)
    return "hidden" in given or given.get("aria-hidden") == "true" or bool(_UNSEEN.search(given.get("style") or ""))
