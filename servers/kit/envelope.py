"""The envelope of every answer: status, source, untrusted paths, bounds.

The data of a reply passes here once: outside text is made inert, the paths that hold it are collected, and rows are
dropped from the end until the whole fits, so that what is sent is always valid JSON and says what it leaves out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from servers.errors import NotFoundError, RefusedError, ToolError
from servers.kit.answer import Backend, JsonObject, Output, Problem, Reply, Status
from servers.kit.inert import clipped, inert, one_line
from servers.kit.provenance import Shape, step

HARD_CAP = 24_000
"""Characters of JSON an envelope may have."""
_RESERVE = 1_500
"""Of them for everything beside the data."""
_SUMMARY = 240
_TEXT_LIMITS = (4_000, 400, 40)
"""Longest outside text, and how far it is shortened when a single row is still too long."""
_SHORTEST_QUOTE = 5
"""Characters of an outside text that a summary may not repeat; shorter ones stand in any text by chance."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the answers of a server come from."""

    server: str
    backend: Backend
    synthetic: bool
    product: str = ""
    """What is behind a real backend."""

    @property
    def place(self) -> str:
        """Which backend: what was changed at one is never taken back at another."""
        return f"{self.backend}:{self.product}"


def iso(moment: datetime) -> str:
    """A time as every answer writes it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def envelope_schema(data: Mapping[str, JsonValue]) -> JsonObject:
    """Output schema of a tool whose `data` has this schema."""
    text: JsonObject = {"type": "string"}
    maybe: JsonObject = {"type": ["string", "null"]}
    source = object_schema(
        server=text,
        backend={"enum": ["real", "embedded"]},
        sensor=maybe,
        query=maybe,
        time=text,
        synthetic={"type": "boolean"},
    )
    problem = object_schema(code=text, message=text, hint=text)
    return object_schema(
        ok={"type": "boolean"},
        status={"enum": ["success", "no_data", "error", "stale", "refused"]},
        summary=text,
        data={"anyOf": [dict(data), {"type": "null"}]},
        source=source,
        untrusted={"type": "array", "items": text},
        truncated={"type": "boolean"},
        total={"type": ["integer", "null"]},
        next_cursor=maybe,
        error={"anyOf": [problem, {"type": "null"}]},
    )


def answered(reply: Reply[Output], shape: Shape, source: Source, now: datetime) -> JsonObject:
    """The envelope of a reply."""
    data = reply.data.model_dump(mode="json", by_alias=True, exclude_none=True)
    name = type(reply.data).rows
    rows = data.get(name) if name else None
    found = rows if isinstance(rows, list) else None
    total = reply.total if reply.total is not None else None if found is None else len(found)
    cleaned, texts = _fitted(data, name, shape)
    kept = cleaned.get(name) if name else None
    count = len(kept) if isinstance(kept, list) else 0
    more = found is not None and (reply.more or count < len(found))
    return {
        "ok": True,
        "status": _status(reply, found),
        "summary": _summary(_shown(reply.summary, count, found), texts, count),
        "data": cleaned,
        "source": _source(source, reply.observed_at or now, reply.sensor, reply.query),
        "untrusted": [*sorted(texts)],
        "truncated": more or (total is not None and found is not None and count < total),
        "total": total,
        "next_cursor": reply.after[count - 1] if more and 0 < count <= len(reply.after) else None,
        "error": None if reply.stale is None else _problem(reply.stale),
    }


def failed(problem: ToolError, source: Source, now: datetime) -> JsonObject:
    """The envelope of a call that got no data. Not finding what was properly looked for is not a failure."""
    missing = isinstance(problem, NotFoundError)
    status = "no_data" if missing else "refused" if isinstance(problem, RefusedError) else "error"
    return {
        "ok": missing,
        "status": status,
        "summary": one_line(problem.message, _SUMMARY),
        "data": None,
        "source": _source(source, now),
        "untrusted": [],
        "truncated": False,
        "total": 0 if missing else None,
        "next_cursor": None,
        "error": _problem(Problem(problem.code, problem.message, problem.hint)),
    }


def _status(reply: Reply[Output], rows: list[JsonValue] | None) -> Status:
    if reply.stale is not None:
        return "stale"
    nothing = reply.empty or (rows is not None and not rows and not reply.total)
    return "no_data" if nothing and not reply.beside else "success"


def _source(source: Source, time: datetime, sensor: str | None = None, query: str | None = None) -> JsonObject:
    return {
        "server": source.server,
        "backend": source.backend,
        "sensor": sensor,
        "query": None if query is None else one_line(query, 500),
        "time": iso(time),
        "synthetic": source.synthetic,
    }


def _problem(problem: Problem) -> JsonObject:
    return {"code": problem.code, "message": one_line(problem.message, 400), "hint": one_line(problem.hint, 600)}


def _shown(text: str, count: int, found: list[JsonValue] | None) -> str:
    """The summary, corrected where rows had to be left out for their size."""
    return text if found is None or count == len(found) else f"{text}; only {count} fit into this answer"


def _summary(text: str, texts: Mapping[str, set[str]], count: int) -> str:
    """The method's summary, unless it quotes outside text: then a count."""
    line = one_line(text, _SUMMARY)
    outside = (" ".join(value.split()) for values in texts.values() for value in values)
    quoted = any(len(value) >= _SHORTEST_QUOTE and value in line for value in outside)
    return f"{count} rows" if quoted else line


def _fitted(data: JsonObject, rows: str | None, shape: Shape) -> tuple[JsonObject, dict[str, set[str]]]:
    """The data inert and within the cap, and the outside texts left in it by path.

    Raises: ToolError when it has no rows to drop and is too long however much its texts are shortened."""
    for limit in _TEXT_LIMITS:
        cleaner = _Cleaner(limit)
        clean = cleaner.clean(data, shape)
        if isinstance(clean, dict) and (fitting := _dropped(clean, rows)) is not None:
            if fitting is clean:
                return clean, cleaner.texts
            cleaner = _Cleaner(limit)
            cleaner.clean(fitting, shape)
            return fitting, cleaner.texts
    raise ToolError("too_large", "the answer does not fit and cannot be shortened", "ask for less at once")


def _dropped(data: JsonObject, rows: str | None) -> JsonObject | None:
    """`data` without the rows at its end that do not fit; None when not even one row does."""
    room = HARD_CAP - _RESERVE
    if rows is None or not isinstance(listed := data.get(rows), list) or not listed:
        return data if len(_json(data)) <= room else None
    room -= len(_json({**data, rows: []}))
    kept = 0
    for row in listed:
        room -= len(_json(row)) + 2
        if room < 0:
            break
        kept += 1
    if kept == len(listed):
        return data
    return {**data, rows: listed[:kept]} if kept else None


class _Cleaner:
    """Walks data beside its shape; makes every text inert and remembers the untrusted ones by path."""

    def __init__(self, limit: int) -> None:
        self.texts: dict[str, set[str]] = {}
        self._limit = limit

    def clean(self, value: JsonValue, shape: Shape) -> JsonValue:
        """`value` with every text in it inert."""
        if isinstance(value, str):
            return self._text(value, shape)
        if isinstance(value, dict):
            return {key: self.clean(item, self._member(shape, key)) for key, item in value.items()}
        if isinstance(value, list):
            inner = shape.items or Shape(f"{shape.path}[*]", by=shape.by)
            return [self.clean(item, inner) for item in value]
        if shape.by == "T2" and value is not None:
            self.texts.setdefault(shape.path, set())
        return value

    def _text(self, text: str, shape: Shape) -> str:
        if shape.by != "T2":
            return inert(text)
        shown = clipped(inert(text), self._limit)
        self.texts.setdefault(shape.path, set()).add(shown)
        return shown

    def _member(self, shape: Shape, name: str) -> Shape:
        """Shape of a member; one the schema does not name is outside data."""
        found = (shape.fields or {}).get(name)
        return found if found is not None else Shape(step(shape.path, inert(name)), by="T2")


def object_schema(**properties: JsonValue) -> JsonObject:
    """Schema of an object with exactly these properties, none of them optional."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
