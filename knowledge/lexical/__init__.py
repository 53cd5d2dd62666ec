"""The lexical channel: BM25 over all sections, kept on disk beside the store, with an exact tail for what is newer."""

from knowledge.lexical.index import LexicalIndex, Status
from knowledge.lexical.table import Word

__all__ = ["LexicalIndex", "Status", "Word"]
