"""Evidence as data for a page: every value with its place, and who wrote it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from jsonpath import JSONPathError
from pydantic import JsonValue

from agent.cases.report.view import RefView as ReadRef
from agent.evidence.errors import PathError
from agent.evidence.paths import ANY, Location, compile_path
from agent.evidence.provenance import Declared, classes, declarations, leaf_class
from agent.evidence.text import inert
from agent.models import Evidence, least_trusted
from knowledge.trust.canonical import sha256_of
from ui.api.errors import Refusal
from ui.api.models import EvidenceLine, EvidenceView, Leaf, RefView

MOST_LEAVES: Final = 1000
"""Values of one evidence that are listed; the rest is in its data."""
MOST_SHOWN: Final = 24
"""Values of one reference that are listed."""
_WORDS: Final = 2000
"""Characters of one value that are listed."""

Place: TypeAlias = tuple[str | int, ...]
"""Where a value stands, array indexes as numbers."""


@dataclass(frozen=True, slots=True)
class _Found:
    place: Place
    value: JsonValue


def evidence_view(item: Evidence, path: str | None = None) -> EvidenceView:
    """One answer whole; with a path, the values under it are marked.

    Raises: Refusal (422) for a path that is none."""
    declared = declarations(item)
    cited = _cited(path, item) if path else ()
    found = list(_leaves(item.data, ()))
    leaves = [_leaf(each, declared, cited=any(each.place[: len(at)] == at for at in cited)) for each in found]
    shown = sorted(range(len(leaves)), key=lambda index: not leaves[index].cited)[:MOST_LEAVES]
    return EvidenceView(
        evidence=item,
        hash_fits=sha256_of(item.data) == item.sha256,
        provenance=classes(path, item) if path else least_trusted(*(leaf.provenance for leaf in leaves)),
        leaves=tuple(leaves[index] for index in sorted(shown)),
        left_out=len(leaves) - len(shown),
    )


def evidence_line(item: Evidence, *, hash_fits: bool) -> EvidenceLine:
    """One answer in the list."""
    kept = {name: getattr(item, name) for name in EvidenceLine.model_fields if name != "hash_fits"}
    return EvidenceLine.model_validate({**kept, "hash_fits": hash_fits})


def ref_view(ref: ReadRef) -> RefView:
    """What a claim reads at one place, value by value."""
    leaves = [_leaf(found, ref.declared, base=at) for at, value in ref.places for found in _leaves(value, ())]
    return RefView(
        role=ref.role,
        evidence=ref.evidence,
        tool=ref.tool,
        path=ref.path,
        provenance=ref.provenance,
        values=tuple(leaves[:MOST_SHOWN]),
        more=ref.more + max(len(leaves) - MOST_SHOWN, 0),
    )


def _cited(path: str, item: Evidence) -> tuple[Place, ...]:
    """Every place that the path selects."""
    if not isinstance(item.data, dict | list):
        return ()
    try:
        return tuple(tuple(match.parts) for match in compile_path(path).query.finditer(item.data))
    except (PathError, JSONPathError, RecursionError) as error:
        raise Refusal(422, "bad_path", inert(str(error)), "a path is RFC 9535, such as $.alert['source.ip']") from error


def _leaves(value: JsonValue, at: Place) -> Iterator[_Found]:
    """Every value that has nothing below it, in order."""
    items: Iterator[tuple[str | int, JsonValue]]
    if isinstance(value, dict) and value:
        items = iter(value.items())
    elif isinstance(value, list) and value:
        items = iter(enumerate(value))
    else:
        yield _Found(at, value)
        return
    for part, item in items:
        yield from _leaves(item, (*at, part))


def _leaf(found: _Found, declared: Declared, *, base: Location = (), cited: bool = False) -> Leaf:
    at = (*base, *(part if isinstance(part, str) else ANY for part in found.place))
    value = found.value
    text = inert(value, _WORDS) if isinstance(value, str) else json.dumps(value)
    return Leaf(path=_path(found.place), text=text, provenance=leaf_class(at, value, declared), cited=cited)


def _path(place: Place) -> str:
    """A normalised path (RFC 9535) below what it is listed under; empty for the thing itself."""
    return inert("".join(f"[{part}]" if isinstance(part, int) else f"['{_quoted(part)}']" for part in place), None)


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")
