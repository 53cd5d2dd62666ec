"""Any other JSON: common names are recognised, and the alert says which keys were used and which could not be placed.

Each name is tried as it stands and one level down in the usual containers. Nothing here is known to be a sensor's
typed value except ids, hashes and counts the names themselves type; the rest is untrusted, which costs trust but
never an alert.
"""

from typing import Final

from agent.intake.attack import current_techniques
from agent.intake.draft import Draft, level_of, time_of
from agent.intake.errors import IntakeError
from agent.intake.fields import (
    PROTECTED,
    T1,
    T2,
    FieldRule,
    Wrote,
    account,
    all_texts,
    extract,
    find,
    first_text,
    lower,
    text,
)
from agent.models import JsonObject, Rule

CONTAINERS: Final = (
    "",
    "event.",
    "data.",
    "fields.",
    "details.",
    "event_data.",
    "EventData.",
    "Event.EventData.",
    "result.",
)

SYNONYMS: Final[tuple[tuple[str, Wrote, str], ...]] = (
    ("event.code", T1, "event.code event_id EventID eventId event_code EventCode"),
    ("event.category", T2, "event.category category event_type eventType"),
    ("event.action", T2, "event.action action Action"),
    ("event.outcome", T2, "event.outcome outcome result_status"),
    ("host.name", T1,
     "host.name hostname Hostname host_name computer Computer "
     "ComputerName dvc device_name dest_host host device"),
    ("host.ip", T2, "host.ip host_ip device_ip"),
    ("user.name", T2, "user.name username user_name User UserName account account_name user SubjectUserName"),
    ("user.target.name", T2, "user.target.name TargetUserName target_user"),
    ("user.id", T2, "user.id user_sid UserSid SubjectUserSid"),
    ("source.ip", T2,
     "source.ip src_ip source_ip srcip src SourceIp "
     "SourceAddress IpAddress client_ip clientip sourceIPAddress c_ip remote_addr"),
    ("source.port", T2, "source.port src_port source_port SourcePort IpPort"),
    ("destination.ip", T2,
     "destination.ip dst_ip dest_ip destination_ip "
     "dstip dst DestinationIp DestAddress server_ip"),
    ("destination.port", T2, "destination.port dst_port dest_port destination_port DestinationPort"),
    ("destination.domain", T2, "destination.domain domain hostname_dest DestinationHostname http_host"),
    ("network.transport", T2, "network.transport protocol proto Protocol"),
    ("dns.question.name", T2, "dns.question.name query QueryName dns_query"),
    ("url.full", T2, "url.full url URL uri request request_uri"),
    ("user_agent", T2, "user_agent.original user_agent useragent UserAgent http_user_agent"),
    ("http.status", T2, "http.response.status_code http.status status_code"),
    ("process.executable", PROTECTED, "process.executable Image process_path image NewProcessName SourceImage exe"),
    ("process.command_line", T2,
     "process.command_line CommandLine command_line "
     "cmdline cmd_line command ProcessCommandLine"),
    ("process.pid", T2, "process.pid ProcessId pid process_id NewProcessId"),
    ("process.entity_id", T2, "process.entity_id ProcessGuid process_guid"),
    ("process.parent.executable", PROTECTED,
     "process.parent.executable ParentImage "
     "parent_image ParentProcessName parent_process_path"),
    ("process.parent.command_line", T2, "process.parent.command_line ParentCommandLine parent_command_line"),
    ("process.parent.entity_id", T2, "process.parent.entity_id ParentProcessGuid"),
    ("process.integrity", T2, "process.integrity IntegrityLevel integrity_level"),
    ("process.pe.original_file_name", T2, "process.pe.original_file_name OriginalFileName"),
    ("process.target.executable", PROTECTED, "TargetImage target_image"),
    ("process.target.access", T2, "GrantedAccess granted_access"),
    ("logon.id", T2, "logon.id LogonId SubjectLogonId logon_id"),
    ("logon.type", T2, "logon.type LogonType logon_type"),
    ("session.id", T2, "session.id TerminalSessionId session_id"),
    ("file.path", PROTECTED, "file.path TargetFilename file_path filepath FilePath filename file_name"),
    ("registry.path", T2, "registry.path TargetObject registry_key ObjectName"),
    ("registry.data", T2, "registry.data Details registry_value"),
    ("dll.path", PROTECTED, "dll.path ImageLoaded"),
    ("pipe.name", T2, "PipeName"),
    ("service.name", T2, "service.name ServiceName service_name"),
    ("service.command", T2, "ImagePath ServiceFileName service_path"),
    ("task.name", T2, "TaskName"),
    ("task.content", T2, "TaskContent"),
    ("powershell.script", T2, "powershell.script ScriptBlockText script_block_text Payload ContextInfo"),
    ("wmi.consumer", T2, "Destination"),
    ("wmi.query", T2, "Query"),
    ("email.sender", T2, "email.sender sender from"),
    ("email.recipient", T2, "email.recipient recipient to"),
    ("email.subject", T2, "email.subject subject"),
    ("cloud.api", T2, "cloud.api eventName api_call operation"),
    ("antivirus.signature", T2, "antivirus.signature threat_name malware_name virus"),
    ("message", T2, "message msg Message full_log log raw_message"),
)  # fmt: skip
"""ECS name, who wrote it, and the names products give it, most specific first."""

HASHES: Final = (
    ("file.hash.sha256", ("file.hash.sha256", "sha256", "SHA256", "file_sha256", "hash_sha256")),
    ("process.hash.sha256", ("process.hash.sha256", "process_sha256")),
)

TABLE: Final = tuple(
    FieldRule(name, container + path, wrote, account if name == "user.name" else text)
    for name, wrote, paths in SYNONYMS
    for container in CONTAINERS
    for path in paths.split()
) + tuple(
    FieldRule(name, container + path, T1, lower) for name, paths in HASHES for container in CONTAINERS for path in paths
)

TIMES: Final = (
    "@timestamp", "timestamp", "time", "event.created", "TimeGenerated", "UtcTime", "eventTime", "event_time",
    "created_at", "TimeCreated", "EventTime", "date", "datetime", "_time", "ts", "data.timestamp",
    "Event.System.TimeCreated.#attributes.SystemTime", "Event.EventData.UtcTime",
    "System.TimeCreated.SystemTime",
)  # fmt: skip
TITLES: Final = (
    "title",
    "name",
    "alert_name",
    "rule.name",
    "rule_name",
    "signature",
    "description",
    "rule",
    "message",
    "msg",
)
RULE_IDS: Final = ("rule.id", "rule_id", "rule.uuid", "signature_id", "sid", "detection_id", "rule.name", "rule_name")
IDS: Final = ("id", "_id", "alert_id", "uuid", "event.id", "event_id", "guid")
GROUPS: Final = (
    "rule.groups",
    "groups",
    "category",
    "event.category",
    "tags",
    "logsource.category",
    "Event.System.Channel",
)
TECHNIQUES: Final = (
    "techniques", "technique", "technique_id", "mitre", "mitre.id", "mitre_attack", "mitre.technique_id",
    "attack.technique", "threat.technique.id", "rule.mitre.id", "tags", "rule.tags", "attack",
)  # fmt: skip
LEVELS: Final = ("rule.level", "level", "severity", "risk_score", "priority")

EXTRA: Final = (
    FieldRule("event.code", "Event.System.EventID", T1, text),
    FieldRule("event.provider", "Event.System.Provider.#attributes.Name", T1),
    FieldRule("event.channel", "Event.System.Channel", T1),
    FieldRule("host.name", "Event.System.Computer", T1),
    FieldRule("event.provider", "SourceName", T1),
    FieldRule("event.channel", "Channel", T1),
)
"""Windows events as the usual EVTX-to-JSON converters write them."""


def recognises(document: JsonObject) -> bool:
    """Any object at all."""
    return bool(document)


def read(document: JsonObject) -> Draft:
    """An alert of a shape we do not know.

    Raises: IntakeError when no field can be placed or no time is found."""
    fields = extract(document, EXTRA, TABLE)
    if not fields:
        raise IntakeError(f"no known field among the keys: {', '.join(sorted(document)[:20])}")
    title = first_text(document, *TITLES)
    level = next((level_of(item.value) for path in LEVELS for item in find(document, path)), None)
    return Draft(
        format="generic",
        product=first_text(document, "product", "vendor", "source_product") or "generic JSON",
        own_id=first_text(document, *IDS),
        title=title or "Alert of unknown format",
        time=time_of(document, *TIMES),
        rule=Rule(
            id=first_text(document, *RULE_IDS) or title or "unknown",
            name=title or "unknown",
            level=level,
            groups=all_texts(document, *GROUPS),
        ),
        techniques=current_techniques(all_texts(document, *TECHNIQUES)),
        fields=fields,
        head=tuple(key for key in document if any(_starts(path, key) for path in _HEAD_PATHS)),
        vendor_severity=first_text(document, "severity", "level", "priority"),
    )


_HEAD_PATHS = (*TIMES, *TITLES, *RULE_IDS, *IDS, *GROUPS, *TECHNIQUES, *LEVELS)


def _starts(path: str, key: str) -> bool:
    return path == key or path.startswith(key + ".")
