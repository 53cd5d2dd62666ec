"""Evidence as a model is shown it: rows of values with the place of each, inert, masked and bounded.

The raw answer stays in the thread; what did not fit is asked for with the tool `expand`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from agent.evidence.paths import ANY, Location
from agent.evidence.provenance import declarations, leaf_class
from agent.evidence.text import inert
from agent.models import Evidence, JsonObject, Provenance
from knowledge.trust.masking import mask_secrets

MOST_CHARS: Final = 6_000
"""Characters of rows in one answer."""
CLIP: Final = 300
"""Characters of one value; of the only row that was asked for, ten times that."""
_DOCUMENTS: Final = ("kb",)
_SECTION: Final = 1_500
"""Characters of one value of a document, which is there to be quoted."""
_LITTLE: Final = 1.25
"""A value that is not longer than the clip by more than this factor stays whole."""
_ITEMS: Final = 20
"""Items of a list of plain values."""


@dataclass(slots=True)
class Row:
    """The plain values of one object."""

    at: str
    """JSONPath of the object; a value's own path is this with `['name']` behind it."""
    values: JsonObject = field(default_factory=dict)
    untrusted: list[str] = field(default_factory=list)
    """Names of the values that an outsider may have written."""


def shown(evidence: Evidence, *, at: str = "$", start: int = 0, most_chars: int = MOST_CHARS) -> JsonObject:
    """One answer with the rows under `at`, from row `start` on, as many as there is room for."""
    rows = [row for row in rows_of(evidence) if row.at == at or row.at.startswith((f"{at}[", f"{at}."))]
    clip = CLIP * 10 if len(rows) == 1 else _SECTION if evidence.server in _DOCUMENTS else CLIP
    kept = list(_fitting(rows[start:], clip, most_chars))
    document: JsonObject = {
        "evidence": evidence.id,
        "tool": f"{evidence.server}__{evidence.tool}",
        "arguments": _clean(evidence.arguments, CLIP),
        "status": evidence.status,
        "summary": inert(mask_secrets(evidence.summary), CLIP),
        "rows": kept,
    }
    for name, text in (("error", evidence.error), ("hint", evidence.hint)):
        if text:
            document[name] = inert(mask_secrets(text), CLIP)
    if evidence.truncated:
        document["cut"] = _cut(evidence)
    if (left := len(rows) - start - len(kept)) > 0:
        document |= {"rows_left": left, "expand_from": start + len(kept)}
    return document


def _cut(evidence: Evidence) -> str:
    """Why there is more than the answer has: its size, or the limit that it was asked with."""
    listed = (
        next((item for item in evidence.data.values() if isinstance(item, list)), [])
        if (isinstance(evidence.data, dict))
        else []
    )
    limit = evidence.arguments.get("limit")
    if isinstance(limit, int) and len(listed) >= limit:
        return f"your limit of {limit} rows was reached: there are more; ask with a larger limit or narrower"
    return "there are more rows than the server gives at once: ask narrower, or with a larger limit"


def rows_of(evidence: Evidence) -> list[Row]:
    """Every object of the answer that has plain values, in document order."""
    declared = declarations(evidence)
    return list(_rows("$", (), evidence.data, declared))


def _rows(at: str, location: Location, value: JsonValue, declared: Mapping[Location, Provenance]) -> Iterator[Row]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _rows(f"{at}[{index}]", (*location, ANY), item, declared)
    elif isinstance(value, dict):
        row, inner = Row(at), []
        for name, item in value.items():
            if _is_plain(item):
                row.values[name] = item
                if not _class((*location, name), item, declared).trusted:
                    row.untrusted.append(name)
            else:
                inner.append((name, item))
        if row.values:
            yield row
        for name, item in inner:
            yield from _rows(member(at, name), (*location, name), item, declared)
    elif value is not None:
        yield Row(at, {"": value}, [] if leaf_class(location, value, declared).trusted else [""])


def member(at: str, name: str) -> str:
    """The JSONPath of an object's member."""
    if name.isascii() and name.isidentifier():
        return f"{at}.{name}"
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"{at}['{quoted}']"


def _is_plain(value: JsonValue) -> bool:
    if isinstance(value, list):
        return len(value) <= _ITEMS and not any(isinstance(item, dict | list) for item in value)
    return not isinstance(value, dict)


def _class(location: Location, value: JsonValue, declared: Mapping[Location, Provenance]) -> Provenance:
    if isinstance(value, list) and value:
        return max(leaf_class((*location, ANY), item, declared) for item in value)
    return leaf_class(location, value, declared)


def _fitting(rows: list[Row], clip: int, most_chars: int) -> Iterator[JsonValue]:
    """Rows until the room is used up; at least one, if there is any."""
    room = most_chars
    for row in rows:
        document: JsonObject = {"at": row.at, "values": _clean(row.values, clip)}
        if row.untrusted:
            document["untrusted"] = list(row.untrusted)
        size = len(json.dumps(document, ensure_ascii=False))
        if size > room and room < most_chars:
            return
        room -= size
        yield document


def _lines(text: str, clip: int | None) -> str:
    """A text made inert line by line, so that it can be quoted as it stands."""
    rest = 0 if clip is None else len(text) - clip
    kept = "\n".join(inert(line, None) for line in text[:clip].replace("\r\n", "\n").split("\n"))
    return f"{kept}… (+{rest} characters)" if rest > 0 else kept


def _clean(value: JsonValue, clip: int) -> JsonValue:
    if isinstance(value, str):
        masked = mask_secrets(value)
        return _lines(masked, None if len(masked) <= clip * _LITTLE else clip)
    if isinstance(value, list):
        return [_clean(item, clip) for item in value]
    if isinstance(value, dict):
        return {inert(name): _clean(item, clip) for name, item in value.items()}
    return value
