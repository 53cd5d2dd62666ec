"""JSON as a page shows it: every value with the colour and letter of whoever wrote it."""

import json
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup
from pydantic import JsonValue

from agent.evidence.paths import Location, children
from agent.evidence.provenance import Declared, leaf_class
from agent.evidence.text import inert

MAX_LEAVES: Final = 400
"""Values shown with colours; the rest is in the raw JSON."""
_MAX_RAW: Final = 60_000


def annotated(value: JsonValue, at: Location, declared: Declared) -> tuple[Markup, int]:
    """The value as nested lists with a class per leaf, and how many leaves were left out."""
    leaves = _Leaves(declared)
    return leaves.html(value, at), leaves.left_out


def raw(value: JsonValue) -> str:
    """The value as indented JSON, invisible characters as escapes; cut when it is very long."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    cut = text if len(text) <= _MAX_RAW else text[:_MAX_RAW] + "\n…"
    return "\n".join(inert(line, clip=None) for line in cut.split("\n"))


class _Leaves:
    """Walks one value and counts what it shows."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._left = MAX_LEAVES
        self.left_out = 0

    def html(self, value: JsonValue, at: Location) -> Markup:
        """One value and all below it."""
        if not isinstance(value, dict | list) or not value:
            return self._leaf(value, at)
        return Markup("<ul>{}</ul>").format(Markup("").join(self._items(value, at)))

    def _items(self, value: JsonValue, at: Location) -> Iterator[Markup]:
        for index, (part, item) in enumerate(children(value)):
            if self._left <= 0:
                self.left_out += _count(item)
            elif isinstance(value, dict):
                yield Markup('<li><b class="k">{}</b> {}</li>').format(inert(part), self.html(item, (*at, part)))
            else:
                yield Markup('<li><b class="i">{}</b> {}</li>').format(index, self.html(item, (*at, part)))

    def _leaf(self, value: JsonValue, at: Location) -> Markup:
        self._left -= 1
        kind = leaf_class(at, value, self._declared).value
        content = inert(value) if isinstance(value, str) else json.dumps(value)
        return Markup('<span class="v {0}"><bdi>{1}</bdi><i>{0}</i></span>').format(kind, content)


def _count(value: JsonValue) -> int:
    inner = [item for _, item in children(value)]
    return sum(map(_count, inner)) if inner else 1
