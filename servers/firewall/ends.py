"""When decisions end, of which a product tells only how much time is left: the same answer on every read."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

_SAME: Final = timedelta(seconds=2)
"""Ends closer together than this are one: time left is told late by as long as an answer takes."""
_MOST: Final = 100_000
"""Ends kept of single looks, which never tell what is gone."""


class Ends:
    """The end each decision was first seen with, by its id."""

    def __init__(self) -> None:
        self._first: dict[int, datetime] = {}
        self._lock = threading.Lock()

    def settled(self, computed: Mapping[int, datetime], *, whole: bool) -> dict[int, datetime]:
        """The ends to answer with: as first seen, unless one was really moved. `whole`: there are no other decisions,
        so that those not named are forgotten."""
        with self._lock:
            ends = {number: self._kept(number, end) for number, end in computed.items()}
            self._first = ends if whole or len(self._first) > _MOST else self._first | ends
        return ends

    def _kept(self, number: int, computed: datetime) -> datetime:
        first = self._first.get(number, computed)
        return first if abs(first - computed) < _SAME else computed
