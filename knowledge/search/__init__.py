"""Search over the knowledge base: dense and lexical channels fused, re-ranked, nothing when nothing fits."""

from knowledge.search.hit import OWN, Hit
from knowledge.search.search import Search

__all__ = ["OWN", "Hit", "Search"]
