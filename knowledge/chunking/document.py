"""A document from a Markdown text and what its front matter says."""

from dataclasses import replace

from knowledge.chunking.cleaning import cleaned
from knowledge.chunking.frontmatter import FrontMatter, StrictFrontMatter, front_matter, parted
from knowledge.chunking.language import language_of
from knowledge.chunking.outline import Outline, outline
from knowledge.chunking.sections import sections_of, title_of, untitled
from knowledge.errors import DocumentError
from knowledge.models import SHIPPED, Document, Kind, Language, Section, Trust
from knowledge.trust.masking import mask_secrets

_LONGEST_TITLE = 200
_MOST_KEYS = 2_000


def document_from_markdown(
    document_id: str,
    text: str,
    *,
    provenance: Trust,
    kind: Kind | None = None,
    language: Language | None = None,
    origin: str = SHIPPED,
    source: str = "",
    title: str = "",
) -> Document:
    """Front matter, `# title`, sections. `kind` and `language` win over the front matter, which wins over what is
    found in the text; `title` is for a text that names itself nowhere. Text that is not shipped has its secrets masked.

    Raises: DocumentError naming the document and what is wrong with it."""
    head, body = parted(cleaned(text))
    own = origin == SHIPPED
    says = front_matter(document_id, head, StrictFrontMatter if own else FrontMatter)
    found = _outline(document_id, body if own else _masked(document_id, body))
    named = _title(document_id, says.title or title_of(found) or title, own=own)
    sections = sections_of(document_id, named, untitled(found))
    return Document(
        id=document_id,
        title=named,
        provenance=provenance,
        sections=_about(sections, says.techniques),
        kind=kind or says.kind or "document",
        language=language or says.language or language_of(body),
        origin=origin,
        source=source,
        valid_from=says.valid_from,
        valid_until=says.valid_until,
        readers=says.readers,
    )


def _outline(document_id: str, body: str) -> Outline:
    try:
        return outline(body)
    except DocumentError as error:
        raise DocumentError(f"{document_id}: {error}") from error


def _masked(document_id: str, body: str) -> str:
    """Without secrets. Each mark of a private key costs a look at the 20,000 characters after it."""
    if body.count("PRIVATE KEY-----") > _MOST_KEYS:
        raise DocumentError(f"{document_id}: it holds more than {_MOST_KEYS} marks of private keys")
    return mask_secrets(body)


def _title(document_id: str, title: str, *, own: bool) -> str:
    named = " ".join((title if own else mask_secrets(title)).split())[:_LONGEST_TITLE]
    if not named:
        raise DocumentError(f"{document_id}: it needs a title: '# title' in its first line")
    return named


def _about(sections: tuple[Section, ...], techniques: tuple[str, ...]) -> tuple[Section, ...]:
    """The techniques that the front matter names and no section does stand at the end of the first section."""
    missing = [one for one in techniques if not any(one in section.text for section in sections)]
    if not missing:
        return sections
    first = replace(sections[0], text=f"{sections[0].text}\n\nATT&CK: {', '.join(missing)}".lstrip("\n"))
    return (first, *sections[1:])
