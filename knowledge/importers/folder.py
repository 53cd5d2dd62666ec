"""Documents of a folder: Markdown, HTML, PDF, DOCX, plain text."""

from pathlib import Path

from knowledge.importers.models import Imported
from knowledge.models import Kind, Language, Trust


def read_folder(
    folder: Path, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """Every document below `folder`; a file that cannot be read is refused by name.

    Raises: DocumentError when there is no such folder."""
    raise NotImplementedError


def read_file(
    path: Path, *, provenance: Trust = "T2", kind: Kind | None = None, language: Language | None = None
) -> Imported:
    """One file, as its folder would give it. Raises: DocumentError when it cannot be read."""
    raise NotImplementedError
