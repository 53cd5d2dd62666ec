"""Logs of Zeek, tab-separated or JSON: conn, dns, http, ssl, files and notice of one folder.

A tab-separated log names its columns in `#fields`; what is written before the first such line of a file is unreadable.
Source: Zeek documentation, "Log Formats" and "Log Files".
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from servers.ids.backend import Record
from servers.ids.eve import address
from servers.ids.models import NetworkEvent
from servers.kit import ToolError
from servers.kit.envelope import iso
from servers.lab.records import JsonObject
from servers.logfile import GrowingLog, Held

SENSOR: Final = "zeek"
KINDS: Final[Mapping[str, str]] = {
    "conn": "flow",
    "dns": "dns",
    "http": "http",
    "ssl": "tls",
    "files": "fileinfo",
    "notice": "alert",
}
"""Logs that are read, and what their lines are called here."""
_ESCAPED: Final = re.compile(r"\\x([0-9a-fA-F]{2})")
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_EMPTY: Final = frozenset({"-", "(empty)", ""})

_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "conn": {"proto": "network.transport", "service": "network.application", "conn_state": "flow.state"},
    "dns": {
        "query": "dns.question.name", "qtype_name": "dns.question.type", "rcode_name": "dns.response_code",
        "answers": "dns.answers", "proto": "network.transport",
    },
    "http": {
        "host": "destination.domain", "uri": "url.full", "method": "http.method", "user_agent": "user_agent",
        "referrer": "http.request.referrer", "resp_mime_types": "http.mime_type",
    },
    "ssl": {
        "server_name": "tls.server_name", "subject": "tls.subject", "issuer": "tls.issuer", "version": "tls.version",
        "ja3": "tls.ja3",
    },
    "files": {"filename": "file.name", "sha256": "file.hash.sha256", "mime_type": "file.type"},
    "notice": {"note": "rule.name", "msg": "notice.message", "proto": "network.transport"},
}  # fmt: skip
_NUMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "conn": {"orig_bytes": "network.bytes", "resp_bytes": "network.bytes_in", "orig_pkts": "network.packets"},
    "http": {"status_code": "http.status"},
    "files": {"seen_bytes": "file.size"},
}
_PORTS: Final = {"id.orig_p": "source.port", "id.resp_p": "destination.port"}


class LineReader:
    """Makes records of the lines of one log; it remembers the columns the file named."""

    def __init__(self, log: str) -> None:
        self._log = log
        self._fields: tuple[str, ...] = ()
        self._separator = "\t"

    def __call__(self, line: bytes) -> Record | None:
        """A line as a record; None for a remark. Raises: ValueError for a broken one."""
        text = line.decode("utf-8", "replace")
        if text.startswith("#"):
            self._remark(text)
            return None
        row = _object(text) if text.startswith("{") else self._row(text)
        return _record(self._log, row, blake2b(line, digest_size=8).hexdigest())

    def _remark(self, text: str) -> None:
        if text.startswith("#separator "):
            self._separator = _unescaped(text.partition(" ")[2].strip()) or "\t"
        elif text.startswith("#fields"):
            self._fields = tuple(text.split(self._separator)[1:])

    def _row(self, text: str) -> JsonObject:
        values = text.split(self._separator)
        if not self._fields or len(values) != len(self._fields):
            raise ValueError("a row that does not fit its columns")
        pairs = zip(self._fields, values, strict=True)
        return {name: _unescaped(value) for name, value in pairs if value not in _EMPTY}


@dataclass(frozen=True, slots=True)
class ZeekFolder:
    """The current logs of one Zeek."""

    folder: Path
    logs: Mapping[str, GrowingLog[Record]]

    def read(self) -> Held[Record]:
        """Everything known of all logs, in order of time, from when on none of them was cut.

        Raises: ToolError when there is none."""
        there = [log for log in self.logs.values() if log.path.exists()]
        if not there:
            raise ToolError("unreachable", "the folder holds no log of Zeek", "see MCPSOC_IDS_ZEEK_DIR")
        held = [log.read() for log in there]
        full = (each for log, each in zip(there, held, strict=True) if len(each.rows) >= log.most_rows)
        cut = max((each.rows[0].time for each in full), default=_EVER)
        rows = sorted((row for each in held for row in each.rows if row.time >= cut), key=lambda row: row.time)
        return Held(tuple(rows), sum(each.unreadable for each in held))


def zeek_folder(folder: Path) -> ZeekFolder:
    """The logs of a folder, such as `current` of zeekctl."""
    setting = "MCPSOC_IDS_ZEEK_DIR"
    return ZeekFolder(
        folder, {log: GrowingLog(folder / f"{log}.log", LineReader(log), setting=setting) for log in KINDS}
    )


def _object(text: str) -> JsonObject:
    row = json.loads(text)
    if not isinstance(row, dict):
        raise ValueError("no object")
    return row


def _record(log: str, row: JsonObject, id_: str) -> Record:
    time = _time(row.get("ts"))
    flow = row.get("uid") or _first(row.get("conn_uids"))
    source = row.get("id.orig_h") or row.get("src") or _first(row.get("tx_hosts"))
    destination = row.get("id.resp_h") or row.get("dst") or _first(row.get("rx_hosts"))
    return Record(
        time=time,
        id=id_,
        kind=KINDS[log],
        flow=str(flow or ""),
        source=address(source),
        destination=address(destination),
        event=partial(_event, log, row, id_, time),
    )


def _event(log: str, row: JsonObject, id_: str, time: datetime) -> NetworkEvent:
    record = _record(log, row, id_)
    fixed: Iterator[tuple[str, JsonValue]] = iter(
        (
            ("event.id", id_),
            ("event.source", SENSOR),
            ("event.category", "intrusion_detection"),
            ("@timestamp", iso(time)),
            ("event.kind", record.kind),
            ("flow.id", record.flow or None),
            ("source.ip", record.source or None),
            ("destination.ip", record.destination or None),
            ("rule.id", row.get("note") if log == "notice" else None),
        )
    )
    told = {**dict(fixed), **_told(log, row)}
    return NetworkEvent({name: value for name, value in told.items() if value is not None})


def _told(log: str, row: JsonObject) -> JsonObject:
    texts = {name: _text(row.get(field)) for field, name in _TEXTS[log].items()}
    numbers = {**_NUMBERS.get(log, {}), **_PORTS}
    found: JsonObject = {name: _number(row.get(field), int) for field, name in numbers.items()}
    duration = _number(row.get("duration"), float) if log == "conn" else None
    return {**texts, **found, "flow.duration_s": duration}


def _text(value: JsonValue) -> str | None:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value[:20]) or None
    return None if value is None or isinstance(value, dict) else str(value)


def _number(value: JsonValue, kind: Callable[[str], int | float]) -> int | float | None:
    try:
        return kind(str(value)) if value is not None else None
    except ValueError:
        return None


def _first(value: JsonValue) -> str | None:
    if isinstance(value, list):
        return str(value[0]) if value else None
    return str(value).split(",")[0] if value else None


def _time(value: JsonValue) -> datetime:
    """Seconds since 1970, or ISO 8601 as JSON logs may have it. Raises: ValueError."""
    text = str(value)
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)


def logs_there(folder: Path) -> Sequence[str]:
    """Names of the logs that lie in the folder."""
    return [log for log in KINDS if (folder / f"{log}.log").exists()]
