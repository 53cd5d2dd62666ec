"""The knowledge base on disk: documents, sections and vectors in a database, and the Chroma projection beside it."""

from knowledge.store.records import Embedded, Held, Matrix, ProjectionState, StoreStats
from knowledge.store.store import KnowledgeStore

__all__ = ["Embedded", "Held", "KnowledgeStore", "Matrix", "ProjectionState", "StoreStats"]
