"""One search: the question, both channels, what the reader may see, what fits, in which order, nothing twice."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from knowledge.embed import Embedder
from knowledge.endpoint import EmbeddingEndpoint
from knowledge.errors import KnowledgeError
from knowledge.lexical import LexicalIndex
from knowledge.models import Filter
from knowledge.search.hit import OWN, Hit
from knowledge.search.question import Question, asked
from knowledge.search.ranking import RERANKED, Candidate, distinct, fitting, fused, reranked
from knowledge.search.spaces import NEVER, Fitted
from knowledge.search.vectors import Tell, Vectors
from knowledge.store import Held, KnowledgeStore

_FIRST: Final = 60
_MOST: Final = 480
_ENOUGH: Final = 30
"""Visible sections of a channel; with fewer it is asked for more."""


def _untold(done: int, whole: int) -> None:
    """Nobody waits for it."""


def _short(channel: Collection[str], visible: Collection[str], few: int) -> bool:
    """Whether a channel could give more, and what it gave is mostly not to be seen."""
    return len(channel) >= few and sum(key in visible for key in channel) < _ENOUGH


@dataclass(frozen=True, slots=True)
class _Found:
    """What the channels gave, best first, and what of it may be seen."""

    lexical: Mapping[str, float]
    dense: Mapping[str, float]
    visible: Mapping[str, Held]


class Search:
    """Finds sections; those of operator documents (T0) unless others are asked for. Sees every committed write."""

    def __init__(self, store: KnowledgeStore, dimensions: int = 128, endpoint: EmbeddingEndpoint | None = None) -> None:
        self._store = store
        self._index = LexicalIndex(store)
        self._vectors = Vectors(store, dimensions, endpoint)
        self._degraded = ""

    @property
    def degraded(self) -> str:
        """Why the last search asked the lexical channel alone; empty when it asked both."""
        return self._degraded

    def search(self, query: str, limit: int = 5, wanted: Filter = OWN) -> list[Hit]:
        """The sections that fit best, best first; empty when none shares enough with the query to be called a hit."""
        self._follow()
        question = asked(query, self._index)
        if not question.words:
            return []
        found = self._found(question, wanted)
        order = fused(*([key for key in channel if key in found.visible] for channel in (found.dense, found.lexical)))
        space = self._vectors.space
        sufficient = space.sufficient_cosine if space else NEVER
        candidates = fitting(question, self._candidates(question, order, found), sufficient)
        return distinct(reranked(question, candidates[:RERANKED]), limit)

    def refresh(self, tell: Tell = _untold, *, refit: bool = False) -> None:
        """Bring vectors and words up to date; `tell` hears how many sections of how many are done.

        Raises: EmbeddingError when the endpoint gives no vectors."""
        self._index.follow(self._store.revision)
        self._vectors.refresh(tell, self._sections(), refit=refit)
        if refit:
            self._index.rebuild()

    def settle(self) -> None:
        """Wait for what is done in the background."""
        self._vectors.settle()
        self._index.settle()

    def embedder(self) -> Embedder:
        """The fitted embedder whose vectors are live.

        Raises: KnowledgeError when there is none."""
        self._follow()
        space = self._vectors.space
        if not isinstance(space, Fitted):
            raise KnowledgeError("the live vectors are not those of a fitted embedder")
        return space.embedder

    def _follow(self) -> None:
        revision = self._store.revision
        self._index.follow(revision)
        self._vectors.follow(revision, self._sections())

    def _sections(self) -> int:
        status = self._index.status()
        return status.sections + status.newer

    def _found(self, question: Question, wanted: Filter) -> _Found:
        """Both channels, asked for more as long as a filter leaves too few."""
        few, share = _FIRST, max(self._index.share(wanted), _FIRST / _MOST)
        while True:
            lexical = dict(self._index.ranked(question.words, wanted, few))
            asked_for = min(_MOST, round(few / share))
            near, self._degraded = self._vectors.nearest(question, asked_for)
            may = self._index.allowed([key for key, _ in near], wanted)
            dense = dict([row for row in near if row[0] in may][:few])
            visible = self._store.visible({*lexical, *dense}, wanted)
            if few >= _MOST or not (_short(lexical, visible, few) or _short(dense, visible, few)):
                return _Found(lexical, dense, visible)
            few *= 4

    def _candidates(self, question: Question, order: Mapping[str, float], found: _Found) -> list[Candidate]:
        """The fused sections with what the closer look needs, best first."""
        words = self._index.held(question.tokens, order)
        around: defaultdict[str, set[str]] = defaultdict(set)
        for key in order:
            around[found.visible[key].section.document] |= words[key]
        best = max(found.lexical.values(), default=0.0) or 1.0
        return [
            Candidate(
                held=found.visible[key],
                words=words[key],
                around=frozenset(around[found.visible[key].section.document]),
                cosine=found.dense.get(key, 0.0),
                lexical=found.lexical.get(key, 0.0) / best,
                fused=order[key],
            )
            for key in order
        ]
