"""The documents that come with the product: runbooks in Markdown, cut into sections at their headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from pydantic import JsonValue

from knowledge.errors import DocumentError
from knowledge.trust.canonical import sha256_of

_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a document under its own heading; what a search finds and a person reads."""

    id: str
    """`document#heading-in-small-letters`."""
    document: str
    title: str
    """Of the document."""
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document. `provenance` says who wrote it: T0 the operator or us, T2 anybody else."""

    id: str
    title: str
    provenance: str
    sections: tuple[Section, ...]

    @property
    def sha256(self) -> str:
        """Of everything that is searched or shown."""
        parts: list[JsonValue] = [[section.id, section.heading, section.text] for section in self.sections]
        return sha256_of([self.id, self.title, self.provenance, parts])


def shipped() -> Iterator[Document]:
    """The runbooks, by name. Raises: DocumentError for one that has no title or no section."""
    folder = files("knowledge") / "documents"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".md"))
    for name in names:
        yield parse(name.removesuffix(".md"), (folder / name).read_text("utf-8"), provenance="T0")


def parse(document_id: str, text: str, *, provenance: str) -> Document:
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
