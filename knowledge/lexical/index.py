"""The lexical channel as the search uses it: a table from disk, the exact tail, and when to make the table anew."""

import logging
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from knowledge.errors import KnowledgeError
from knowledge.lexical import files
from knowledge.lexical.spelling import Speller
from knowledge.lexical.table import Flags, Table, Word, built, idf
from knowledge.lexical.tail import Tail
from knowledge.models import Filter
from knowledge.store import Held, KnowledgeStore
from knowledge.trust.owned_files import turn

_LOG = logging.getLogger(__name__)
_LONG_TAIL: Final = 0.05
"""Share of the sections from which on the table is made anew."""
_AT_ONCE: Final = 2_000
"""Up to so many sections the table is made on the spot; it takes less than half a second."""
_LONGEST_TAIL: Final = 10_000
"""More newer sections are not held one by one: the search waits for a new table."""
_BATCH: Final = 1_000
_MOST_KNOWN: Final = 32


@dataclass(frozen=True, slots=True)
class Status:
    """How the lexical channel stands."""

    sections: int
    """In the table, those that are out of date included."""
    newer: int
    """In the tail."""
    revision: int
    """Of the table."""


@dataclass(slots=True)
class _Loaded:
    """A table, what of it still holds, and what is newer."""

    name: str
    """Of its folder; empty when it could not be written."""
    table: Table
    revision: int
    seen: int
    """The revision up to which tail and flags know the changes."""
    alive: Flags
    tail: Tail = field(default_factory=Tail)
    speller: Speller = field(init=False)

    known: dict[Filter, Flags] = field(default_factory=dict)
    """What the filters asked for lately may allow."""

    def __post_init__(self) -> None:
        self.speller = Speller(self.table)

    def allowed(self, wanted: Filter) -> Flags:
        """As `Table.allowed`, worked out once."""
        asked = Filter(wanted.kinds, wanted.languages, wanted.provenance)
        if asked not in self.known:
            if len(self.known) >= _MOST_KNOWN:
                self.known.clear()
            self.known[asked] = self.table.allowed(asked)
        return self.known[asked]


class LexicalIndex:
    """BM25 over all sections of a store as they are now, whoever wrote them. Safe to use from several threads."""

    def __init__(self, store: KnowledgeStore) -> None:
        self._store = store
        self._folder = store.home / "lexical"
        self._lock = threading.RLock()
        self._loaded: _Loaded | None = None
        self._building: threading.Thread | None = None

    def follow(self, revision: int) -> None:
        """Know all that was committed up to this revision of the store."""
        with self._lock:
            loaded = self._loaded
            if loaded is not None and loaded.seen == revision:
                return
            if loaded is None or files.newest(self._folder) != loaded.name:
                loaded = self._found() or loaded or self._made()
            self._loaded = loaded
            self._catch_up(loaded, revision)

    def ranked(self, words: Collection[Word], wanted: Filter, count: int) -> list[tuple[str, float]]:
        """The best sections with their scores, best first; time, readers and origin are left to the store."""
        with self._lock:
            loaded = self._current()
            allowed = loaded.allowed(wanted) & loaded.alive
            found = dict(loaded.table.ranked(words, allowed, count)) if loaded.table.ids else {}
            found |= loaded.tail.ranked(words, wanted, loaded.table)
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:count]

    def allowed(self, ids: Collection[str], wanted: Filter) -> frozenset[str]:
        """Of these sections those that a filter may allow; time, readers and origin are left to the store."""
        with self._lock:
            loaded = self._current()
            flags = loaded.allowed(wanted)
            return frozenset(key for key in ids if _may(loaded, flags, key, wanted))

    def share(self, wanted: Filter) -> float:
        """About how much of the base a filter allows, 0 to 1."""
        with self._lock:
            flags = self._current().allowed(wanted)
        return float(flags.mean()) if len(flags) else 1.0

    def held(self, tokens: Collection[str], ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Which of these words each of these sections holds."""
        found: dict[str, set[str]] = {key: set() for key in ids}
        with self._lock:
            loaded = self._current()
            in_table = sorted((loaded.table.places[key], key) for key in ids if _in_table(loaded, key))
            places = np.array([place for place, _ in in_table], dtype=np.int32)
            for token in tokens:
                for (_, key), holds in zip(in_table, loaded.table.holding(token, places), strict=True):
                    if holds:
                        found[key].add(token)
            for key in ids:
                if newer := loaded.tail.sections.get(key):
                    found[key] = {token for token in tokens if token in newer.words}
        return {key: frozenset(words) for key, words in found.items()}

    def frequency(self, token: str) -> int:
        """In how many sections a word stands, about: what was changed or removed since counts as well."""
        with self._lock:
            loaded = self._current()
            return loaded.table.frequency(token) + len(loaded.tail.by_word.get(token, ()))

    def weight(self, token: str) -> float:
        """How much a word tells: its idf."""
        with self._lock:
            loaded = self._current()
            whole = len(loaded.table.ids) + len(loaded.tail)
            return idf(min(self.frequency(token), whole), whole)

    def meant(self, word: str) -> str | None:
        """The known word that an unknown one resembles."""
        with self._lock:
            return self._current().speller.meant(word)

    def status(self) -> Status:
        """How the channel stands."""
        with self._lock:
            loaded = self._current()
            return Status(len(loaded.table.ids), len(loaded.tail), loaded.revision)

    def rebuild(self) -> None:
        """Make the table anew from the store, now, and keep it."""
        with self._lock, self._turn(wait=True):
            self._loaded = self._written()

    def settle(self) -> None:
        """Wait for a table that is being made in the background."""
        if self._building is not None:
            self._building.join()

    def _current(self) -> _Loaded:
        if self._loaded is None:
            self.follow(self._store.revision)
        if self._loaded is None:
            raise KnowledgeError("the lexical index was not made")
        return self._loaded

    def _catch_up(self, loaded: _Loaded, revision: int) -> None:
        changed, gone = self._store.changed_since(loaded.seen)
        if len(changed) + len(loaded.tail) > _LONGEST_TAIL:
            self._replace(revision)
            return
        for key in changed | gone:
            loaded.tail.drop(key)
            if (place := loaded.table.places.get(key)) is not None:
                loaded.alive[place] = False
        for held in self._read(sorted(changed)):
            loaded.tail.put(held)
        loaded.seen = revision
        self._renew_when_long(loaded)

    def _renew_when_long(self, loaded: _Loaded) -> None:
        stale = max(len(loaded.tail), int(np.count_nonzero(~loaded.alive)))
        whole = len(loaded.table.ids) + len(loaded.tail)
        if stale <= _LONG_TAIL * whole:
            return
        if whole <= _AT_ONCE:
            self._replace(loaded.seen)
        elif self._building is None or not self._building.is_alive():
            self._building = threading.Thread(target=self._renew, name="lexical-index", daemon=True)
            self._building.start()

    def _replace(self, revision: int) -> None:
        self._loaded = self._made()
        self._catch_up(self._loaded, revision)

    def _renew(self) -> None:
        """In the background; a process that is already at it is left to it."""
        try:
            with self._turn(wait=False) as alone:
                made = self._written() if alone else None
        except (OSError, KnowledgeError):
            _LOG.warning("lexical_index_not_renewed", exc_info=True)
            return
        if made is not None:
            with self._lock:
                self._loaded = made
                self._catch_up(made, self._store.revision)

    def _made(self) -> _Loaded:
        """A table of the store as it is now, made by this process or by one that was at it."""
        with self._turn(wait=True):
            found = self._found()
            if found is not None and self._changes(found) <= _LONG_TAIL * len(found.table.ids):
                return found
            return self._written()

    def _written(self) -> _Loaded:
        revision = self._store.revision
        table = built(self._read(sorted(self._store.changed_since(0)[0])))
        try:
            files.write(self._folder, table, self._store.identity, revision)
            name = files.newest(self._folder) or ""
        except OSError as error:
            _LOG.warning("lexical_index_not_kept", extra={"folder": str(self._folder), "reason": str(error)})
            name = files.newest(self._folder) or ""
        return _loaded(name, table, revision)

    def _found(self) -> _Loaded | None:
        name = files.newest(self._folder)
        stored = files.read(self._folder, self._store.identity) if name else None
        if name is None or stored is None or stored[1] > self._store.revision:
            return None
        return _loaded(name, *stored)

    def _changes(self, found: _Loaded) -> int:
        return sum(map(len, self._store.changed_since(found.revision)))

    def _turn(self, *, wait: bool) -> AbstractContextManager[bool]:
        """Whether this process may write the table."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return turn(self._folder.with_name("lexical.lock"), wait=wait)

    def _read(self, ids: Sequence[str]) -> Iterator[Held]:
        for at in range(0, len(ids), _BATCH):
            yield from self._store.held(ids[at : at + _BATCH]).values()


def _loaded(name: str, table: Table, revision: int) -> _Loaded:
    return _Loaded(name, table, revision, revision, np.ones(len(table.ids), dtype=np.bool_))


def _in_table(loaded: _Loaded, key: str) -> bool:
    place = loaded.table.places.get(key)
    return place is not None and bool(loaded.alive[place])


def _may(loaded: _Loaded, flags: Flags, key: str, wanted: Filter) -> bool:
    if (newer := loaded.tail.sections.get(key)) is not None:
        return newer.allowed(wanted)
    return _in_table(loaded, key) and bool(flags[loaded.table.places[key]])
