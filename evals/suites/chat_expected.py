"""What a right answer has to show, and how to find it in a sentence and in what the sentence cites."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pydantic import JsonValue

Demand: TypeAlias = Literal["fact", "nothing", "blind", "unknown", "ambiguous", "scope"]
"""What truth demands: an answer; `looked and found nothing`; `could not look`; that there is no such thing; a list of
readings; or what the chat can do instead."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?")
_DEEPEST = 6
_FORMS = 4
"""Forms of a value that a report shows."""
LISTED = 5
"""Values of a list that a sentence shows before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Text:
    """A name or a number; any of its forms will do."""

    forms: tuple[str, ...]

    def shown(self, text: str) -> bool:
        """Whether it stands in a sentence, not as a part of a longer name or number."""
        return any(_stands(form, text) for form in self.forms)

    def held(self, selected: Sequence[JsonValue]) -> bool:
        """Whether the cited values hold it: as a text, as a number, or as how many there are."""
        counted = {str(len(selected)), *(str(len(item)) for item in selected if isinstance(item, list))}
        return any(form in counted for form in self.forms) or any(self.shown(text) for text in _leaves(selected))

    def __str__(self) -> str:
        more = len(self.forms) - _FORMS
        return " or ".join(self.forms[:_FORMS]) + (f" or {more} other forms" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time; to the second, or to the minute where no seconds are shown."""

    at: datetime

    def shown(self, text: str) -> bool:
        """Whether a sentence shows it."""
        return any(self._is(found[0], to_second=found[1] is not None) for found in _TIME.finditer(text))

    def held(self, selected: Sequence[JsonValue]) -> bool:
        """Whether a cited value is it."""
        return any(self.shown(text) for text in _leaves(selected))

    def _is(self, written: str, to_second: bool) -> bool:
        read = datetime.fromisoformat(written)
        read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        wanted = self.at.replace(microsecond=0) if to_second else self.at.replace(second=0, microsecond=0)
        return read.replace(microsecond=0) == wanted

    def __str__(self) -> str:
        return self.at.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no. Sentences say it in many ways, so the words that would be wrong are named as well."""

    value: bool
    yes: tuple[str, ...]
    no: tuple[str, ...]

    def shown(self, text: str) -> bool:
        """Whether a sentence says it, and not its opposite."""
        said_no = any(word in text.lower() for word in self.no)
        said_yes = not said_no and any(word in text.lower() for word in self.yes)
        return said_yes if self.value else said_no

    def held(self, selected: Sequence[JsonValue]) -> bool:
        """Whether a cited value is that truth value."""
        return any(item is self.value for item in selected) or any(
            isinstance(item, dict) and any(inner is self.value for inner in item.values()) for item in selected
        )

    def __str__(self) -> str:
        return (self.yes if self.value else self.no)[0]


@dataclass(frozen=True, slots=True)
class Some:
    """At least so many of several values."""

    values: tuple["Value", ...]
    least: int = 1

    def shown(self, text: str) -> bool:
        """Whether a sentence shows enough of them."""
        return sum(value.shown(text) for value in self.values) >= self.least

    def held(self, selected: Sequence[JsonValue]) -> bool:
        """Whether the cited values hold enough of them."""
        return sum(value.held(selected) for value in self.values) >= self.least

    def __str__(self) -> str:
        return f"{self.least} of ({'; '.join(map(str, self.values))})"


Value: TypeAlias = Text | Moment | Flag | Some


@dataclass(frozen=True, slots=True)
class Expected:
    """What truth demands of one answer."""

    demands: tuple[Demand, ...]
    """Any of them is honest; the first is the usual one."""
    values: tuple[Value, ...] = ()
    """All of them have to be shown."""
    forbidden: tuple[Value, ...] = ()
    """None of them may be."""
    looked_with: tuple[str, ...] = ()
    """Beginnings of the names of tools of which one has to have found nothing; empty for any."""
    echo: tuple[Value, ...] = ()
    """Of something unknown: its name, which a sentence without evidence has to say."""
    readings: tuple[str, ...] = ()
    """Names of which at least two have to be among the readings."""
    targets: tuple[tuple[str, str], ...] | None = None
    """Measures (kind, target) of which one has to be proposed, and beside which none may be; empty: none at all may
    be. None: whatever is proposed."""

    @property
    def demand(self) -> Demand:
        """What is demanded first, under which it is counted."""
        return self.demands[0]

    def __str__(self) -> str:
        parts = ["/".join(self.demands), *map(str, self.values)]
        parts += [f"not {value}" for value in self.forbidden]
        parts += [f"readings of {', '.join(self.readings[:4])}"] if self.readings else []
        parts += [f"proposes {', '.join(target for _, target in self.targets)}"] if self.targets else []
        return "; ".join(parts)


def fact(*values: Value, forbidden: Iterable[Value] = ()) -> Expected:
    """An answer that shows all of these."""
    return Expected(("fact",), values, tuple(forbidden))


def text(*forms: object) -> Text:
    """A value in any of these forms."""
    return Text(tuple(dict.fromkeys(str(form) for form in forms)))


def each(names: Sequence[str]) -> Expected:
    """An answer that shows all of these names; of a long list as many as a sentence shows before it counts the rest."""
    values = tuple(map(text, names))
    return fact(Some(values, LISTED)) if len(values) > LISTED else fact(*values)


def _stands(form: str, text: str) -> bool:
    before = r"(?<![A-Za-z0-9])" if form[:1].isalnum() and form[:1].isascii() else ""
    after = r"(?![A-Za-z0-9])" if form[-1:].isalnum() and form[-1:].isascii() else ""
    if form.isdigit():
        before, after = r"(?<![A-Za-z0-9])(?<!\d[.:,-])(?<![A-Za-z]-)", r"(?![A-Za-z0-9])(?![.:,-]\d)"
    return re.search(before + re.escape(form) + after, text, re.IGNORECASE) is not None


def _leaves(selected: Sequence[JsonValue], depth: int = 0) -> Iterator[str]:
    for item in selected:
        if isinstance(item, dict | list) and depth < _DEEPEST:
            yield from _leaves(list(item.values()) if isinstance(item, dict) else item, depth + 1)
        elif item is not None and not isinstance(item, bool):
            yield str(item)
