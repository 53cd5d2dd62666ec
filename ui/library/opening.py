"""The knowledge base of a home, opened."""

from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.settings import Settings
from ui.home import Home

if TYPE_CHECKING:
    from knowledge.opening import Knowledge
    from knowledge.store import KnowledgeStore


def knowledge_home(home: Home) -> Path:
    """The folder of the base."""
    return home.root / "knowledge"


def open_base(home: Home) -> "Knowledge":
    """The base with its search. Raises: StoreError."""
    from knowledge.opening import open_knowledge

    return open_knowledge(knowledge_home(home.make()), Settings(home=home.root))


def open_shelf(home: Home) -> "KnowledgeStore":
    """The documents alone, for whoever searches nothing. Raises: StoreError."""
    from knowledge.store import KnowledgeStore

    return KnowledgeStore(knowledge_home(home.make()), Settings(home=home.root))
