"""From Markdown to a document: front matter read, cut into sections by its headings, every section with a stable id."""

from knowledge.chunking.document import document_from_markdown
from knowledge.chunking.language import language_of
from knowledge.chunking.sections import LONGEST, cut
from knowledge.chunking.slugs import slug

__all__ = ["LONGEST", "cut", "document_from_markdown", "language_of", "slug"]
