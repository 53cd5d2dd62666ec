"""Exact search over vectors in memory: the tail that the projection has not seen, or all of them."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledge.store.records import Matrix

_LEAST_DEAD: Final = 1_000
"""From here on, and from a quarter of all, rows that are dead are cleared away."""


class ExactIndex:
    """Vectors of one embedder that are newer than `since`, as of the revision `seen`. Not safe to use at once."""

    def __init__(self, embedder: str, since: int) -> None:
        self.embedder = embedder
        self.since = since
        self.seen = since
        self._places: dict[str, int] = {}
        self._sections: list[str] = []
        self._matrix: Matrix = np.zeros((0, 0), dtype=np.float32)
        self._alive: NDArray[np.int64] | None = None
        """Rows that are not dead; None: all."""

    def __len__(self) -> int:
        return len(self._places)

    def update(self, added: Sequence[tuple[str, str, int, bytes]], lost: Iterable[str], revision: int) -> None:
        """Take in what happened up to a revision: (section, id, revision, vector) that came, ids that went."""
        fresh = [row for row in added if row[1] not in self._places]
        for key in lost:
            self._places.pop(key, None)
        for place, row in enumerate(fresh, start=len(self._sections)):
            self._places[row[1]] = place
        self._sections.extend(row[0] for row in fresh)
        if fresh:
            block = np.frombuffer(b"".join(row[3] for row in fresh), dtype=np.float32).reshape(len(fresh), -1)
            self._matrix = np.vstack((self._matrix, block)) if self._matrix.size else block
        self.seen = revision
        self._clear()
        whole = len(self._places) == len(self._sections)
        self._alive = None if whole else np.fromiter(self._places.values(), np.int64, len(self._places))

    def nearest(self, vector: Matrix, count: int) -> list[tuple[str, float]]:
        """Sections with their cosine to a unit vector, best first.

        In one thread: on a busy machine the linear algebra library waits up to 50 ms for its own."""
        if not self._places or count <= 0:
            return []
        alive = self._alive
        cosines = np.vecdot(self._matrix if alive is None else self._matrix[alive], vector)
        kept = min(count, len(cosines))
        best = np.argpartition(-cosines, kept - 1)[:kept]
        order = best[np.argsort(-cosines[best], kind="stable")]
        rows = order if alive is None else alive[order]
        return [(self._sections[row], float(cosines[place])) for row, place in zip(rows, order, strict=True)]

    def _clear(self) -> None:
        dead = len(self._sections) - len(self._places)
        if dead < max(_LEAST_DEAD, len(self._sections) // 4):
            return
        kept = sorted(self._places.items(), key=lambda item: item[1])
        self._matrix = self._matrix[[place for _, place in kept]]
        self._sections = [self._sections[place] for _, place in kept]
        self._places = {key: place for place, (key, _) in enumerate(kept)}
