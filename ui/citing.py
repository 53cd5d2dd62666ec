"""Where a sentence opens, for somebody who has our own server and not the conversation: cases and their evidence."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from agent.models import Evidence, JsonObject, Ref
from servers.mcpsoc.asking import Cite
from servers.mcpsoc.server import NAME

_ROW: Final = re.compile(r"^\$(?:\['([a-z_]+)'\]|\.([a-z_]+))\[(\d{1,6})\]")
"""The row of an answer that a path leads into."""
_CASE_ID: Final = re.compile(r"C-[0-9]{1,9}")
_EVIDENCE_ID: Final = re.compile(r"E[0-9]{1,6}")


def cites(refs: Sequence[Ref], evidence: Mapping[str, Evidence]) -> list[Cite]:
    """The places of a sentence, those in one answer about one case together."""
    found: dict[tuple[str, str | None], tuple[dict[str, None], dict[str, None]]] = {}
    for ref in refs:
        case_id, names = _opens_at(evidence.get(ref.evidence), ref.path)
        paths, opened = found.setdefault((ref.evidence, case_id), ({}, {}))
        paths[ref.path] = None
        opened.update(dict.fromkeys(names))
    return [
        Cite(evidence=name, paths=[*paths], case_id=case_id, case_evidence=[*opened])
        for (name, case_id), (paths, opened) in found.items()
    ]


def _opens_at(item: Evidence | None, path: str) -> tuple[str | None, tuple[str, ...]]:
    """The case that a place in an answer of our own server is about, and its evidence that is told of there."""
    if item is None or item.server != NAME:
        return None, ()
    name, row = _row(item.data, path)
    case_id = row.get("id") if name == "cases" else row.get("case_id", item.arguments.get("case_id"))
    shown = [item.arguments.get("evidence_id"), *_each(row.get("evidence"))]
    named = _ids([case_id], _CASE_ID)
    return next(named, None), tuple(_ids(shown, _EVIDENCE_ID))


def _row(data: JsonValue, path: str) -> tuple[str, JsonObject]:
    """Name of the list and the row in it; an empty row where the path leads into none."""
    match = _ROW.match(path)
    if match is None or not isinstance(data, dict):
        return "", {}
    name, number = match[1] or match[2], int(match[3])
    rows = data.get(name)
    row = rows[number] if isinstance(rows, list) and number < len(rows) else None
    return name, row if isinstance(row, dict) else {}


def _each(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else [value]


def _ids(values: Iterable[JsonValue], form: re.Pattern[str]) -> Iterator[str]:
    """Those that are ids of ours and nothing else: a model may have written any of them."""
    for value in values:
        if isinstance(value, str) and form.fullmatch(value.strip().upper()):
            yield value.strip().upper()
