"""The knowledge base of a folder, ready to be asked: the store with the shipped documents in it, and its search."""

from dataclasses import dataclass
from pathlib import Path

from knowledge.endpoint import EmbeddingSettings, endpoint_of
from knowledge.search import Search
from knowledge.settings import Settings
from knowledge.shipped import shipped
from knowledge.store import KnowledgeStore


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One opened knowledge base."""

    store: KnowledgeStore
    search: Search


def open_knowledge(home: Path, settings: Settings, embedding: EmbeddingSettings | None = None) -> Knowledge:
    """Open the base under `home`, made on first use, with the documents of this version of the product in it.

    `embedding`: where vectors come from; the environment's when left out. Raises: StoreError when the base cannot be
    used; EmbeddingError when an endpoint is set by halves."""
    endpoint = endpoint_of(embedding or EmbeddingSettings())
    store = KnowledgeStore(home, settings)
    store.replace(shipped())
    return Knowledge(store, Search(store, settings.embedding_dimensions, endpoint))
