"""Rows of values as lines: what all rows share is said once, then each row; where that is too long, the distinct values
of each field over all rows. Nothing is half of a first row.

    $.events[*] all 2: user.name=c.doe; source.ip=198.51.100.7
    $.events[0] cloud.api=MailItemsAccessed
    $.events[1] cloud.api=New-InboxRule

    $.connections[*] 18 rows: process.executable=sensor.exe; destination.port=53 x17, 443 x1

    $.buckets[*] count by key.cloud.api: 8 ListObjects; 5 GetObject
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from agent.brain.model.writing import CLIP, Pen
from agent.conversation.model.facts import Row

_ITEM: Final = re.compile(r"(.*)\[\d+\]")
_COUNT: Final = "count"
_KEY: Final = "key."
_DISTINCT: Final = 4
"""Values of one field that are listed before the rest is counted."""
_FEW: Final = 3
"""Rows that are shown one by one, shortened, rather than field by field."""
_SPANS: Final = ("@timestamp", "first", "last", "first_seen", "last_seen")
"""Fields of which the first and the last value say most."""
_LEFT: Final = "; …"


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines of values, and how many rows were left out of them."""

    lines: tuple[str, ...]
    left: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Writes rows for one reader."""

    pen: Pen
    clip: int = CLIP
    """Characters of one value."""

    def shown(self, rows: Sequence[Row], room: int) -> Shown:
        """The rows in `room` characters; of the first list or object at least some values."""
        lines: list[str] = []
        left = 0
        for at, group in groupby(rows, list_of):
            several = list(group)
            written = self._group(at, several, room) if room > 0 else Shown((), len(several))
            if lines and sum(map(len, written.lines)) > room:
                written, room = Shown((), len(several)), 0
            lines += written.lines
            left += written.left
            room -= sum(map(len, written.lines))
        return Shown(tuple(lines), left)

    def _group(self, at: str, rows: Sequence[Row], room: int) -> Shown:
        """Rows of one list, or one object."""
        if all(_is_bucket(row) for row in rows):
            return self._buckets(at, rows, room)
        if len(rows) == 1:
            return Shown((self._line(f"  {rows[0].at}", self._parts(rows[0]), room),))
        whole = tuple(self._factored(at, rows, room))
        if sum(map(len, whole)) <= room:
            return Shown(whole)
        if len(rows) <= _FEW:
            return Shown(tuple(self._factored(at, rows, room // (len(rows) + 1))))
        return Shown((self._line(f"  {at}[*] {len(rows)} rows:", self._columns(rows), room),))

    def _factored(self, at: str, rows: Sequence[Row], room: int) -> Iterator[str]:
        """What all rows share, then what each has of its own; each line within `room`."""
        first, others = rows[0], rows[1:]
        shared = {
            name
            for name, value in first.values.items()
            if all(name in row.values and row.values[name] == value for row in others)
        }
        if shared:
            yield self._line(f"  {at}[*] all {len(rows)}:", self._parts(first, lambda name: name in shared), room)
        for row in rows:
            if own := list(self._parts(row, lambda name: name not in shared)):
                yield self._line(f"  {row.at}", own, room)

    def _columns(self, rows: Sequence[Row]) -> Iterator[str]:
        """Each field with its distinct values over all rows, the most frequent first."""
        for name in dict.fromkeys(name for row in rows for name in row.values):
            values = [self._value(row, name) for row in rows if name in row.values]
            yield f"{self.pen.text(name)}={_several(name, values, len(rows))}"

    def _buckets(self, at: str, rows: Sequence[Row], room: int) -> Shown:
        """Groups of a count: how many of each key, which is always said."""
        names = list(dict.fromkeys(name for row in rows for name in row.values if name != _COUNT))
        plain = self.pen.text(", ".join(names))
        head = f"  {at}[*] count by {plain}:" if at != rows[0].at else f"  {at} count by {plain}:"
        parts = [f"{self._value(row, _COUNT)} {self._key(row, names)}" for row in rows]
        kept = 1
        while kept < len(parts) and len(head) + sum(len(part) + 2 for part in parts[: kept + 1]) <= room:
            kept += 1
        return Shown((f"{head} {'; '.join(parts[:kept])}",), len(parts) - kept)

    def _key(self, row: Row, names: Sequence[str]) -> str:
        return ", ".join(self._value(row, name) if name in row.values else "-" for name in names)

    def _parts(self, row: Row, wanted: Callable[[str], bool] | None = None) -> Iterator[str]:
        for name in row.values:
            if wanted is None or wanted(name):
                yield f"{self.pen.text(name)}={self._value(row, name)}" if name else self._value(row, name)

    def _value(self, row: Row, name: str) -> str:
        return self.pen.value(row.values[name], trusted=name not in row.untrusted, clip=self.clip)

    def _line(self, head: str, parts: Iterable[str], room: int) -> str:
        """The parts that there is room for, the first one always; what is too long does not keep out what follows."""
        kept: list[str] = []
        left = 0
        size = len(head)
        for part in parts:
            if kept and size + len(part) + 2 > room:
                left += 1
                continue
            kept.append(part)
            size += len(part) + 2
        return f"{head} {'; '.join(kept)}" + (_LEFT if left else "")


def list_of(row: Row) -> str:
    """The list that a row stands in; its own place where it stands in none."""
    found = _ITEM.fullmatch(row.at)
    return found[1] if found else row.at


def _is_bucket(row: Row) -> bool:
    names = set(row.values)
    return _COUNT in names and len(names) > 1 and all(name == _COUNT or name.startswith(_KEY) for name in names)


def _several(name: str, values: Sequence[str], rows: int) -> str:
    """Distinct values with how often each one stands there; one that all rows have stands alone."""
    counts = Counter(values)
    if len(counts) == 1 and len(values) == rows:
        return values[0]
    if name in _SPANS and len(counts) > _DISTINCT:
        return f"{min(values)} to {max(values)}"
    told = [f"{value} x{count}" if count > 1 else value for value, count in counts.most_common(_DISTINCT)]
    rest = len(counts) - len(told)
    return ", ".join([*told, *([f"{rest} others"] if rest else [])])
