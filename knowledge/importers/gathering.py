"""Files from anywhere to documents of one origin; what cannot be read is noted and stops nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from knowledge.chunking import document_from_markdown
from knowledge.errors import DocumentError
from knowledge.importers.forms import as_markdown, form_of
from knowledge.importers.models import Imported, Refusal
from knowledge.importers.names import document_id, prefix_of
from knowledge.models import Document, Kind, Language, Trust

MOST_FILES: Final = 20_000
MOST_TOTAL: Final = 1_000_000_000
"""Bytes of all files together."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that was found, not yet read."""

    path: str
    """Below the origin, with `/`."""
    read: Callable[[], bytes]
    """Raises: DocumentError, OSError."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the documents of an origin are to be."""

    origin: str
    name: str
    """Of the origin, for the ids."""
    provenance: Trust = "T2"
    kind: Kind | None = None
    language: Language | None = None
    joined: str | None = "/"
    """Between the origin and the path of a document in its source; None: the origin is the one document."""


def gathered(files: Iterable[Found | Refusal], wanted: Wanted) -> Imported:
    """All of them, in the order they come."""
    documents: list[Document] = []
    refused: list[Refusal] = []
    others = total = 0
    for found in files:
        if isinstance(found, Refusal):
            refused.append(found)
        elif not form_of(found.path):
            others += 1
        elif len(documents) + len(refused) >= MOST_FILES or total > MOST_TOTAL:
            refused.append(Refusal(found.path, f"more than {MOST_FILES} files or {MOST_TOTAL // 10**9} GB; split them"))
            break
        else:
            try:
                data = found.read()
                total += len(data)
                documents.append(_document(found.path, data, wanted))
            except (DocumentError, OSError) as error:
                refused.append(Refusal(found.path, _reason(error)))
    return Imported(wanted.origin, tuple(documents), tuple(refused), others)


def _document(path: str, data: bytes, wanted: Wanted) -> Document:
    converted = as_markdown(form_of(path), data)
    return document_from_markdown(
        document_id(prefix_of(wanted.origin, wanted.name), path),
        converted.markdown,
        provenance=wanted.provenance,
        kind=wanted.kind,
        language=wanted.language,
        origin=wanted.origin,
        source=wanted.origin if wanted.joined is None else f"{wanted.origin}{wanted.joined}{path}",
        title=converted.title or PurePosixPath(path).stem,
    )


def _reason(error: DocumentError | OSError) -> str:
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)
