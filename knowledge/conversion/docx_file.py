"""A Word document as Markdown: headings, lists and tables by their styles; deleted and hidden text left out."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Protocol

from knowledge.conversion.writing import Converted, Writer
from knowledge.errors import DocumentError

MOST_UNPACKED: Final = 100_000_000
"""Bytes."""
_MOST_PARTS: Final = 5_000
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPACE: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DROPPED: Final = frozenset(
    [f"{_SPACE}{name}" for name in ("del", "moveFrom", "instrText", "pPr", "rPr")]
    + ["{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"]
)
_WRITTEN: Final[Mapping[str, str]] = {
    f"{_SPACE}tab": "\t", f"{_SPACE}br": "\n", f"{_SPACE}cr": "\n", f"{_SPACE}noBreakHyphen": "-",
}  # fmt: skip
_AROUND: Final = frozenset(f"{_SPACE}{name}" for name in ("sdt", "sdtContent", "ins", "customXml", "moveTo"))
_MOST_SPAN: Final = 20


class _Element(Protocol):
    """What is used of an element of XML; the library carries no types."""

    tag: str
    text: str | None

    def get(self, key: str) -> str | None: ...
    def find(self, path: str) -> "_Element | None": ...
    def __iter__(self) -> "Iterator[_Element]": ...


@dataclass(frozen=True, slots=True)
class _Style:
    """What a style makes of a paragraph."""

    heading: int = 0
    """Level from 1; 0: none."""
    title: bool = False
    mark: str = ""


def converted_docx(data: bytes) -> Converted:
    """Raises: DocumentError for one that is encrypted, is no DOCX, or unpacks to far too much."""
    _check(data)
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(BytesIO(data))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile, SyntaxError) as error:
        raise DocumentError(f"it is no DOCX that can be read: {error}") from error
    styles = {style.style_id: _style(style.name or "") for style in document.styles}
    body: _Element = document.element.body
    reading = _Reading(styles)
    reading.read(body)
    return Converted(reading.title or document.core_properties.title or "", reading.writer.text())


def _check(data: bytes) -> None:
    """Look at the list of its parts before any of them is unpacked; no part can unpack to more than the list says."""
    if data.startswith(_OLE):
        raise DocumentError("it is encrypted or of the old form (.doc); save it as .docx without a password")
    try:
        parts = zipfile.ZipFile(BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DocumentError(f"it is no DOCX that can be read: {error}") from error
    if any(part.flag_bits & 1 for part in parts):
        raise DocumentError("it is encrypted; save it without a password")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise DocumentError(f"it unpacks to more than {MOST_UNPACKED // 1_000_000} MB or {_MOST_PARTS} parts")


def _style(name: str) -> _Style:
    words = name.lower().split()
    if words[:1] == ["heading"] and len(words) == 2 and words[1].isdecimal():
        return _Style(heading=int(words[1]))
    if words == ["title"]:
        return _Style(title=True)
    if words[:1] == ["list"]:
        return _Style(mark="1." if "number" in words else "-")
    return _Style()


class _Reading:
    """Goes through the body in order."""

    def __init__(self, styles: Mapping[str, _Style]) -> None:
        self._styles = styles
        self.writer = Writer()
        self.title = ""

    def read(self, body: _Element) -> None:
        """Paragraphs and tables, also those inside content controls and accepted insertions."""
        for child in _children(body):
            if child.tag == f"{_SPACE}p":
                self._paragraph(child)
            elif child.tag == f"{_SPACE}tbl":
                self.writer.table([_row(row) for row in _children(child) if row.tag == f"{_SPACE}tr"])

    def _paragraph(self, paragraph: _Element) -> None:
        text = _text(paragraph)
        style = self._styles.get(_value(paragraph, "pStyle"), _Style())
        level = _value(paragraph, "outlineLvl")
        if style.title and not self.title:
            self.title = " ".join(text.split())
        elif style.heading or (level.isdecimal() and int(level) < 9):
            self.writer.heading((style.heading or int(level) + 1) + 1, text)
        elif style.mark or _value(paragraph, "numPr/{0}numId") not in ("", "0"):
            depth = _value(paragraph, "numPr/{0}ilvl")
            self.writer.item(text, int(depth) + 1 if depth.isdecimal() else 1, style.mark or "-")
        else:
            self.writer.paragraph(text)


def _value(paragraph: _Element, name: str) -> str:
    found = paragraph.find(f"{_SPACE}pPr/{_SPACE}{name.format(_SPACE)}")
    return (found.get(f"{_SPACE}val") or "") if found is not None else ""


def _children(element: _Element) -> "Iterator[_Element]":
    """What is directly in an element, also inside the controls and insertions that stand around a part of it."""
    for child in element:
        if child.tag in _AROUND:
            yield from _children(child)
        else:
            yield child


def _row(row: _Element) -> list[str]:
    cells: list[str] = []
    for cell in _children(row):
        if cell.tag != f"{_SPACE}tc":
            continue
        wide = cell.find(f"{_SPACE}tcPr/{_SPACE}gridSpan")
        span = (wide.get(f"{_SPACE}val") or "") if wide is not None else ""
        spare = min(int(span), _MOST_SPAN) - 1 if span.isdecimal() else 0
        cells += [_text(cell), *[""] * spare]
    return cells


def _text(element: _Element) -> str:
    """The visible words below an element; the paragraphs of a cell with a space between them."""
    found: list[str] = []
    waiting = [element]
    while waiting:
        one = waiting.pop()
        if one.tag == f"{_SPACE}t":
            found.append(one.text or "")
        elif one.tag in _WRITTEN:
            found.append(_WRITTEN[one.tag])
        elif one.tag not in _DROPPED and not _is_hidden(one):
            if one.tag == f"{_SPACE}p" and found:
                found.append(" ")
            waiting.extend(reversed(list(one)))
    return "".join(found)


def _is_hidden(element: _Element) -> bool:
    """Whether it is a run that Word does not show."""
    if element.tag != f"{_SPACE}r":
        return False
    mark = element.find(f"{_SPACE}rPr/{_SPACE}vanish")
    return mark is not None and mark.get(f"{_SPACE}val") not in ("0", "false", "off")
