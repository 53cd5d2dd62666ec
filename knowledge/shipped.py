"""The documents that come with the product: `documents/<language>/<runbooks, tactics or procedures>/name.md`.

How people ask for a section lies beside them, phrases by section id: `documents/<language>/asked/runbooks.yaml`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import yaml
from pydantic import TypeAdapter

from knowledge.chunking import document_from_markdown
from knowledge.errors import DocumentError
from knowledge.models import Document, Kind, Language

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_FOLDERS: Final[tuple[tuple[str, Kind], ...]] = (
    ("runbooks", "runbook"),
    ("tactics", "tactic"),
    ("procedures", "procedure"),
)

_ASKED: Final = TypeAdapter(dict[str, tuple[str, ...]])


@cache
def shipped() -> tuple[Document, ...]:
    """All of them, by language, kind and name: `generic`, `tactic/impact`, `procedure/backup`, `zh/generic`,
    `zh/tactic/impact`. Raises: DocumentError for one that has no title or no text."""
    return tuple(
        document for language in _LANGUAGES for folder, kind in _FOLDERS for document in _read(language, folder, kind)
    )


def _read(language: Language, folder: str, kind: Kind) -> Iterator[Document]:
    below = files("knowledge") / "documents" / language
    documents = tuple(_of(below / folder, language, kind))
    yield from _with_asked(documents, _asked(below / "asked" / f"{folder}.yaml"))


def _of(folder: Traversable, language: Language, kind: Kind) -> Iterator[Document]:
    """The documents of a folder, which need not be there."""
    if not folder.is_dir():
        return
    for name in sorted(item.name for item in folder.iterdir() if item.name.endswith(".md")):
        made = _id(name.removesuffix(".md"), language, kind)
        text = (folder / name).read_text("utf-8")
        yield document_from_markdown(made, text, provenance="T0", kind=kind, language=language)


def _asked(file: Traversable) -> Mapping[str, tuple[str, ...]]:
    """Phrases by section id; none where there is no such file."""
    if not file.is_file():
        return {}
    return _ASKED.validate_python(yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader) or {})


def _with_asked(documents: tuple[Document, ...], asked: Mapping[str, tuple[str, ...]]) -> Iterator[Document]:
    """The documents with the phrases in their sections. Raises: DocumentError for phrases of a section that is none."""
    unknown = set(asked) - {section.id for document in documents for section in document.sections}
    if unknown:
        raise DocumentError(f"phrases are given for sections that are none: {', '.join(sorted(unknown))}")
    for document in documents:
        sections = (replace(section, asked=asked.get(section.id, ())) for section in document.sections)
        yield replace(document, sections=tuple(sections))


def _id(name: str, language: Language, kind: Kind) -> str:
    below = name if kind == "runbook" else f"{kind}/{name}"
    return below if language == "en" else f"{language}/{below}"
