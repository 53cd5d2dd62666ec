"""A document from a Markdown text and what its front matter says."""

from knowledge.models import SHIPPED, Document, Kind, Language, Trust


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
    raise NotImplementedError
