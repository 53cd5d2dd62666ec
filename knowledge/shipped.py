"""The documents that come with the product: `documents/<language>/<runbooks, tactics or procedures>/name.md`."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from knowledge.errors import DocumentError
from knowledge.models import Document, Kind, Language, Section, Trust

__all__ = ["Document", "Section", "parse", "shipped"]
_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_FOLDERS: Final[tuple[tuple[str, Kind], ...]] = (
    ("runbooks", "runbook"),
    ("tactics", "tactic"),
    ("procedures", "procedure"),
)
_WORDS = re.compile(r"[a-z0-9]+")


def shipped() -> Iterator[Document]:
    """All of them, by language, kind and name: `generic`, `tactic/impact`, `procedure/backup`, `zh/generic`,
    `zh/tactic/impact`. Raises: DocumentError for one that has no title or no section."""
    for language in _LANGUAGES:
        for folder, kind in _FOLDERS:
            yield from _of(files("knowledge") / "documents" / language / folder, language, kind)


def _of(folder: Traversable, language: Language, kind: Kind) -> Iterator[Document]:
    if not folder.is_dir():
        return
    for name in sorted(item.name for item in folder.iterdir() if item.name.endswith(".md")):
        yield parse(_id(name.removesuffix(".md"), language, kind), (folder / name).read_text("utf-8"), provenance="T0")


def _id(name: str, language: Language, kind: Kind) -> str:
    below = name if kind == "runbook" else f"{kind}/{name}"
    return below if language == "en" else f"{language}/{below}"


def parse(document_id: str, text: str, *, provenance: Trust) -> Document:
    """A Markdown document: `# title`, then sections of one `## heading` each.

    Raises: DocumentError when there is no title or no section, or two sections have the same heading."""
    title, _, body = text.strip().partition("\n")
    if not title.startswith("# "):
        raise DocumentError(f"{document_id}: the first line has to be '# title'")
    parts = re.split(r"^## +", body, flags=re.MULTILINE)[1:]
    sections = tuple(_section(document_id, title[2:].strip(), part) for part in parts)
    if not sections or len({section.id for section in sections}) != len(sections):
        raise DocumentError(f"{document_id}: it needs sections ('## heading') with different headings")
    return Document(document_id, title[2:].strip(), provenance, sections)


def _section(document_id: str, title: str, part: str) -> Section:
    heading, _, text = part.partition("\n")
    slug = "-".join(_WORDS.findall(heading.lower()))
    return Section(f"{document_id}#{slug}", document_id, title, heading.strip(), text.strip())
