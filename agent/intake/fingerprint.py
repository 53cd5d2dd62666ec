"""Equal for alerts that say the same thing, whatever their ids and times.

Made of rule, host, actor, target and decoded content. What a log line adds only to be unique (its time, process id
and port) is taken out, because a fingerprint that never repeats counts nothing.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final

from agent.models import AlertField, Rule, Scalar

HOST: Final[tuple[str, ...]] = ("host.id", "host.name", "observer.name")
ACTOR: Final[tuple[str, ...]] = ("user.name", "user.actor.name", "user.attempted_name", "source.ip", "cloud.access_key")
TARGET: Final[tuple[str, ...]] = (
    "destination.ip",
    "destination.port",
    "destination.domain",
    "user.target.name",
    "process.target.executable",
)
CONTENT: Final[tuple[str, ...]] = (
    "process.executable", "process.command_line", "process.parent.executable", "process.parent.command_line",
    "process.hash.sha256", "file.path", "file.hash.sha256", "registry.path", "registry.data", "url.full",
    "dns.question.name", "service.name", "service.command", "powershell.script", "antivirus.signature",
    "cloud.api", "email.subject", "email.sender", "policy.check", "vulnerability.id", "package.name", "rule.id",
    "event.code",
)  # fmt: skip
LOG_LINES: Final[tuple[str, ...]] = ("event.original", "message")

_VOLATILE: Final = (
    re.compile(r"^\w{3}\s{1,2}\d{1,2} \d\d:\d\d:\d\d "),
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"),
    re.compile(r"\[\d+\]"),
    re.compile(r"\bport \d+"),
)


def fingerprint(rule: Rule, fields: Iterable[AlertField], decoded: Iterable[AlertField]) -> str:
    """SHA-256 over what the alert says."""
    values = {field.name: field.value for field in fields}
    content = [(name, _text(values[name])) for name in CONTENT if name in values]
    if len(content) <= 1:
        content += [(name, _steady(_text(values[name]))) for name in LOG_LINES if name in values]
    parts = {
        "rule": rule.id,
        "host": [_text(values[name]) for name in HOST if name in values][:1],
        "actor": [(name, _text(values[name])) for name in ACTOR if name in values],
        "target": [(name, _text(values[name])) for name in TARGET if name in values],
        "content": content,
        "decoded": [(field.name, _text(field.value)) for field in decoded],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _text(value: Scalar | tuple[Scalar, ...]) -> str:
    return str(value)


def _steady(line: str) -> str:
    for pattern in _VOLATILE:
        line = pattern.sub("", line)
    return line
