"""Suricata's event log (eve.json): one JSON object a line, made into the events all servers speak of.

Source: Suricata user guide, "EVE JSON Output" and "EVE JSON Format".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Final

from pydantic import JsonValue

from servers.ids.backend import Record
from servers.ids.models import NetworkEvent
from servers.kit.envelope import iso
from servers.lab.records import JsonObject
from servers.observables import address as plain

SENSOR: Final = "suricata"
STATS: Final = "stats"
"""Kind of the engine's own figures: they show that it lives, and are no event of the network."""


def parsed(line: bytes) -> Record:
    """A line as a record. Raises: ValueError for one that is none."""
    document = _object(line)
    time, kind = document.get("timestamp"), document.get("event_type")
    if not isinstance(time, str) or not isinstance(kind, str):
        raise ValueError("no event")
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    id_ = blake2b(line, digest_size=8).hexdigest()
    flow = document.get("flow_id")
    return Record(
        time=moment,
        id=id_,
        kind=kind,
        flow=str(flow) if isinstance(flow, int) else "",
        source=address(document.get("src_ip")),
        destination=address(document.get("dest_ip")),
        event=partial(_event, line, id_),
    )


def address(value: JsonValue) -> str:
    """An address in its one spelling; empty for anything else."""
    if not isinstance(value, str):
        return ""
    try:
        return str(plain(value)) if ":" in value else value
    except ValueError:
        return ""


def _object(line: bytes) -> JsonObject:
    document = json.loads(line)
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document


def _event(line: bytes, id_: str) -> NetworkEvent:
    document = _object(line)
    fields = {"event.id": id_, "event.source": SENSOR, "event.category": "intrusion_detection"}
    return NetworkEvent({**fields, **dict(_told(document))})


def _told(document: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    yield "@timestamp", iso(datetime.fromisoformat(str(document["timestamp"])))
    yield "event.kind", document["event_type"]
    if (flow := document.get("flow_id")) is not None:
        yield "flow.id", str(flow)
    for ours, theirs in (("source.ip", "src_ip"), ("destination.ip", "dest_ip")):
        if found := address(document.get(theirs)):
            yield ours, found
    for path, field in _FIELDS.items():
        value = _at(document, path)
        if (kept := field.kept(value)) is not None:
            yield field.name, kept
    if (question := _question(document)) is not None:
        yield from question
    if answers := _answers(document):
        yield "dns.answers", answers


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: type[str] | type[int] | type[float] | type[bool] = str

    def kept(self, value: JsonValue) -> JsonValue:
        """The value where it is of the field's kind; a number may stand where a text is wanted."""
        if self.kind is str:
            return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
        if self.kind is float:
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        return value if type(value) is self.kind else None


_FIELDS: Final[Mapping[str, _Field]] = {
    "src_port": _Field("source.port", int),
    "dest_port": _Field("destination.port", int),
    "proto": _Field("network.transport"),
    "app_proto": _Field("network.application"),
    "alert.action": _Field("event.action"),
    "alert.signature_id": _Field("rule.id"),
    "alert.signature": _Field("rule.name"),
    "alert.category": _Field("rule.category"),
    "alert.severity": _Field("rule.severity", int),
    "flow.bytes_toserver": _Field("network.bytes", int),
    "flow.bytes_toclient": _Field("network.bytes_in", int),
    "flow.pkts_toserver": _Field("network.packets", int),
    "flow.age": _Field("flow.duration_s", float),
    "flow.state": _Field("flow.state"),
    "http.hostname": _Field("destination.domain"),
    "http.url": _Field("url.full"),
    "http.http_method": _Field("http.method"),
    "http.status": _Field("http.status", int),
    "http.http_user_agent": _Field("user_agent"),
    "http.http_refer": _Field("http.request.referrer"),
    "http.http_content_type": _Field("http.mime_type"),
    "tls.sni": _Field("tls.server_name"),
    "tls.subject": _Field("tls.subject"),
    "tls.issuerdn": _Field("tls.issuer"),
    "tls.version": _Field("tls.version"),
    "tls.fingerprint": _Field("tls.certificate_sha1"),
    "tls.ja3.hash": _Field("tls.ja3"),
    "fileinfo.filename": _Field("file.name"),
    "fileinfo.sha256": _Field("file.hash.sha256"),
    "fileinfo.size": _Field("file.size", int),
    "fileinfo.magic": _Field("file.type"),
    "fileinfo.stored": _Field("file.stored", bool),
    "dns.rcode": _Field("dns.response_code"),
}
"""Where a value stands in Suricata's object, and what it is called here."""


def _at(document: JsonObject, path: str) -> JsonValue:
    value: JsonValue = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _question(document: JsonObject) -> Iterator[tuple[str, JsonValue]] | None:
    """The name asked for: a field of its own, or the first of the questions beside an alert."""
    dns = document.get("dns")
    if not isinstance(dns, dict):
        return None
    listed = dns.get("query") or dns.get("queries")
    first = listed[0] if isinstance(listed, list) and listed else dns
    name = first.get("rrname") if isinstance(first, dict) else None
    kind = first.get("rrtype") if isinstance(first, dict) else None
    pairs = (("dns.question.name", name), ("dns.question.type", kind))
    return ((field, value) for field, value in pairs if isinstance(value, str))


def _answers(document: JsonObject) -> str:
    listed = _at(document, "dns.answers")
    found = [item.get("rdata") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return ", ".join(value for value in found[:20] if isinstance(value, str))
