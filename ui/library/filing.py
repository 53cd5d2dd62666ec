"""Documents as Markdown files, each with its id and its facts in front, and read back from them.

A file says who wrote what is in it, and is not believed: what is read back is T2 unless the person who adds it says
otherwise."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from knowledge.chunking import document_from_markdown
from knowledge.chunking.frontmatter import front_matter, parted
from knowledge.errors import DocumentError
from knowledge.importers import Imported, Refusal
from knowledge.models import SHIPPED, Document, Section, Trust
from knowledge.trust.owned_files import replace_file

MARK: Final = "mcpsoc_document"
"""Member of the front matter by which such a file is known; its value is the document's id."""
EXPORT: Final = "export"
"""Origin of such a file while it is read: not one of ours, whatever it says."""
_CONTINUED: Final = re.compile(r"~\d+$")
_ABOVE: Final = " > "
_DEEPEST: Final = 6
_ACTIVE: Final = re.compile(r"([\\`*_\[\]<>&#])")
_UNSAFE: Final = re.compile(r"[^\w./-]+")


class _Filed(BaseModel):
    """What such a file says beyond what any document may say."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mcpsoc_document: str = Field(min_length=1, max_length=300)
    origin: str = Field(min_length=1, max_length=500)
    source: str = ""
    asked: dict[str, tuple[str, ...]] = {}
    """Section id to how people ask for it; heeded in what is the operator's own."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an export left behind."""

    files: tuple[Path, ...]
    differing: tuple[str, ...]
    """Documents whose text would be cut in other places when it is read back."""


def write_documents(documents: Iterator[Document], folder: Path) -> Written:
    """One file per document, in folders as its id says. Raises: DocumentError when two ids would be one file."""
    files: dict[Path, str] = {}
    differing: list[str] = []
    for document in documents:
        path = folder / _name(document.id)
        if path in files:
            raise DocumentError(f"{document.id} and {files[path]} would be one file: {path}")
        files[path] = document.id
        text = to_markdown(document)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)
        if _read(text, document.provenance).sections != document.sections:
            differing.append(document.id)
    return Written(tuple(files), tuple(differing))


def read_written(target: Path, provenance: Trust) -> Imported | None:
    """The documents of files that `write_documents` wrote; None when it is no such file, or a folder with any other
    Markdown in it."""
    paths = sorted(target.rglob("*.md")) if target.is_dir() else [target] if target.suffix == ".md" else []
    texts = [(path, _text(path)) for path in paths]
    if not texts or not all(_is_filed(text) for _, text in texts):
        return None
    documents: list[Document] = []
    refused: list[Refusal] = []
    for path, text in texts:
        try:
            documents.append(_read(text, provenance))
        except DocumentError as error:
            refused.append(Refusal(str(path.relative_to(target) if path != target else path.name), str(error)))
    return Imported(str(target), tuple(documents), tuple(refused))


def to_markdown(document: Document) -> str:
    """The document as a file."""
    facts: dict[str, JsonValue] = {
        MARK: document.id,
        "title": document.title,
        "kind": document.kind,
        "language": document.language,
        "origin": document.origin,
        "source": document.source,
        "provenance": document.provenance,
        "promoted_by": document.promoted_by,
        "valid_from": document.valid_from.isoformat() if document.valid_from else None,
        "valid_until": document.valid_until.isoformat() if document.valid_until else None,
        "tenants": list(document.readers.tenants),
        "roles": list(document.readers.roles),
        "asked": {section.id: list(section.asked) for section in document.sections if section.asked},
    }
    said = {name: value for name, value in facts.items() if value not in (None, "", [], {})}
    head = yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{head}---\n\n# {_shown(document.title)}\n" + "".join(_parts(document)) + "\n"


def _parts(document: Document) -> Iterator[str]:
    above: list[str] = []
    for number, section in enumerate(document.sections):
        if number == 0 and section.heading == document.title:
            yield f"\n{section.text}\n"
            continue
        if not _CONTINUED.search(section.id):
            yield from _headings(section, above)
            above = _path(section)
        yield f"\n{section.text}\n"


def _headings(section: Section, above: list[str]) -> Iterator[str]:
    """Its heading, and those above it that were not said yet."""
    path = _path(section)
    same = next((n for n, name in enumerate(path) if n >= len(above) or above[n] != name), len(path) - 1)
    for depth, name in enumerate(path):
        if depth >= same:
            yield f"\n{'#' * min(depth + 2, _DEEPEST)} {_shown(name)}\n"


def _path(section: Section) -> list[str]:
    return section.heading.split(_ABOVE)


def _shown(heading: str) -> str:
    """A heading that reads as what it is."""
    return _ACTIVE.sub(r"\\\1", heading)


def _read(text: str, provenance: Trust) -> Document:
    """Secrets are masked in what is not the operator's own. Raises: DocumentError."""
    head, body = parted(text)
    try:
        filed = _Filed.model_validate(yaml.safe_load(head))
    except (ValidationError, yaml.YAMLError) as error:
        raise DocumentError(f"its front matter is not that of an exported document: {error}") from error
    says = front_matter(filed.mcpsoc_document, head)
    made = document_from_markdown(
        filed.mcpsoc_document,
        body,
        provenance=provenance,
        kind=says.kind,
        language=says.language,
        origin=SHIPPED if provenance == "T0" else EXPORT,
        title=says.title,
    )
    asked = filed.asked if provenance == "T0" else {}
    return replace(
        made,
        sections=tuple(replace(section, asked=asked.get(section.id, ())) for section in made.sections),
        origin=filed.origin,
        source=filed.source,
        valid_from=says.valid_from,
        valid_until=says.valid_until,
        readers=says.readers,
    )


def _is_filed(text: str) -> bool:
    return any(line.startswith(f"{MARK}:") for line in parted(text)[0].splitlines())


def _text(path: Path) -> str:
    """What cannot be read as text is no such file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _name(document_id: str) -> str:
    """A path below the folder, whatever the id says."""
    parts = [_UNSAFE.sub("_", part).strip(".") or "_" for part in document_id.split("/")]
    return "/".join(parts) + ".md"
