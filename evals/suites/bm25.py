"""BM25 alone over sections: what a search has to be better than, on the same words."""

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Protocol

from knowledge.models import Section
from knowledge.tokens import searchable, tokens


class _Ranker(Protocol):
    """What is used of a BM25 library."""

    def index(self, corpus: list[list[str]], *, show_progress: bool) -> None: ...

    def get_scores(self, query_tokens_single: list[str]) -> Sequence[float]: ...


class Bm25:
    """What is searched of each section as one bag of words: title, heading, text, and how people ask for it."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self._ids = [section.id for section in sections]
        words = [tokens(searchable(section)) for section in sections]
        self._known = {word for found in words for word in found}
        library: ModuleType = importlib.import_module("bm25s")
        self._ranker: _Ranker = library.BM25()
        self._ranker.index(words, show_progress=False)

    def rank(self, query: str, count: int) -> list[str]:
        """Ids of the best `count` sections that hold a word of the query, best first."""
        asked = [word for word in tokens(query) if word in self._known]
        if not asked:
            return []
        scores = self._ranker.get_scores(asked)
        order = sorted(range(len(self._ids)), key=lambda place: (-float(scores[place]), place))
        return [self._ids[place] for place in order[:count] if float(scores[place]) > 0]
