"""The word that was meant by one that nothing in the base holds."""

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from knowledge.lexical.table import Table

_ALIKE: Final = 0.85
"""How alike two words must be, as `difflib` counts it."""
_SHORTEST: Final = 5
_MOST: Final = 600
"""Candidates looked at closely for one word that is more than one slip away."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


class Speller:
    """Words of the vocabulary by first letter and length, commonest first; made on first need."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._shelves: Mapping[tuple[str, int], Sequence[str]] | None = None

    def meant(self, word: str) -> str | None:
        """The word most alike to this one; None when there is none, or it is too short or no plain word."""
        if len(word) < _SHORTEST or not (word.isascii() and word.isalpha()):
            return None
        slips = {other for other in _one_slip(word) if other in self._table.vocabulary}
        if slips:
            return max(sorted(slips), key=self._table.frequency)
        shelves = self._filled()
        near = (shelves.get((word[0], length), ()) for length in range(len(word) - 1, len(word) + 2))
        alike = difflib.get_close_matches(word, [other for shelf in near for other in shelf], 1, _ALIKE)
        return alike[0] if alike else None

    def _filled(self) -> Mapping[tuple[str, int], Sequence[str]]:
        if self._shelves is None:
            shelves: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
            for word in self._table.vocabulary:
                if len(word) >= _SHORTEST - 2 and word.isascii() and word.isalpha():
                    shelves[word[0], len(word)].append(word)
            for shelf in shelves.values():
                shelf.sort(key=lambda word: -self._table.frequency(word))
            self._shelves = {key: shelf[: _MOST // 3] for key, shelf in shelves.items()}
        return self._shelves


def _one_slip(word: str) -> Iterator[str]:
    """Everything that one letter left out, doubled, changed or two swapped make of a word."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        yield from (head + letter + tail for letter in _LETTERS)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _LETTERS)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
