"""What any answer must be like, and the list of what was not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jsonschema import Draft202012Validator
from pydantic import JsonValue

from servers.kit.answer import JsonObject
from servers.kit.conformance.payloads import MARK
from servers.kit.envelope import HARD_CAP
from servers.kit.inert import inert
from servers.kit.protocol import Published
from servers.kit.provenance import Shape
from servers.kit.server import SecurityServer

_STATUSES = {True: ("success", "no_data", "stale"), False: ("error", "refused")}
_SHORTEST_QUOTE = 8
_SHOWN = 3
"""Occasions named of one complaint."""


@dataclass
class Judge:
    """Looks at answers and remembers every complaint once."""

    server: SecurityServer
    canaries: Sequence[str] = ()
    """Secrets that must never be seen."""
    planted: Sequence[str] = ()
    """Texts of an attacker that lie in the backend."""
    _found: dict[str, dict[str, None]] = field(default_factory=dict)
    _validators: dict[str, Draft202012Validator] = field(default_factory=dict)

    def complain(self, subject: str, complaint: str, when: str = "") -> None:
        """Remember a complaint about a tool or the server, and on which occasion."""
        self._found.setdefault(f"{subject}: {complaint}", {}).setdefault(when)

    def examine(self, tool: Published, envelope: Mapping[str, JsonValue], sent: str) -> None:
        """Complain about whatever is wrong with one answer; `sent` says what was asked."""
        for complaint in self._faults(tool, envelope):
            self.complain(tool.name, complaint, sent)

    def complaints(self) -> list[str]:
        """Every complaint once, with the first occasions of it."""
        return [complaint + _occasions([when for when in found if when]) for complaint, found in self._found.items()]

    def _faults(self, tool: Published, envelope: Mapping[str, JsonValue]) -> Iterator[str]:
        validator = self._validators.setdefault(tool.name, Draft202012Validator(tool.output_schema))
        invalid = next(iter(validator.iter_errors(envelope)), None)
        if invalid is not None:
            yield f"the answer is outside the published schema at {invalid.json_path}"
            return
        text = json.dumps(envelope, ensure_ascii=False)
        if len(text) > HARD_CAP:
            yield f"the answer has {len(text)} characters, more than {HARD_CAP}"
        if envelope["status"] not in _STATUSES[envelope["ok"] is True]:
            yield f"ok and status {envelope['status']} contradict each other"
        if any(inert(value) != value for value in _texts(envelope)):
            yield "the answer holds control, invisible or direction-changing characters"
        yield from (f"the answer holds canary {n}" for n, canary in enumerate(self.canaries) if canary in text)
        yield from self._said(tool, envelope)

    def _said(self, tool: Published, envelope: Mapping[str, JsonValue]) -> Iterator[str]:
        """Faults of what is read as the server's own words."""
        error = envelope["error"]
        own = " ".join(
            str(part) for part in (envelope["summary"], *(error.values() if isinstance(error, dict) else ()))
        )
        if isinstance(error, dict) and error["code"] == "internal_error":
            yield "internal_error"
        if MARK in own:
            yield "the summary or the error quotes an argument"
        if any(text in own for text in self.planted):
            yield "the summary or the error holds a planted text"
        outside, trusted = _split(envelope["data"], self.server.tools[tool.name].shape)
        if any(len(text) >= _SHORTEST_QUOTE and text in own for text in outside):
            yield "the summary or the error quotes outside text"
        if any(text in value for text in self.planted for value in trusted):
            yield "a planted text stands in a field that is declared T0 or T1"


def _occasions(found: Sequence[str]) -> str:
    more = f"; {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f" ({'; '.join(found[:_SHOWN])}{more})" if found else ""


def _split(data: JsonValue, shape: Shape) -> tuple[list[str], list[str]]:
    """Texts an outsider may have written, and texts said to be nobody's from outside."""
    outside: list[str] = []
    trusted: list[str] = []
    _sort(data, shape, outside, trusted)
    return outside, trusted


def _sort(value: JsonValue, shape: Shape, outside: list[str], trusted: list[str]) -> None:
    if isinstance(value, str):
        (outside if shape.by == "T2" else trusted).append(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _sort(item, (shape.fields or {}).get(key) or Shape(key), outside, trusted)
    elif isinstance(value, list):
        for item in value:
            _sort(item, shape.items or Shape(shape.path, by=shape.by), outside, trusted)


def _texts(value: JsonValue | Mapping[str, JsonValue]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def data_of(envelope: Mapping[str, JsonValue]) -> JsonObject | None:
    """The data of an answer that has some."""
    data = envelope["data"]
    return data if isinstance(data, dict) and data else None
