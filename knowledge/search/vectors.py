"""The dense channel: which embedder is live, vectors for what is new, and what to do when an endpoint is silent.

The fitted embedder is fitted again when that was asked for, when the sections have become half as many again, or when
another kind of embedder wrote the vectors; until the new vectors are complete the old ones serve.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, TypeAlias

from knowledge.embed import METHOD, Matrix, fit
from knowledge.endpoint import EmbeddingEndpoint
from knowledge.errors import EmbeddingError, KnowledgeError
from knowledge.search.question import Question
from knowledge.search.spaces import Fitted, Space, probed, remote_id, restored
from knowledge.store import KnowledgeStore
from knowledge.tokens import searchable
from knowledge.trust.owned_files import turn

Tell: TypeAlias = Callable[[int, int], None]
"""Hears how many sections of how many are done."""

_LOG = logging.getLogger(__name__)
_GROWN: Final = 1.5
_AT_ONCE: Final = 2_000
"""Up to so many sections are fitted and embedded while a search waits; more in the background."""
_NEW_AT_ONCE: Final = 500
"""Likewise sections that are new to an embedder that stays."""
_NEW_REMOTE: Final = 16
"""Likewise where an endpoint is asked."""
_BATCH: Final = 1_024
_LARGEST_SAMPLE: Final = 4_000
_SILENT_S: Final = 30.0
"""An endpoint that failed is not asked again for so long."""
_REMEMBERED: Final = 256
_NOT_YET: Final = "the vectors are being made"


class Vectors:
    """Vectors of all sections of a store and of questions. Safe to use from several threads."""

    def __init__(self, store: KnowledgeStore, dimensions: int, endpoint: EmbeddingEndpoint | None) -> None:
        self._store = store
        self._dimensions = dimensions
        self._endpoint = endpoint
        self._lock = threading.RLock()
        self._space: Space | None = None
        self._seen = -1
        self._silent_until = 0.0
        self._silent_because = ""
        self._working: threading.Thread | None = None
        self._questions: dict[tuple[str, str], Matrix] = {}

    @property
    def space(self) -> Space | None:
        """What the live vectors were made by; None when there are none that this process can ask."""
        return self._space

    def follow(self, revision: int, sections: int) -> None:
        """Have vectors for what was committed up to this revision: at once when that is quick."""
        with self._lock:
            if revision == self._seen or time.monotonic() < self._silent_until:
                return
            self._seen = revision
            self._restore()
            if not self._quick(sections):
                self._in_background()
            elif self._due(sections):
                self._try(lambda: self._renew(_untold))
            else:
                self._try(lambda: self._complete(_untold))

    def nearest(self, question: Question, count: int) -> tuple[list[tuple[str, float]], str]:
        """Ids with their cosine, best first, and why the channel says nothing, when it could not be asked."""
        space = self._space
        if space is None:
            return [], self._silent_because or _NOT_YET
        if time.monotonic() < self._silent_until:
            return [], self._silent_because
        try:
            vector = self._embedded(space, question)
        except EmbeddingError as error:
            self._fall_silent(error)
            return [], self._silent_because
        return (self._store.nearest(space.id, vector, count) if vector.any() else []), ""

    def refresh(self, tell: Tell, sections: int, *, refit: bool = False) -> None:
        """Embed what has no vector yet; fit anew when that is asked for or due.

        Raises: EmbeddingError when the endpoint gives no vectors."""
        with turn(self._store.home / "embedding.lock", wait=True):
            self._restore()
            if refit or self._due(sections):
                self._renew(tell)
            else:
                self._complete(tell)

    def settle(self) -> None:
        """Wait for what is done in the background."""
        if self._working is not None:
            self._working.join()

    def _restore(self) -> None:
        live = self._store.embedder()
        if live is None:
            self._space = None
        elif self._space is None or self._space.id != live.id:
            self._space = restored(live.id, live.fitted, self._endpoint)

    def _quick(self, sections: int) -> bool:
        """Whether what is to be done may be done while a search waits."""
        if self._due(sections):
            return self._endpoint is None and sections <= _AT_ONCE
        if self._space is None:
            return True
        most = _NEW_AT_ONCE if self._endpoint is None else _NEW_REMOTE
        return len(self._store.missing_vectors(self._space.id, most + 1)) <= most

    def _due(self, sections: int) -> bool:
        """Whether other vectors than the live ones are wanted."""
        live = self._live()
        if self._endpoint is not None:
            return not live.startswith(f"{remote_id(self._endpoint)}-")
        if self._space is None or not live.startswith(f"{METHOD}-{self._dimensions}-"):
            return sections > 0
        return sections > _GROWN * self._space.sections

    def _live(self) -> str:
        return self._space.id if self._space is not None else ""

    def _renew(self, tell: Tell) -> None:
        """Another embedder: its vectors first, then the switch."""
        space = self._made()
        self._embed_all(space, tell)
        self._store.switch_embedder(space.id, space.to_bytes())
        self._space = space

    def _complete(self, tell: Tell) -> None:
        if self._space is not None:
            self._embed_all(self._space, tell)

    def _made(self) -> Space:
        """The embedder that is wanted now."""
        ids = sorted(self._store.changed_since(0)[0])
        step = max(1, len(ids) // _LARGEST_SAMPLE)
        held = self._store.held(ids[::step])
        if self._endpoint is not None:
            first = {row.section.document: searchable(row.section) for row in held.values()}
            return probed(self._endpoint, list(first.values()))
        corpus = {key: searchable(held[key].section) for key in ids[::step] if key in held}
        return Fitted(fit(corpus, self._dimensions, sections=len(ids)))

    def _embed_all(self, space: Space, tell: Tell) -> None:
        missing = self._store.missing_vectors(space.id, 1_000_000)
        for at in range(0, len(missing), _BATCH):
            part = missing[at : at + _BATCH]
            vectors = space.documents([searchable(section) for section in part])
            self._store.add_vectors(space.id, [(row.id, vector) for row, vector in zip(part, vectors, strict=True)])
            tell(min(at + _BATCH, len(missing)), len(missing))

    def _embedded(self, space: Space, question: Question) -> Matrix:
        key = (space.id, question.asked)
        known = self._questions.get(key)
        if known is None:
            known = space.question(question)
            if len(self._questions) >= _REMEMBERED:
                self._questions.clear()
            self._questions[key] = known
        return known

    def _in_background(self) -> None:
        if self._working is not None and self._working.is_alive():
            return
        if time.monotonic() < self._silent_until:
            return
        self._working = threading.Thread(target=self._work, name="knowledge-vectors", daemon=True)
        self._working.start()

    def _work(self) -> None:
        """What takes long; a process that is already at it is left to it."""

        def refresh() -> None:
            with turn(self._store.home / "embedding.lock", wait=False) as alone:
                if alone:
                    self._restore()
                    whole = len(self._store.changed_since(0)[0])
                    (self._renew if self._due(whole) else self._complete)(_untold)

        self._try(refresh)

    def _try(self, work: Callable[[], None]) -> None:
        """A failing endpoint leaves the lexical channel."""
        try:
            work()
        except EmbeddingError as error:
            self._fall_silent(error)
        except (KnowledgeError, OSError):
            _LOG.warning("vectors_not_made", exc_info=True)

    def _fall_silent(self, error: EmbeddingError) -> None:
        self._silent_until = time.monotonic() + _SILENT_S
        self._silent_because = str(error)
        self._seen = -1
        _LOG.warning("embedding_endpoint_failed", extra={"reason": str(error), "again_in_s": _SILENT_S})


def _untold(done: int, whole: int) -> None:
    """Nobody waits for it."""
