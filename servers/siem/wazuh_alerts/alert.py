"""One line of alerts.json as flat ECS fields.

Values of the Windows event channel come JSON-escaped once more and with HTML entities: both are undone.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address
from typing import Final

from pydantic import JsonValue

from servers.kit.answer import JsonObject
from servers.kit.envelope import iso
from servers.siem.wazuh_alerts import table
from servers.siem.wazuh_alerts.table import As, Rows

SENSOR: Final = "wazuh"
_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,64}")
_NUMBER: Final = re.compile(r"\d{1,15}", re.ASCII)
_SHA256: Final = re.compile(r"(?:^|SHA256=)([0-9A-Fa-f]{64})(?:,|$)")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TECHNIQUE: Final = re.compile(r"T\d{4}(?:\.\d{3})?", re.ASCII)
_LONGEST: Final = 4_096
_LEVELS: Final = ((15, "critical"), (12, "high"), (7, "medium"), (0, "low"))
"""Severity by the least level of the rule, as Wazuh's own dashboard draws the lines."""


@dataclass(frozen=True)
class WazuhAlert:
    """One alert."""

    id: str
    time: datetime
    document: JsonObject

    @cached_property
    def fields(self) -> JsonObject:
        """Flat ECS fields."""
        found: JsonObject = {"event.id": self.id, "@timestamp": iso(self.time), "event.source": SENSOR}
        for name, value in _read(self.document, (*table.COMMON, *_rows(self.document))):
            found.setdefault(name, value)
        host = _at(self.document, "agent.name")
        if isinstance(host, str) and _HOST.fullmatch(host):
            found["host.name"] = host
        found |= _judged(self.document)
        return found

    @property
    def title(self) -> str:
        """What the rule says; words of the log may stand in it."""
        return str(self.fields.get("rule.description") or "a Wazuh alert without a description")

    @property
    def severity(self) -> str:
        """In words; unknown where the alert carries no level."""
        level = _level(self.document)
        return "unknown" if level is None else next(word for least, word in _LEVELS if level >= least)

    def as_alert(self) -> JsonObject:
        """The same in the shape of an alert document. Its title stays outside text: rules quote the log."""
        more: JsonObject = {"kibana.alert.uuid": self.id, "kibana.alert.severity": self.severity}
        if (rule := self.fields.get("rule.id")) is not None:
            more["kibana.alert.rule.uuid"] = rule
        return {**self.fields, **more, "mcpsoc.synthetic": False}


def parsed(line: bytes) -> WazuhAlert:
    """The alert of a line. Raises: ValueError for a line that is none."""
    document = json.loads(line)
    if not isinstance(document, dict) or not isinstance(document.get("rule"), dict):
        raise ValueError("no alert of Wazuh")
    own_id, time = document.get("id"), document.get("timestamp")
    if not isinstance(own_id, str) or not _ID.fullmatch(own_id) or not isinstance(time, str):
        raise ValueError("an alert without id or time")
    moment = datetime.fromisoformat(time)
    return WazuhAlert(own_id, moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC), document)


def _rows(document: JsonObject) -> Rows:
    if _is_windows(document):
        return (*_users(document), *table.WINDOWS)
    if _is_suricata(document):
        return table.SURICATA
    return table.FILE if "syscheck" in document else table.LINE


def _is_windows(document: JsonObject) -> bool:
    """By the decoder: a line of any log that is JSON can name its members `win` too."""
    return _at(document, "decoder.name") == "windows_eventchannel"


def _is_suricata(document: JsonObject) -> bool:
    """By the file that the operator named, for the same reason."""
    own_log = str(_at(document, "location")).endswith("eve.json")
    return own_log and _at(document, "data.alert.signature_id") is not None


def _code(document: JsonObject) -> str:
    """Number of a Windows event; nothing for others."""
    return str(_at(document, "data.win.system.eventID")) if _is_windows(document) else ""


def _users(document: JsonObject) -> Rows:
    code = _code(document)
    if code in table.FAILED_SIGN_INS:
        return table.NOT_SIGNED_IN
    if code in table.SIGN_INS:
        return table.SIGNED_IN
    return table.CHANGED if re.fullmatch(r"47\d\d", code, re.ASCII) else table.USER


def _judged(document: JsonObject) -> JsonObject:
    """What the rule says of the event."""
    groups = _texts(_at(document, "rule.groups"))
    found: JsonObject = {"event.category": _category(document, groups), "rule.groups": [*groups]}
    if (level := _level(document)) is not None:
        found["rule.level"] = level
    if techniques := [each for each in _texts(_at(document, "rule.mitre.id")) if _TECHNIQUE.fullmatch(each)]:
        found["threat.technique.id"] = [*techniques]
    code = _code(document)
    if code in table.FAILED_SIGN_INS or any(group.startswith("authentication_fail") for group in groups):
        found["event.outcome"] = "failure"
    elif code == "4624" or "authentication_success" in groups:
        found["event.outcome"] = "success"
    return found


def _category(document: JsonObject, groups: list[str]) -> str:
    if _is_suricata(document):
        return "intrusion_detection"
    code = _code(document)
    if code and "Sysmon" in str(_at(document, "data.win.system.channel")):
        return table.SYSMON.get(code, "host")
    if code == "4688":
        return "process"
    if code in table.SIGN_INS | table.FAILED_SIGN_INS or any(group.startswith("authentication") for group in groups):
        return "authentication"
    if "syscheck" in document:
        return "file"
    return "web" if "web" in groups else "host"


def _level(document: JsonObject) -> int | None:
    level = _at(document, "rule.level")
    return level if isinstance(level, int) and not isinstance(level, bool) and 0 <= level <= 16 else None


def _read(document: JsonObject, rows: Rows) -> Iterator[tuple[str, JsonValue]]:
    for name, path, kind in rows:
        value = _at(document, path)
        if isinstance(value, str | int) and not isinstance(value, bool):
            read = _as(str(value)[:_LONGEST], kind, windows=path.startswith("data.win."))
            if read not in (None, "", "-"):
                yield name, read


def _as(value: str, kind: As, *, windows: bool) -> str | int | None:
    text = re.sub(r'\\([\\"])', r"\1", html.unescape(value)) if windows else value
    match kind:
        case "number":
            return int(text) if _NUMBER.fullmatch(text) else None
        case "address":
            return _address(text)
        case "account":
            return text.rpartition("\\")[2]
        case "sha256":
            return found[1].lower() if (found := _SHA256.search(text)) else None
        case "lower":
            return text.lower()
    return text


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _texts(value: JsonValue) -> list[str]:
    return [each[:_LONGEST] for each in value[:50] if isinstance(each, str)] if isinstance(value, list) else []


def _at(document: JsonObject, path: str) -> JsonValue:
    """What stands at a path; None where there is nothing."""
    found: JsonValue = document
    for step in path.split("."):
        if isinstance(found, list) and step.isdecimal():
            found = found[int(step)] if int(step) < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found
