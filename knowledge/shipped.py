"""The documents that come with the product: `documents/<language>/<runbooks, tactics or procedures>/name.md`."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from knowledge.chunking import document_from_markdown
from knowledge.models import Document, Kind, Language, Section, Trust

__all__ = ["Document", "Section", "parse", "shipped"]
_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_FOLDERS: Final[tuple[tuple[str, Kind], ...]] = (
    ("runbooks", "runbook"),
    ("tactics", "tactic"),
    ("procedures", "procedure"),
)


def shipped() -> Iterator[Document]:
    """All of them, by language, kind and name: `generic`, `tactic/impact`, `procedure/backup`, `zh/generic`,
    `zh/tactic/impact`. Raises: DocumentError for one that has no title or no text."""
    for language in _LANGUAGES:
        for folder, kind in _FOLDERS:
            yield from _of(files("knowledge") / "documents" / language / folder, language, kind)


def _of(folder: Traversable, language: Language, kind: Kind) -> Iterator[Document]:
    """The documents of a folder, which need not be there."""
    if not folder.is_dir():
        return
    for name in sorted(item.name for item in folder.iterdir() if item.name.endswith(".md")):
        made = _id(name.removesuffix(".md"), language, kind)
        text = (folder / name).read_text("utf-8")
        yield document_from_markdown(made, text, provenance="T0", kind=kind, language=language)


def _id(name: str, language: Language, kind: Kind) -> str:
    below = name if kind == "runbook" else f"{kind}/{name}"
    return below if language == "en" else f"{language}/{below}"


def parse(document_id: str, text: str, *, provenance: Trust) -> Document:
    """A Markdown document as if it came with the product."""
    return document_from_markdown(document_id, text, provenance=provenance)
