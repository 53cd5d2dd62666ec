"""Microsoft Defender and Sentinel alerts: the `SecurityAlert` table, and Microsoft Graph `alerts_v2`.

Source: Microsoft documentation of the SecurityAlert schema, Sentinel entity types and Microsoft Graph security
resources. The vendor lists everything an alert touches as typed entities, parents and children alike. Leaves of the
process tree become the process fields, their parents the parent fields; an entity of an account is a sensor's word
only with its SID or object id.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from agent.intake.attack import current_techniques
from agent.intake.draft import Draft, time_of
from agent.intake.envelope import check_bounds
from agent.intake.errors import IntakeError
from agent.intake.fields import (
    PROTECTED,
    T1,
    T2,
    FieldRule,
    Wrote,
    account,
    all_texts,
    as_is,
    extract,
    field_of,
    first_text,
)
from agent.models import AlertField, JsonObject, Rule, Scalar

HEAD: Final = (
    "TenantId", "TimeGenerated", "DisplayName", "AlertName", "AlertSeverity", "Description", "ProviderName",
    "VendorName", "VendorOriginalId", "SystemAlertId", "AlertType", "StartTime", "EndTime", "Entities",
    "ExtendedProperties", "Tactics", "Techniques", "SubTechniques", "ProductName", "Type", "evidence", "id",
    "title", "category", "severity", "mitreTechniques", "createdDateTime", "firstActivityDateTime",
    "serviceSource", "detectionSource",
)  # fmt: skip

PROPERTIES: Final = (
    FieldRule("source.ip", "Client IP Address", T1),
    FieldRule("source.ip", "IP address", T1),
    FieldRule("source.country", "Client Location", T1),
    FieldRule("antivirus.signature", "ThreatName", T1),
    FieldRule("antivirus.family", "ThreatFamilyName", T1),
    FieldRule("event.module", "DetectionSource", T1),
    FieldRule("user_agent", "User agents", T2),
    FieldRule("cloud.resource", "Cloud Applications", T2),
)
"""What the vendor keeps beside the entities."""

COMMON: Final = (
    FieldRule("event.provider", "ProviderName", T1),
    FieldRule("event.provider", "serviceSource", T1),
    FieldRule("alert.compromised_entity", "CompromisedEntity", T2),
)

MAX_ENTITIES: Final = 500


@dataclass(slots=True)
class Gathered:
    """Values per field as entities are read, in order, each once."""

    known: Mapping[str, JsonObject]
    """Entities by the id others refer to them by."""
    values: dict[tuple[str, Wrote], dict[Scalar, None]] = field(default_factory=dict)

    def child(self, entity: Mapping[str, JsonValue], key: str) -> JsonObject:
        """The entity at `key`, also when only referred to; empty when there is none."""
        value = entity.get(key)
        if isinstance(value, dict) and "$ref" in value:
            return self.known.get(str(value["$ref"]), {})
        return value if isinstance(value, dict) else {}

    def add(self, name: str, wrote: Wrote, value: JsonValue) -> None:
        """Keep a value unless it is empty."""
        if isinstance(value, str | int | float) and (cleaned := as_is(value)) is not None:
            self.values.setdefault((name, wrote), {})[cleaned] = None

    def fields(self, path: str) -> Iterator[AlertField]:
        """One field per name; what text adds to a name a sensor attests too stands apart as `related.`."""
        for (name, wrote), values in self.values.items():
            value = tuple(values)[:100]
            is_second = wrote == T2 and (name, T1) in self.values
            yield field_of(f"related.{name}" if is_second else name, value if len(value) > 1 else value[0], wrote, path)


def recognises(document: JsonObject) -> bool:
    """Whether this is a SecurityAlert row or a Graph security alert."""
    is_row = "AlertName" in document or "SystemAlertId" in document
    return is_row or ("evidence" in document and ("detectionSource" in document or "serviceSource" in document))


def read(document: JsonObject) -> Draft:
    """One alert.

    Raises: IntakeError when it has no name or no time, or when its entities are not JSON."""
    title = first_text(document, "AlertName", "DisplayName", "title")
    if title is None:
        raise IntakeError("a Microsoft alert without AlertName, DisplayName or title")
    properties = _object(document.get("ExtendedProperties"), "ExtendedProperties")
    return Draft(
        format="defender",
        product=first_text(document, "ProductName", "serviceSource") or "Microsoft Defender",
        own_id=first_text(document, "SystemAlertId", "VendorOriginalId", "id"),
        title=title,
        time=time_of(document, "StartTime", "firstActivityDateTime", "TimeGenerated", "createdDateTime"),
        rule=_rule(document, properties, title),
        techniques=_techniques(document, properties),
        fields=_fields(document, properties),
        head=HEAD,
        vendor_severity=first_text(document, "AlertSeverity", "severity"),
    )


def _rule(document: JsonObject, properties: JsonObject, title: str) -> Rule:
    detector = first_text(properties, "DetectorId", "Analytic Rule Ids") or first_text(document, "detectorId")
    categories = (*all_texts(properties, "MicrosoftDefenderAtp.Category", "Category"), *all_texts(document, "category"))
    tactics = (part.strip() for text in all_texts(document, "Tactics") for part in text.split(","))
    return Rule(
        id=detector or first_text(document, "AlertType") or title,
        name=title,
        groups=tuple(dict.fromkeys((*categories, *(tactic for tactic in tactics if tactic)))),
    )


def _techniques(document: JsonObject, properties: JsonObject) -> tuple[str, ...]:
    listed = all_texts(document, "Techniques", "SubTechniques", "mitreTechniques")
    found = current_techniques((*listed, *all_texts(properties, "MitreTechniques")))
    return tuple(item for item in found if not any(other.startswith(item + ".") for other in found))


def _fields(document: JsonObject, properties: JsonObject) -> tuple[AlertField, ...]:
    key = "evidence" if isinstance(document.get("evidence"), list) else "Entities"
    entities = _list(document.get(key), key)
    gathered = Gathered(_known(entities))
    parents = {id(gathered.child(entity, "ParentProcess")) for entity in entities}
    for entity in entities:
        reader = ENTITY_READERS.get(_type(entity))
        if reader is not None and id(entity) not in parents:
            reader(entity, gathered)
    own = (*extract(document, COMMON), *_below("ExtendedProperties", extract(properties, PROPERTIES)))
    merged: dict[str, AlertField] = {}
    for item in (*own, *gathered.fields(f"$.{key}")):
        merged.setdefault(item.name, item)
    return tuple(merged.values())


def _below(key: str, fields: Iterable[AlertField]) -> Iterator[AlertField]:
    """Fields of an object that stands at `key`, which may itself be JSON text."""
    return (item.model_copy(update={"path": f"$.{key}"}) for item in fields)


def _object(value: JsonValue, name: str) -> JsonObject:
    parsed = _parsed(value, name)
    return parsed if isinstance(parsed, dict) else {}


def _list(value: JsonValue, name: str) -> list[JsonObject]:
    parsed = _parsed(value, name)
    return [item for item in parsed[:MAX_ENTITIES] if isinstance(item, dict)] if isinstance(parsed, list) else []


def _parsed(value: JsonValue, name: str) -> JsonValue:
    """A value that Log Analytics may have written as JSON text."""
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        parsed: JsonValue = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise IntakeError(f"{name} is text but not JSON: {str(error)[:80]}") from error
    check_bounds(parsed)
    return parsed


def _known(entities: list[JsonObject]) -> dict[str, JsonObject]:
    """What each `"$id"` names, for the places that only hold `{"$ref": id}`."""
    return {str(item["$id"]): item for item in _walk(entities) if "$id" in item}


def _walk(entities: list[JsonObject]) -> Iterator[JsonObject]:
    waiting: list[JsonValue] = list(entities)
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _type(entity: JsonObject) -> str:
    kind = first_text(entity, "Type") or (first_text(entity, "@odata.type") or "").rpartition(".")[2]
    return kind.lower()


def _child(entity: Mapping[str, JsonValue], key: str) -> JsonObject:
    value = entity.get(key)
    return value if isinstance(value, dict) else {}


def _read_process(entity: JsonObject, gathered: Gathered) -> None:
    _read_one_process(entity, "process.", gathered)
    _read_one_process(gathered.child(entity, "ParentProcess"), "process.parent.", gathered)
    _read_account(gathered.child(entity, "Account"), gathered)


def _read_one_process(entity: JsonObject, prefix: str, gathered: Gathered) -> None:
    pid, created = entity.get("ProcessId"), entity.get("CreationTimeUtc")
    gathered.add(prefix + "pid", T1, pid)
    if pid is not None and isinstance(created, str):
        gathered.add(prefix + "entity_id", T1, f"{pid}@{created}")
    gathered.add(prefix + "command_line", T2, entity.get("CommandLine"))
    image = gathered.child(entity, "ImageFile")
    gathered.add(prefix + "executable", PROTECTED, _path(image))
    gathered.add(prefix + "hash.sha256", T1, _sha256(image))


def _read_graph_process(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("process.pid", T1, entity.get("processId"))
    gathered.add("process.command_line", T2, entity.get("processCommandLine"))
    for key, prefix in (("imageFile", "process."), ("parentProcessImageFile", "process.parent.")):
        image = _child(entity, key)
        gathered.add(prefix + "executable", PROTECTED, _joined(image.get("filePath"), image.get("fileName")))
        gathered.add(prefix + "hash.sha256", T1, image.get("sha256"))
    _read_graph_account(entity, gathered)


def _read_account(entity: JsonObject, gathered: Gathered) -> None:
    wrote: Wrote = T1 if entity.get("Sid") or entity.get("AadUserId") else T2
    name = entity.get("Name") or entity.get("AccountName") or entity.get("UserPrincipalName")
    gathered.add("user.name", wrote, account(name) if isinstance(name, str) else None)
    gathered.add("user.id", T1, entity.get("Sid"))
    gathered.add("user.principal", wrote, entity.get("UserPrincipalName"))


def _read_graph_account(entity: JsonObject, gathered: Gathered) -> None:
    user = _child(entity, "userAccount")
    wrote: Wrote = T1 if user.get("userSid") or user.get("azureAdUserId") else T2
    gathered.add("user.name", wrote, user.get("accountName"))
    gathered.add("user.id", T1, user.get("userSid"))


def _read_host(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("host.name", T1, entity.get("HostName") or entity.get("FQDN") or entity.get("deviceDnsName"))
    gathered.add("host.id", T1, entity.get("MdatpDeviceId") or entity.get("AzureID") or entity.get("mdeDeviceId"))
    gathered.add("host.ip", T1, entity.get("LastIpAddress") or entity.get("lastIpAddress"))


def _read_ip(entity: JsonObject, gathered: Gathered) -> None:
    roles = {role.lower() for role in all_texts(entity, "Roles", "roles")}
    name = "source.ip" if roles & {"source", "attacker"} else "related.ip"
    gathered.add(name, T2, entity.get("Address") or entity.get("ipAddress"))


def _read_file(entity: JsonObject, gathered: Gathered) -> None:
    details = _child(entity, "fileDetails")
    gathered.add("file.path", PROTECTED, _path(entity) or _joined(details.get("filePath"), details.get("fileName")))
    gathered.add("file.hash.sha256", T1, _sha256(entity) or details.get("sha256"))


def _read_mail(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("email.sender", T2, entity.get("Sender") or entity.get("P1Sender"))
    gathered.add("email.recipient", T2, entity.get("Recipient"))
    gathered.add("email.subject", T2, entity.get("Subject"))
    gathered.add("email.sender_ip", T2, entity.get("SenderIP"))
    gathered.add("email.delivery_action", T1, entity.get("DeliveryAction"))
    for url in all_texts(entity, "Urls"):
        gathered.add("url.full", T2, url)


def _read_mailbox(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("user.principal", T1, entity.get("MailboxPrimaryAddress") or entity.get("Upn"))


def _read_url(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("url.full", T2, entity.get("Url") or entity.get("url"))


def _read_registry(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("registry.path", T2, _joined(entity.get("Key") or entity.get("registryKey"), entity.get("Name")))
    gathered.add("registry.data", T2, entity.get("Value") or entity.get("registryValue"))


def _read_session(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("session.id", T1, entity.get("SessionId"))
    gathered.add("user_agent", T2, entity.get("UserAgent"))
    _read_account(gathered.child(entity, "Account"), gathered)


def _read_application(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("cloud.application", T2, entity.get("Name"))


def _read_resource(entity: JsonObject, gathered: Gathered) -> None:
    gathered.add("cloud.resource", T2, entity.get("ResourceId"))


def _path(image: JsonObject) -> str | None:
    return _joined(image.get("Directory"), image.get("Name"))


def _joined(directory: JsonValue, name: JsonValue) -> str | None:
    if not isinstance(name, str) or not name:
        return None
    if not isinstance(directory, str) or not directory:
        return name
    separator = "/" if directory.startswith("/") else "\\"
    return directory.rstrip("\\/") + separator + name


def _sha256(image: JsonObject) -> str | None:
    hashes = image.get("FileHashes")
    for item in hashes if isinstance(hashes, list) else []:
        if (
            isinstance(item, dict)
            and str(item.get("Algorithm")).upper() == "SHA256"
            and isinstance(item.get("Value"), str)
        ):
            return str(item["Value"]).lower()
    return None


ENTITY_READERS: Final[Mapping[str, Callable[[JsonObject, Gathered], None]]] = {
    "process": _read_process,
    "processevidence": _read_graph_process,
    "account": _read_account,
    "userevidence": _read_graph_account,
    "host": _read_host,
    "deviceevidence": _read_host,
    "ip": _read_ip,
    "ipevidence": _read_ip,
    "file": _read_file,
    "fileevidence": _read_file,
    "mailmessage": _read_mail,
    "mailbox": _read_mailbox,
    "url": _read_url,
    "urlevidence": _read_url,
    "registry-value": _read_registry,
    "registryvalueevidence": _read_registry,
    "cloud-logon-session": _read_session,
    "cloud-application": _read_application,
    "oauth-application": _read_application,
    "azure-resource": _read_resource,
}
"""Entity type to what is read of it."""
