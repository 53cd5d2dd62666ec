"""A PDF as Markdown: under its bookmarks, or page by page where it has none."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from knowledge.conversion.writing import Converted, Writer
from knowledge.errors import DocumentError

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdf.generic import Destination

_MOST_PAGES: Final = 3_000
_LEAST_LETTERS: Final = 20
_MOST_BOOKMARKS: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """Where a part of the document begins."""

    title: str
    level: int


def converted_pdf(data: bytes) -> Converted:
    """Raises: DocumentError for one that is encrypted, holds no text (a scan) or is too long."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError("it is encrypted; save it without a password")
        return _converted(reader)
    except PyPdfError as error:
        raise DocumentError(f"it is no PDF that can be read: {error}") from error


def _converted(reader: "PdfReader") -> Converted:
    if len(reader.pages) > _MOST_PAGES:
        raise DocumentError(f"it has more than {_MOST_PAGES} pages; split it")
    texts = [page.extract_text() for page in reader.pages]
    if sum(letter.isalnum() for text in texts for letter in text) < _LEAST_LETTERS:
        raise DocumentError("there is no text in it; if it is a scan, have its text recognised (OCR) first")
    bookmarks = _bookmarks(reader)
    writer = Writer()
    for number, text in enumerate(texts):
        if bookmarks:
            _write_marked(writer, text, bookmarks.get(number, []))
        elif text.strip():
            writer.heading(2, f"Page {number + 1}")
            writer.paragraph(text)
    return Converted(_title(reader), writer.text())


def _title(reader: "PdfReader") -> str:
    """What it says it is called; the name of the file it was printed from is no title."""
    found = (reader.metadata.title if reader.metadata else None) or ""
    return "" if found.startswith("Microsoft Word") else found


def _bookmarks(reader: "PdfReader") -> Mapping[int, list[_Bookmark]]:
    """By page, counted from 0, those without a page left out."""
    found: defaultdict[int, list[_Bookmark]] = defaultdict(list)
    for count, (level, one) in enumerate(_flat(reader.outline, 2)):
        if count >= _MOST_BOOKMARKS:
            break
        page = reader.get_destination_page_number(one)
        if page is not None and page >= 0 and one.title and one.title.strip():
            found[page].append(_Bookmark(" ".join(one.title.split()), level))
    return found


def _flat(outline: Iterable[object], level: int) -> "Iterator[tuple[int, Destination]]":
    """Every bookmark with its level."""
    from pypdf.generic import Destination

    for one in outline:
        if isinstance(one, list):
            yield from _flat(one, level + 1)
        elif isinstance(one, Destination):
            yield level, one


def _write_marked(writer: Writer, text: str, bookmarks: list[_Bookmark]) -> None:
    """A page with its headings: each where a line says the same, else before what is not yet written."""
    lines = text.split("\n")
    start = 0
    for bookmark in bookmarks:
        wanted = _letters(bookmark.title)
        place = next((line for line in range(start, len(lines)) if _letters(lines[line]) == wanted), None)
        if place is not None:
            writer.paragraph("\n".join(lines[start:place]))
            start = place + 1
        writer.heading(bookmark.level, bookmark.title)
    writer.paragraph("\n".join(lines[start:]))


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())
