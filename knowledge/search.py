"""Search over the knowledge base: a dense and a lexical channel, fused by reciprocal rank; nothing when nothing fits.

Source: reciprocal rank fusion after Cormack, Clarke and Büttcher (2009), with their constant 60.
"""

import difflib
import importlib
import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Final, Protocol

from knowledge.embed import Embedder, embedder_id, fit, tokens
from knowledge.endpoint import EmbeddingEndpoint
from knowledge.models import Filter, Kind, Language, Trust
from knowledge.shipped import Section
from knowledge.store import KnowledgeStore

OWN: Final = Filter(provenance=("T0",))
"""Documents of the operator and of the product."""
_FUSION = 60
_CANDIDATES = 30
_LEAST_COVERAGE = 0.4
_LEAST_COSINE = 0.55
_LEAST_SHARED = 0.33
_ALIKE = 0.88
"""How alike a word of the corpus must be to an unknown word of a query to be taken as the word that was meant."""


class _Ranker(Protocol):
    """What is used of a BM25 library."""

    def index(self, corpus: list[list[str]], *, show_progress: bool) -> None: ...

    def get_scores(self, query_tokens_single: list[str]) -> Sequence[float]: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that fits a query."""

    section: Section
    score: float
    """0 to 1; 1 when all channels put it first."""
    kind: Kind = "runbook"
    language: Language = "en"
    provenance: Trust = "T0"
    source: str = ""
    also: tuple[str, ...] = ()
    """Ids of near-duplicates of it that were left out."""


class Search:
    """Finds sections; those of operator documents (T0) unless others are asked for."""

    def __init__(self, store: KnowledgeStore, dimensions: int = 128, endpoint: EmbeddingEndpoint | None = None) -> None:
        self._store = store
        self._dimensions = dimensions
        self._index: _Index | None = None
        self._lock = threading.Lock()

    def search(self, query: str, limit: int = 5, wanted: Filter = OWN) -> list[Hit]:
        """The sections that fit best, best first; empty when none shares enough with the query to be called a hit."""
        index = self._current()
        meant = index.meant(tokens(query))
        if not meant or not index.sections or "T0" not in (wanted.provenance or ("T0",)):
            return []
        dense = self._store.nearest(index.embedder.id, index.embedder.embed([" ".join(meant)])[0], _CANDIDATES)
        lexical = index.lexical(meant)
        near = dict(dense)
        fitting = {key for key in {*near, *lexical} if index.fits(key, meant, near.get(key, 0.0))}
        return index.fused([key for key, _ in dense if key in fitting], [k for k in lexical if k in fitting])[:limit]

    def refresh(self, tell: Callable[[int, int], None] = lambda done, whole: None) -> None:
        """Bring the vectors up to date; `tell` hears how many sections of how many are done."""
        self._current()
        tell(1, 1)

    def embedder(self) -> Embedder:
        """The embedder of the corpus as it is now."""
        return self._current().embedder

    def _current(self) -> "_Index":
        with self._lock:
            sections = self._store.sections(provenance="T0")
            if self._index is None or self._index.sections != sections:
                self._index = self._built(sections)
            return self._index

    def _built(self, sections: tuple[Section, ...]) -> "_Index":
        corpus = {section.id: searchable(section) for section in sections}
        embedder = self._store.embedder(embedder_id(corpus, self._dimensions))
        if embedder is None:
            embedder = fit(corpus, self._dimensions)
            self._store.save_vectors(embedder, list(corpus), embedder.embed(list(corpus.values())))
        return _Index(sections, embedder)


def searchable(section: Section) -> str:
    """What is searched of a section: its document's title and its heading count as much as its text."""
    return f"{section.title}\n{section.heading}\n{section.text}"


class _Index:
    """The lexical channel in memory, and what both channels need to decide on a hit."""

    def __init__(self, sections: tuple[Section, ...], embedder: Embedder) -> None:
        self.sections = sections
        self.embedder = embedder
        self._by_id = {section.id: section for section in sections}
        words = [tokens(searchable(section)) for section in sections]
        self._words = {section.id: set(found) for section, found in zip(sections, words, strict=True)}
        self._frequency = Counter(word for found in words for word in set(found))
        self._ranker = _bm25(words)

    def meant(self, wanted: Sequence[str]) -> list[str]:
        """The words of a query, mistyped ones replaced by the word of the corpus they resemble."""
        return [self._nearest_word(word) if word not in self._frequency else word for word in wanted]

    def lexical(self, wanted: Sequence[str]) -> list[str]:
        """Ids of the best sections by BM25, those without any wanted word left out."""
        known = [word for word in wanted if word in self._frequency]
        if not known:
            return []
        scores = self._ranker.get_scores(known)
        order = sorted(range(len(self.sections)), key=lambda place: (-float(scores[place]), place))
        return [self.sections[place].id for place in order[:_CANDIDATES] if float(scores[place]) > 0]

    def fits(self, key: str, wanted: Sequence[str], cosine: float) -> bool:
        """Whether a section shares enough with the query, by weight of its words or by meaning."""
        weights = {word: self._weight(word) for word in wanted}
        whole = sum(weights.values())
        shared = sum(weight for word, weight in weights.items() if word in self._words[key])
        return shared >= _LEAST_COVERAGE * whole or (cosine >= _LEAST_COSINE and shared >= _LEAST_SHARED * whole)

    def fused(self, *channels: Sequence[str]) -> list[Hit]:
        """The channels' rankings as one."""
        scores: defaultdict[str, float] = defaultdict(float)
        for channel in channels:
            for rank, key in enumerate(channel):
                scores[key] += (_FUSION + 1) / (_FUSION + 1 + rank) / len(channels)
        order = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [Hit(self._by_id[key], round(score, 4)) for key, score in order]

    def _nearest_word(self, word: str) -> str:
        alike = difflib.get_close_matches(word, self._frequency, n=1, cutoff=_ALIKE) if len(word) > 4 else []
        return alike[0] if alike else word

    def _weight(self, word: str) -> float:
        return math.log(1 + len(self.sections) / (1 + self._frequency[word]))


def _bm25(words: Sequence[Sequence[str]]) -> _Ranker:
    """A BM25 ranking of tokenised texts. The library is loaded on first need; it carries no types."""
    library: ModuleType = importlib.import_module("bm25s")
    ranker: _Ranker = library.BM25()
    ranker.index([list(found) for found in words], show_progress=False)
    return ranker
