"""Fits a mapper on ATT&CK's own texts: least squares with a penalty (ridge), one column per technique.

It is solved exactly over the examples, not over the terms: with far more terms than examples that is the smaller
system, and what it gives is the same linear model. Source: Saunders, Gammerman and Vovk (1998), dual ridge regression.
"""

import importlib
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Final, Protocol

import numpy as np

from knowledge.errors import DocumentError
from knowledge.mapping.channels import Linear, nearest_channel, whole_channel
from knowledge.mapping.mapper import Fitted, Mapper
from knowledge.mapping.terms import Numbers, Places, Postings, Vocabulary, counted, postings
from knowledge.mapping.texts import AttackTexts

_PENALTY: Final = 1.0
_BALANCE: Final = 0.5
"""0: every example counts the same; 1: every technique does. Both found on examples of entities left out of the fit."""
_BLOCK: Final = 1024
_SMALLEST: Final = 2


class _Sparse(Protocol):
    """What is used of a sparse matrix."""

    T: "_Sparse"

    def __getitem__(self, rows: slice) -> "_Sparse": ...

    def __matmul__(self, other: "_Sparse") -> "_Sparse": ...

    def toarray(self) -> Numbers: ...


def fit_mapper(texts: AttackTexts, tell: Callable[[str], None] = lambda line: None) -> Mapper:
    """Fit on descriptions and procedure examples; `tell` hears each step. Takes about a minute, and four bytes for
    each pair of texts (1.1 GB for the whole of ATT&CK) while it runs.

    Raises: DocumentError when there are no examples."""
    if len(texts.examples) < _SMALLEST:
        raise DocumentError("no procedure examples: a mapper cannot be fitted on descriptions alone")
    techniques = sorted(texts.techniques, key=lambda technique: technique.id)
    counts, labels = _labelled(texts, {technique.id: place for place, technique in enumerate(techniques)})
    tell(f"{len(texts.examples)} examples and {len(techniques)} descriptions read")
    vocabulary = Vocabulary.of(counts)
    rows = postings([vocabulary.tf_idf(text) for text in counts], len(vocabulary.places))
    tell(f"{len(vocabulary.places)} words, pairs and pieces of words weighed")
    linear = Linear(rows, _shares(rows, labels))
    tell("linear model fitted")
    return Mapper(
        techniques=tuple(technique.id for technique in techniques),
        names=tuple(technique.name for technique in techniques),
        vocabulary=vocabulary,
        whole=whole_channel(vocabulary, counts, labels),
        learnt=Fitted(linear, nearest_channel(vocabulary, counts, labels)),
    )


def _labelled(texts: AttackTexts, places: dict[str, int]) -> tuple[list[Counter[str]], Places]:
    """All texts in the order of their techniques, and for each the place of its technique."""
    labelled = [(places[t.id], f"{t.name}. {t.description}") for t in texts.techniques]
    labelled += [(places[e.technique], e.text) for e in texts.examples]
    labelled.sort(key=lambda row: row[0])
    return [counted(text) for _, text in labelled], np.array([place for place, _ in labelled], dtype=np.int32)


def _shares(rows: Postings, labels: Places) -> Numbers:
    """What each text adds to each technique, so that scores come close to 1 for its own and to 0 for the others."""
    alike = _alike(rows)
    per_label = np.bincount(labels)
    weights = (per_label[labels] / per_label.mean()) ** -_BALANCE
    np.einsum("ii->i", alike)[:] += (_PENALTY / weights).astype(np.float32)
    wanted = (labels[:, None] == np.arange(len(per_label))[None, :]).astype(np.float32)
    algebra = importlib.import_module("scipy.linalg")
    factor = algebra.cho_factor(alike, lower=True, overwrite_a=True, check_finite=False)
    shares: Numbers = algebra.cho_solve(factor, wanted, overwrite_b=True, check_finite=False)
    return shares.astype(np.float32)


def _alike(rows: Postings) -> Numbers:
    """How alike any two texts are; column by column, as the solver works in place."""
    table = _sparse(rows)
    alike: Numbers = np.empty((rows.height, rows.height), dtype=np.float32, order="F")
    for start in range(0, rows.height, _BLOCK):
        alike[:, start : start + _BLOCK] = (table[start : start + _BLOCK] @ table.T).toarray().T
    return alike


def _sparse(rows: Postings) -> _Sparse:
    library: ModuleType = importlib.import_module("scipy.sparse")
    width = len(rows.starts) - 1
    by_columns = library.csc_array((rows.values, rows.rows, rows.starts), shape=(rows.height, width))
    table: _Sparse = by_columns.tocsr()
    return table
