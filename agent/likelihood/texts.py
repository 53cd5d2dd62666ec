"""The texts of an alert that signs are looked for in: as written and as decoded, lower case, spaces made one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agent.likelihood.weights import Sign, TextKind, compiled
from agent.models import Alert

FIELDS: Final[dict[TextKind, tuple[str, ...]]] = {
    "command": (
        "process.command_line", "powershell.script", "service.command", "task.content", "wmi.consumer", "wmi.query",
        "process.args", "process.parent.command_line", "event.payload",
    ),
    "name": (
        "process.executable", "process.pe.original_file_name", "process.name", "process.parent.executable", "file.path",
        "file.name", "service.name", "service.command", "dll.path", "pipe.name", "antivirus.path",
        "process.command_line",
    ),
    "file": ("file.path", "file.name", "antivirus.path"),
    "registry": ("registry.path",),
    "url": ("url.full", "http.referrer", "event.payload"),
    "agent": ("user_agent",),
    "domain": ("dns.question.name", "destination.domain"),
    "signature": ("rule.name",),
}  # fmt: skip
"""Fields of each kind of text, the most telling first."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text and the field it came from."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Match:
    """A sign found, and the field it was found in."""

    sign: Sign
    field: str


def texts(alert: Alert, kind: TextKind) -> tuple[Text, ...]:
    """All texts of a kind, original and decoded."""
    found = [text for name in FIELDS[kind] for text in _of(alert, name)]
    if kind == "registry":
        data = [text.value for text in _of(alert, "registry.data")]
        found = [Text(text.field, " = ".join((text.value, *data))) for text in found]
    if kind == "signature" and alert.field("rule.category") is None:
        return ()
    return tuple(found)


def _of(alert: Alert, name: str) -> Iterator[Text]:
    for item in (*alert.fields, *alert.decoded):
        if item.name == name:
            values = item.value if isinstance(item.value, tuple) else (item.value,)
            yield from (Text(name, plain(str(value))) for value in values)


def plain(text: str) -> str:
    """Lower case, every run of white space one space."""
    return re.sub(r"\s+", " ", text.lower())


def matches(alert: Alert, signs: Sequence[Sign]) -> Iterator[Match]:
    """Every sign that is found, once each."""
    by_kind = {kind: texts(alert, kind) for kind in {sign.text for sign in signs}}
    for sign in signs:
        for text in by_kind[sign.text]:
            if _is_found(sign, text.value):
                yield Match(sign, text.field)
                break


def _is_found(sign: Sign, text: str) -> bool:
    first, *others = sign.all_of
    if sign.at_least > 1:
        different = {match[0] for match in compiled(first).finditer(text)}
        return len(different) >= sign.at_least
    return compiled(first).search(text) is not None and all(compiled(item).search(text) for item in others)
