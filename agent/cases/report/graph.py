"""The entity graph: sources, accounts, hosts, processes and destinations in columns, joined where one event names both.

Columns instead of springs: the same case always gives the same picture, and labels stand inside their boxes.
"""

import math
import ntpath
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from agent.cases.report.drawing import Number, box, fitted, group, picture, text, thread
from agent.cases.report.records import Record, records
from agent.cases.report.words import Language, word
from agent.evidence.entities import same_entity
from agent.models import Case, Provenance

_COLUMNS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("source", ("source.ip",)),
    ("account", ("user.name", "user.target.name", "cloud.access_key")),
    ("host", ("host.name",)),
    ("process", ("process.executable", "file.path", "file.name", "service.name", "cloud.api")),
    ("target", ("destination.ip", "destination.domain", "dns.question.name", "url.full")),
)
"""Column and the fields it is read from, the first that an event has."""

_PER_COLUMN: Final = 5
_MAX_NODES: Final = 18
_BOX_WIDTH: Final = 168
_BOX_HEIGHT: Final = 34
_ROW: Final = 50
_GAP: Final = 50
_TOP: Final = 30
_ATTEMPTED: Final = "user.attempted_name"


@dataclass(slots=True)
class _Node:
    column: str
    label: str
    provenance: Provenance
    count: int = 0
    spellings: set[str] = field(default_factory=set)
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class _Graph:
    nodes: list[_Node] = field(default_factory=list)
    edges: Counter[tuple[int, int]] = field(default_factory=Counter)
    """(index of the left node, index of the right node) to the number of events that name both."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that took part."""

    column: str
    label: str
    provenance: Provenance
    count: int
    """Events that name it."""


@dataclass(frozen=True, slots=True)
class Entities:
    """Who touched what: the strongest nodes, and the edges between them."""

    nodes: dict[int, Entity]
    edges: dict[tuple[int, int], int]
    """Left and right node to the number of events that name both."""
    hidden: int
    """Weaker nodes that are left out."""


def entities(case: Case, language: Language) -> Entities:
    """What the picture shows, as data; empty when no two things were seen together."""
    built = _build(records(case.evidence), language)
    kept, hidden = _strongest(built)
    nodes = {index: built.nodes[index] for index in sorted(kept)}
    return Entities(
        {index: Entity(node.column, node.label, node.provenance, node.count) for index, node in nodes.items()},
        _edges_between(built, kept),
        hidden.total(),
    )


def _edges_between(built: _Graph, kept: set[int]) -> dict[tuple[int, int], int]:
    return {pair: count for pair, count in sorted(built.edges.items()) if kept.issuperset(pair)}


def graph(case: Case, language: Language) -> Markup:
    """The picture as SVG; empty when no two things were seen together."""
    built = _build(records(case.evidence), language)
    kept, hidden = _strongest(built)
    if not (edges := _edges_between(built, kept)):
        return Markup("")
    columns = [name for name, _ in _COLUMNS if any(built.nodes[index].column == name for index in kept)]
    tallest = _place(built, kept, columns)
    shown = [built.nodes[index] for index in sorted(kept)]
    height = _TOP + tallest * _ROW + (18 if hidden else 0)
    width = len(columns) * _BOX_WIDTH + (len(columns) - 1) * _gap(len(columns))
    parts = [
        *_heads(columns, language),
        *(_edge(shown, built.nodes[pair[0]], built.nodes[pair[1]], count) for pair, count in edges.items()),
        *(_box(node) for node in shown),
        *_rest(columns, hidden, height, language),
    ]
    return picture(width + 8, height + 4, word("graph_alt", language), parts)


def _build(found: Iterator[Record], language: Language) -> _Graph:
    built = _Graph()
    tried: set[str] = set()
    tried_with: Counter[tuple[int, bool]] = Counter()
    for record in found:
        chain = [index for column, names in _COLUMNS if (index := _node(built, record, column, names)) is not None]
        for left, right in pairwise(chain):
            built.edges[left, right] += 1
        if _ATTEMPTED in record.fields and "user.name" not in record.fields:
            tried.add(record.fields[_ATTEMPTED])
            tried_with.update((index, built.nodes[index].column == "source") for index in chain)
    if tried:
        _add_tried(built, tried, tried_with, language)
    return built


def _node(built: _Graph, record: Record, column: str, names: Sequence[str]) -> int | None:
    name = next((name for name in names if record.fields.get(name, "").strip()), None)
    if name is None:
        return None
    label = record.fields[name]
    for index, node in enumerate(built.nodes):
        if node.column == column and (label in node.spellings or same_entity(label, node.label)):
            node.count += 1
            node.spellings.add(label)
            node.label = min(node.label, label, key=len)
            node.provenance = min(node.provenance, record.classes[name])
            return index
    built.nodes.append(_Node(column, label, record.classes[name], 1, {label}))
    return len(built.nodes) - 1


def _add_tried(built: _Graph, tried: set[str], with_: Counter[tuple[int, bool]], language: Language) -> None:
    """Names that somebody typed are one box, however many: they are not accounts."""
    label = next(iter(tried)) if len(tried) == 1 else word("names_tried", language, count=len(tried))
    built.nodes.append(_Node("account", label, Provenance.UNTRUSTED, len(tried), set(tried)))
    mine = len(built.nodes) - 1
    for (index, is_source), count in with_.items():
        if built.nodes[index].column != "account":
            built.edges[(index, mine) if is_source else (mine, index)] += count


def _strongest(built: _Graph) -> tuple[set[int], Counter[str]]:
    """Indexes of the nodes that are drawn, and how many of each column are not. Loose ends are never drawn."""
    joined = {index for pair in built.edges for index in pair}
    ranked = sorted(joined, key=lambda index: (-_weight(built, index), built.nodes[index].label))
    kept: set[int] = set()
    hidden: Counter[str] = Counter()
    per_column: Counter[str] = Counter()
    for index in ranked:
        column = built.nodes[index].column
        if per_column[column] < _PER_COLUMN and len(kept) < _MAX_NODES:
            per_column[column] += 1
            kept.add(index)
        else:
            hidden[column] += 1
    return kept, hidden


def _weight(built: _Graph, index: int) -> int:
    """Nodes with many different neighbours hold a picture together; the earliest of equals comes first."""
    neighbours = sum(index in pair for pair in built.edges)
    return neighbours * 100 + min(built.nodes[index].count, 99)


def _gap(columns: int) -> float:
    return max(_GAP, min(120.0, (1040 - columns * _BOX_WIDTH) / max(columns - 1, 1)))


def _place(built: _Graph, kept: set[int], columns: Sequence[str]) -> int:
    """Give every node its place, each column centred; returns the height of the tallest in rows."""
    rows = {column: sorted(index for index in kept if built.nodes[index].column == column) for column in columns}
    tallest = max(len(indexes) for indexes in rows.values())
    for position, column in enumerate(columns):
        offset = (tallest - len(rows[column])) / 2
        for row, index in enumerate(rows[column]):
            built.nodes[index].x = 4 + position * (_BOX_WIDTH + _gap(len(columns)))
            built.nodes[index].y = _TOP + (offset + row) * _ROW
    return tallest


def _heads(columns: Sequence[str], language: Language) -> Iterator[Markup]:
    for position, column in enumerate(columns):
        x = 4 + position * (_BOX_WIDTH + _gap(len(columns))) + _BOX_WIDTH / 2
        yield text(x, 14, word(column, language), "column-name", "middle")


def _box(node: _Node) -> Markup:
    label = ntpath.basename(node.label) if node.column == "process" and node.label[-1] not in "\\/" else node.label
    parts = (
        box(node.x, node.y, _BOX_WIDTH, _BOX_HEIGHT, f"node {node.provenance}", 8),
        text(node.x + 10, node.y + 21, fitted(label, 18), "node-name"),
        text(node.x + _BOX_WIDTH - 8, node.y + 21, node.provenance.value, f"letter {node.provenance}", "end"),
    )
    return group(parts, f"{node.label} × {node.count}")


def _edge(shown: Sequence[_Node], left: _Node, right: _Node, count: int) -> Markup:
    """A thread that passes between the boxes of the columns on its way, never behind one: behind a box it would look
    as if it ended there and began anew."""
    start = (left.x + _BOX_WIDTH, left.y + _BOX_HEIGHT / 2)
    end = (right.x, right.y + _BOX_HEIGHT / 2)
    points = [start]
    for x in sorted({node.x for node in shown if left.x < node.x < right.x}):
        wanted = start[1] + (end[1] - start[1]) * (x + _BOX_WIDTH / 2 - start[0]) / (end[0] - start[0])
        y = _passage([node.y for node in shown if node.x == x], wanted)
        points += [(x, y), (x + _BOX_WIDTH, y)]
    width = min(1.2 + math.log2(count + 1) * 0.8, 5.0)
    return thread([*points, end], "edge", width, f"{left.label} – {right.label}: {count}")


def _passage(tops: Sequence[float], wanted: float) -> float:
    """The height nearest to `wanted` at which nothing stands, given the upper edges of a column's boxes."""
    margin = (_ROW - _BOX_HEIGHT) / 2
    free = [*(top - margin for top in tops), max(tops) + _BOX_HEIGHT + margin]
    return min(free, key=lambda y: abs(y - wanted))


def _rest(columns: Sequence[str], hidden: Counter[str], height: Number, language: Language) -> Iterator[Markup]:
    for position, column in enumerate(columns):
        if hidden[column]:
            x = 4 + position * (_BOX_WIDTH + _gap(len(columns))) + _BOX_WIDTH / 2
            yield text(x, height - 4, word("more", language, count=hidden[column]), "column-name", "middle")
