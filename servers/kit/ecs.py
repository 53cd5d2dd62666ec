"""Events as every server gives them: flat Elastic Common Schema fields, each with who wrote it.

Source: Elastic Common Schema 9 field reference; names without an ECS home (`logon.*`, `device.*`, `cloud.api`,
`email.sender`, `antivirus.*`, `authentication.mfa`) are the project's.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

from pydantic import GetJsonSchemaHandler, JsonValue, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from servers.kit.provenance import PROTECTED_PATH, T0, T1, T2, Written

Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "strings"]

_SENSOR: dict[str, Kind] = {
    "event.id": "string", "@timestamp": "string", "event.source": "string", "event.category": "string",
    "event.action": "string", "event.outcome": "string",
    "host.id": "string", "host.name": "string", "host.ip": "string",
    "user.name": "string", "user.id": "string", "user.target.name": "string",
    "source.ip": "string", "source.port": "integer", "source.country": "string",
    "destination.ip": "string", "destination.port": "integer",
    "network.bytes": "integer", "network.transport": "string",
    "process.entity_id": "string", "process.pid": "integer", "process.hash.sha256": "string",
    "process.parent.entity_id": "string", "process.integrity": "string",
    "logon.id": "string", "logon.type": "string", "session.id": "string", "device.id": "string",
    "device.managed": "boolean", "authentication.mfa": "string",
    "file.hash.sha256": "string", "file.size": "integer",
    "http.status": "integer", "dns.question.type": "string",
    "dns.question.registered_domain": "string", "email.attachment.sha256": "string",
    "cloud.access_key": "string", "cloud.api": "string", "cloud.account": "string",
    "antivirus.action": "string", "antivirus.signature": "string",
    "rule.id": "string", "rule.name": "string", "threat.technique.id": "strings",
}  # fmt: skip
"""T1: what a sensor attests as a typed value. The registered domain of a query is one: whoever chose the labels, the
resolver knows whose servers it asked."""

_PATHS: dict[str, Kind] = {
    "process.executable": "string", "process.parent.executable": "string", "file.path": "string",
}  # fmt: skip
"""T1 where the path is one that only administrators can write to."""

_OUTSIDE: dict[str, Kind] = {
    "process.command_line": "string", "process.parent.command_line": "string",
    "file.name": "string", "file.share": "string", "registry.path": "string", "service.name": "string",
    "url.full": "string", "http.method": "string", "user_agent": "string",
    "dns.question.name": "string", "dns.answers": "string",
    "destination.domain": "string", "email.sender": "string", "email.recipient": "string", "email.subject": "string",
    "cloud.resource": "string", "user.attempted_name": "string",
}  # fmt: skip
"""T2: what somebody outside may have written."""

FIELDS: dict[str, tuple[Kind, Written]] = (
    {name: (kind, T1) for name, kind in _SENSOR.items()}
    | {name: (kind, PROTECTED_PATH) for name, kind in _PATHS.items()}
    | {name: (kind, T2) for name, kind in _OUTSIDE.items()}
)


class Event(RootModel[dict[str, JsonValue]]):
    """One event of one sensor as a flat object. Fields that the event lacks are left out; others may come, as T2."""

    more: ClassVar[Mapping[str, tuple[Kind, Written]]] = {}
    """Fields a kind of event has beyond the common ones."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        fields = FIELDS | dict(cls.more)
        properties = {name: {**_typed(kind), **mark.keywords()} for name, (kind, mark) in fields.items()}
        return {"type": "object", "properties": properties, "additionalProperties": True}


class Key(Event):
    """The values one group of events shares, as text; null where the events lack the field."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        properties = {name: {"type": ["string", "null"], **mark.keywords()} for name, (_, mark) in FIELDS.items()}
        return {"type": "object", "properties": properties, "additionalProperties": True}


class Process(Event):
    """One process start and where it stands in the tree."""

    more = {"depth": ("integer", T1)}
    """0 is the process asked for, negative its ancestors, positive its descendants."""


class AlertDocument(Event):
    """One alert in the shape of an Elastic detection alert, flat."""

    more = {
        "kibana.alert.uuid": ("string", T1), "kibana.alert.rule.name": ("string", T1),
        "kibana.alert.rule.uuid": ("string", T1), "kibana.alert.severity": ("string", T1),
        "kibana.alert.rule.tags": ("strings", T1),
        "kibana.alert.threshold_result.count": ("integer", T1), "mcpsoc.synthetic": ("boolean", T0),
    }  # fmt: skip


def _typed(kind: Kind) -> JsonSchemaValue:
    if kind == "strings":
        return {"type": "array", "items": {"type": "string"}}
    return {"type": kind}
