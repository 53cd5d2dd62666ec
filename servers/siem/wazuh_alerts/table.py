"""Which field of a Wazuh alert becomes which flat ECS field.

What a decoder cut out of a line of text was written by whoever talks to the service: such names and addresses go to
fields that count as outside text (`user.attempted_name`, `source.address`), never to those a sensor attests.

Source: Wazuh documentation (alert structure, Windows event channel, syscheck), Sysmon and Windows Security events.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

As: TypeAlias = Literal["text", "number", "address", "account", "sha256", "lower"]
Rows: TypeAlias = tuple[tuple[str, str, As], ...]
"""ECS field, path in the alert, and what the value is read as. The first path that gives something counts."""

COMMON: Final[Rows] = (
    ("host.id", "agent.id", "text"),
    ("host.ip", "agent.ip", "address"),
    ("rule.id", "rule.id", "text"),
    ("rule.description", "rule.description", "text"),
    ("decoder.name", "decoder.name", "text"),
    ("event.original", "full_log", "text"),
)
LINE: Final[Rows] = (
    ("source.address", "data.srcip", "address"),
    ("destination.address", "data.dstip", "address"),
    ("user.attempted_name", "data.dstuser", "text"),
    ("user.attempted_name", "data.srcuser", "text"),
    ("url.full", "data.url", "text"),
    ("process.command_line", "data.command", "text"),
)
FILE: Final[Rows] = (
    ("file.path", "syscheck.path", "text"),
    ("event.action", "syscheck.event", "text"),
    ("file.hash.sha256", "syscheck.sha256_after", "sha256"),
    ("file.size", "syscheck.size_after", "number"),
    ("process.executable", "syscheck.audit.process.name", "text"),
    ("user.name", "syscheck.audit.user.name", "account"),
)
SURICATA: Final[Rows] = (
    ("source.ip", "data.src_ip", "address"),
    ("source.port", "data.src_port", "number"),
    ("destination.ip", "data.dest_ip", "address"),
    ("destination.port", "data.dest_port", "number"),
    ("network.transport", "data.proto", "lower"),
    ("suricata.signature", "data.alert.signature", "text"),
    ("suricata.signature_id", "data.alert.signature_id", "text"),
    ("url.full", "data.http.url", "text"),
    ("user_agent", "data.http.http_user_agent", "text"),
    ("dns.question.name", "data.dns.query.0.rrname", "text"),
)
_EVENT: Final = "data.win.eventdata."
WINDOWS: Final[Rows] = (
    ("event.code", "data.win.system.eventID", "text"),
    ("event.provider", "data.win.system.providerName", "text"),
    ("process.entity_id", _EVENT + "processGuid", "lower"),
    ("process.pid", _EVENT + "processId", "number"),
    ("process.executable", _EVENT + "image", "text"),
    ("process.executable", _EVENT + "newProcessName", "text"),
    ("process.command_line", _EVENT + "commandLine", "text"),
    ("process.hash.sha256", _EVENT + "hashes", "sha256"),
    ("process.integrity", _EVENT + "integrityLevel", "text"),
    ("process.parent.entity_id", _EVENT + "parentProcessGuid", "lower"),
    ("process.parent.executable", _EVENT + "parentImage", "text"),
    ("process.parent.command_line", _EVENT + "parentCommandLine", "text"),
    ("logon.id", _EVENT + "targetLogonId", "lower"),
    ("logon.id", _EVENT + "logonId", "lower"),
    ("logon.type", _EVENT + "logonType", "text"),
    ("source.ip", _EVENT + "ipAddress", "address"),
    ("source.port", _EVENT + "ipPort", "number"),
    ("source.ip", _EVENT + "sourceIp", "address"),
    ("source.port", _EVENT + "sourcePort", "number"),
    ("destination.ip", _EVENT + "destinationIp", "address"),
    ("destination.port", _EVENT + "destinationPort", "number"),
    ("destination.domain", _EVENT + "destinationHostname", "text"),
    ("network.transport", _EVENT + "protocol", "lower"),
    ("dns.question.name", _EVENT + "queryName", "text"),
    ("dns.answers", _EVENT + "queryResults", "text"),
    ("file.path", _EVENT + "targetFilename", "text"),
    ("registry.path", _EVENT + "targetObject", "text"),
    ("service.name", _EVENT + "serviceName", "text"),
)
SIGN_INS: Final = frozenset({"4624", "4634", "4647", "4648", "4672", "4768", "4769", "4778", "4779"})
FAILED_SIGN_INS: Final = frozenset({"4625", "4771", "4776"})
_TARGET, _SUBJECT = _EVENT + "targetUserName", _EVENT + "subjectUserName"
USER: Final[Rows] = (("user.name", _EVENT + "user", "account"), ("user.name", _SUBJECT, "account"))
SIGNED_IN: Final[Rows] = (("user.name", _TARGET, "account"), ("user.name", _SUBJECT, "account"))
NOT_SIGNED_IN: Final[Rows] = (("user.attempted_name", _TARGET, "text"),)
"""Nobody proved to be that user: the name is whatever was typed."""
CHANGED: Final[Rows] = (("user.target.name", _TARGET, "account"), ("user.name", _SUBJECT, "account"))

SYSMON: Final[Mapping[str, str]] = {
    "1": "process", "5": "process", "3": "network", "11": "file", "23": "file", "12": "registry", "13": "registry",
    "14": "registry", "22": "dns",
}  # fmt: skip
"""Category by Sysmon's event number."""
MORE: Final = frozenset(
    {name for rows in (COMMON, LINE, FILE, SURICATA, WINDOWS) for name, _, _ in rows}
    | {"rule.level", "rule.groups", "event.severity"}
)
"""Names that may be asked for beside the common ones; those that are not common are outside text."""
