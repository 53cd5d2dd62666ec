"""Sections of a document, cut at its headings; long ones at the borders of paragraphs."""

from typing import Final

from knowledge.models import Section

LONGEST: Final = 1_800
"""Characters from which a section is cut; a table or a code block that is longer stays whole."""


def cut(document_id: str, title: str, markdown: str) -> tuple[Section, ...]:
    """The sections of a text, in order. Raises: DocumentError when there is nothing in it, or far too much."""
    raise NotImplementedError
