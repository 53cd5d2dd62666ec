"""Wazuh alerts: the manager's rule around whatever the agent collected.

Source: Wazuh documentation (alert structure, Windows event channel, syscheck, Suricata integration) and the fields
of Sysmon and the Windows Security log. Event-channel values come JSON-escaped once more and with HTML entities: both
are undone here. Text of a syslog line is written by whoever talks to the service: what decoders cut out is untrusted.
"""

import html
import re
from collections.abc import Callable, Iterable
from typing import Final

from agent.intake import suricata
from agent.intake.attack import current_techniques
from agent.intake.decode import unescape_doubled
from agent.intake.draft import Draft, level_of, time_of
from agent.intake.errors import IntakeError
from agent.intake.fields import (
    PROTECTED,
    T1,
    T2,
    FieldRule,
    account,
    all_texts,
    as_is,
    domain,
    extract,
    field_of,
    find,
    first_text,
    lower,
    number,
    text,
)
from agent.models import AlertField, JsonObject, Rule, Scalar


def windows_text(value: Scalar) -> Scalar | None:
    """Text of an event-channel field with entities and the extra escaping undone."""
    return as_is(unescape_doubled(html.unescape(value)) if isinstance(value, str) else value)


def windows_account(value: Scalar) -> Scalar | None:
    """The account of an escaped `DOMAIN\\\\account`."""
    cleaned = windows_text(value)
    return None if cleaned is None else account(cleaned)


def windows_domain(value: Scalar) -> Scalar | None:
    """The domain of an escaped `DOMAIN\\\\account`."""
    cleaned = windows_text(value)
    return None if cleaned is None else domain(cleaned)


def remote_address(value: Scalar) -> Scalar | None:
    """An address that is not this machine itself."""
    cleaned = text(value)
    is_own = isinstance(cleaned, str) and re.fullmatch(r"127\.[\d.]+|::1|0\.0\.0\.0|::|LOCAL", cleaned) is not None
    return None if is_own else cleaned


def hash_named(name: str) -> Callable[[Scalar], Scalar | None]:
    """A reader of one algorithm out of Sysmon's `SHA1=...,SHA256=...`."""
    pattern = re.compile(rf"(?:^|,){name}=([0-9A-Fa-f]{{32,64}})(?:,|$)", re.IGNORECASE)

    def read_hash(value: Scalar) -> Scalar | None:
        match = pattern.search(value) if isinstance(value, str) else None
        return match[1].lower() if match else None

    return read_hash


COMMON: Final = (
    FieldRule("host.id", "agent.id", T1, text),
    FieldRule("host.name", "agent.name", T1),
    FieldRule("host.ip", "agent.ip", T1),
    FieldRule("rule.id", "rule.id", T1, text),
    FieldRule("rule.name", "rule.description", T1),
    FieldRule("rule.groups", "rule.groups", T1),
    FieldRule("rule.fired_times", "rule.firedtimes", T1, number),
    FieldRule("rule.frequency", "rule.frequency", T1, number),
    FieldRule("threat.technique.id", "rule.mitre.id", T1),
    FieldRule("event.decoder", "decoder.name", T1),
    FieldRule("event.module", "location", T1),
    FieldRule("event.original", "full_log", T2),
)

_EVENT = "data.win.eventdata."
_SYSTEM = "data.win.system."

WINDOWS: Final = (
    FieldRule("event.code", _SYSTEM + "eventID", T1, text),
    FieldRule("event.provider", _SYSTEM + "providerName", T1),
    FieldRule("event.channel", _SYSTEM + "channel", T1),
    FieldRule("event.kind", _SYSTEM + "severityValue", T1),
    FieldRule("process.entity_id", _EVENT + "processGuid", T1, lower),
    FieldRule("process.entity_id", _EVENT + "sourceProcessGUID", T1, lower),
    FieldRule("process.pid", _EVENT + "processId", T1, number),
    FieldRule("process.executable", _EVENT + "image", PROTECTED, windows_text),
    FieldRule("process.executable", _EVENT + "sourceImage", PROTECTED, windows_text),
    FieldRule("process.executable", _EVENT + "newProcessName", PROTECTED, windows_text),
    FieldRule("process.executable", _EVENT + "processName", PROTECTED, windows_text),
    FieldRule("process.executable", _EVENT + "process Name", PROTECTED, windows_text),
    FieldRule("process.command_line", _EVENT + "commandLine", T2, windows_text),
    FieldRule("process.working_directory", _EVENT + "currentDirectory", T2, windows_text),
    FieldRule("process.integrity", _EVENT + "integrityLevel", T1),
    FieldRule("process.hash.sha256", _EVENT + "hashes", T1, hash_named("SHA256")),
    FieldRule("process.hash.sha1", _EVENT + "hashes", T1, hash_named("SHA1")),
    FieldRule("process.hash.md5", _EVENT + "hashes", T1, hash_named("MD5")),
    FieldRule("process.pe.original_file_name", _EVENT + "originalFileName", T2, windows_text),
    FieldRule("process.pe.description", _EVENT + "description", T2, windows_text),
    FieldRule("process.pe.company", _EVENT + "company", T2, windows_text),
    FieldRule("process.pe.product", _EVENT + "product", T2, windows_text),
    FieldRule("process.parent.entity_id", _EVENT + "parentProcessGuid", T1, lower),
    FieldRule("process.parent.pid", _EVENT + "parentProcessId", T1, number),
    FieldRule("process.parent.executable", _EVENT + "parentImage", PROTECTED, windows_text),
    FieldRule("process.parent.executable", _EVENT + "parentProcessName", PROTECTED, windows_text),
    FieldRule("process.parent.command_line", _EVENT + "parentCommandLine", T2, windows_text),
    FieldRule("process.parent.user.name", _EVENT + "parentUser", T1, windows_account),
    FieldRule("process.target.executable", _EVENT + "targetImage", PROTECTED, windows_text),
    FieldRule("process.target.access", _EVENT + "grantedAccess", T1, lower),
    FieldRule("process.target.call_trace", _EVENT + "callTrace", T2, windows_text),
    FieldRule("user.id", _EVENT + "targetUserSid", T1),
    FieldRule("user.id", _EVENT + "userSid", T1),
    FieldRule("user.domain", _EVENT + "user", T1, windows_domain),
    FieldRule("user.domain", _EVENT + "targetDomainName", T1, windows_text),
    FieldRule("user.domain", _EVENT + "subjectDomainName", T1, windows_text),
    FieldRule("user.actor.name", _EVENT + "subjectUserName", T1, windows_account),
    FieldRule("user.actor.id", _EVENT + "subjectUserSid", T1),
    FieldRule("group.name", _EVENT + "groupName", T1, windows_text),
    FieldRule("session.id", _EVENT + "terminalSessionId", T1, text),
    FieldRule("logon.id", _EVENT + "logonId", T1, lower),
    FieldRule("logon.id", _EVENT + "targetLogonId", T1, lower),
    FieldRule("logon.id", _EVENT + "subjectLogonId", T1, lower),
    FieldRule("logon.guid", _EVENT + "logonGuid", T1, lower),
    FieldRule("logon.type", _EVENT + "logonType", T1, text),
    FieldRule("logon.status", _EVENT + "status", T1, lower),
    FieldRule("logon.sub_status", _EVENT + "subStatus", T1, lower),
    FieldRule("logon.package", _EVENT + "authenticationPackageName", T1),
    FieldRule("logon.process", _EVENT + "logonProcessName", T1),
    FieldRule("source.host", _EVENT + "workstationName", T2, windows_text),
    FieldRule("source.ip", _EVENT + "ipAddress", T1, remote_address),
    FieldRule("source.port", _EVENT + "ipPort", T1, number),
    FieldRule("source.ip", _EVENT + "sourceIp", T1, remote_address),
    FieldRule("source.port", _EVENT + "sourcePort", T1, number),
    FieldRule("destination.ip", _EVENT + "destinationIp", T1, remote_address),
    FieldRule("destination.port", _EVENT + "destinationPort", T1, number),
    FieldRule("destination.domain", _EVENT + "destinationHostname", T2, windows_text),
    FieldRule("network.transport", _EVENT + "protocol", T1, lower),
    FieldRule("network.initiated", _EVENT + "initiated", T1, text),
    FieldRule("dns.question.name", _EVENT + "queryName", T2, windows_text),
    FieldRule("dns.answers", _EVENT + "queryResults", T2, windows_text),
    FieldRule("file.path", _EVENT + "targetFilename", PROTECTED, windows_text),
    FieldRule("file.path", _EVENT + "path", PROTECTED, windows_text),
    FieldRule("dll.path", _EVENT + "imageLoaded", PROTECTED, windows_text),
    FieldRule("dll.signature", _EVENT + "signature", T1, windows_text),
    FieldRule("dll.signature_status", _EVENT + "signatureStatus", T1),
    FieldRule("pipe.name", _EVENT + "pipeName", T2, windows_text),
    FieldRule("registry.path", _EVENT + "targetObject", T2, windows_text),
    FieldRule("registry.data", _EVENT + "details", T2, windows_text),
    FieldRule("service.name", _EVENT + "serviceName", T2, windows_text),
    FieldRule("service.command", _EVENT + "imagePath", PROTECTED, windows_text),
    FieldRule("service.account", _EVENT + "accountName", T1, windows_text),
    FieldRule("task.name", _EVENT + "taskName", T2, windows_text),
    FieldRule("task.content", _EVENT + "taskContent", T2, windows_text),
    FieldRule("powershell.script", _EVENT + "scriptBlockText", T2, windows_text),
    FieldRule("powershell.script", _EVENT + "payload", T2, windows_text),
    FieldRule("wmi.consumer", _EVENT + "destination", T2, windows_text),
    FieldRule("wmi.query", _EVENT + "query", T2, windows_text),
    FieldRule("antivirus.signature", _EVENT + "threat Name", T1, windows_text),
    FieldRule("antivirus.action", _EVENT + "action Name", T1, windows_text),
    FieldRule("antivirus.path", _EVENT + "path", T2, windows_text),
    FieldRule("event.parameter", _EVENT + "param1", T2, windows_text),
)
"""Sysmon, Security, System, PowerShell and Defender events as the event channel gives them."""

PROCESS_USER: Final = (FieldRule("user.name", _EVENT + "user", T1, windows_account),)
SIGNED_IN: Final = (
    FieldRule("user.name", _EVENT + "targetUserName", T1, windows_account),
    FieldRule("user.name", _EVENT + "subjectUserName", T1, windows_account),
)
NOT_SIGNED_IN: Final = (FieldRule("user.attempted_name", _EVENT + "targetUserName", T2, windows_account),)
"""Nobody proved to be that user: the name is whatever was typed."""

ACCOUNT_CHANGED: Final = (
    FieldRule("user.target.name", _EVENT + "targetUserName", T1, windows_account),
    FieldRule("user.name", _EVENT + "subjectUserName", T1, windows_account),
)

FAILED_SIGN_INS: Final = frozenset({"4625", "4771", "4776", "529"})
SIGN_INS: Final = frozenset({"4624", "4634", "4647", "4648", "4672", "4768", "4769", "4778", "4779", "528", "540"})

SYSLOG: Final = (
    FieldRule("process.name", "predecoder.program_name", T1),
    FieldRule("source.ip", "data.srcip", T2, remote_address),
    FieldRule("source.port", "data.srcport", T2, number),
    FieldRule("destination.ip", "data.dstip", T2, remote_address),
    FieldRule("destination.port", "data.dstport", T2, number),
    FieldRule("user.attempted_name", "data.dstuser", T2, account),
    FieldRule("user.attempted_name", "data.user", T2, account),
    FieldRule("user.source.name", "data.srcuser", T2, account),
    FieldRule("url.full", "data.url", T2),
    FieldRule("http.method", "data.method", T2),
    FieldRule("http.status", "data.id", T1, number),
    FieldRule("process.command_line", "data.command", T2),
    FieldRule("process.tty", "data.tty", T2, text),
    FieldRule("package.name", "data.package", T2),
    FieldRule("antivirus.signature", "data.virus", T1),
    FieldRule("process.executable", "data.audit.exe", PROTECTED),
    FieldRule("process.command_line", "data.audit.execve", T2),
    FieldRule("process.name", "data.audit.command", T2),
    FieldRule("user.id", "data.audit.auid", T1, text),
    FieldRule("file.path", "data.audit.file.name", PROTECTED),
    FieldRule("cloud.api", "data.aws.eventName", T1),
    FieldRule("cloud.account", "data.aws.recipientAccountId", T1, text),
    FieldRule("cloud.access_key", "data.aws.userIdentity.accessKeyId", T1),
    FieldRule("source.ip", "data.aws.sourceIPAddress", T1, remote_address),
    FieldRule("user.name", "data.aws.userIdentity.userName", T1),
    FieldRule("user_agent", "data.aws.userAgent", T2),
    FieldRule("cloud.api", "data.office365.Operation", T1),
    FieldRule("user.name", "data.office365.UserId", T1),
    FieldRule("source.ip", "data.office365.ClientIP", T1, remote_address),
    FieldRule("reputation.positives", "data.virustotal.positives", T1, number),
    FieldRule("file.hash.sha1", "data.virustotal.sha1", T1, lower),
    FieldRule("file.path", "data.virustotal.source.file", PROTECTED),
    FieldRule("vulnerability.id", "data.vulnerability.cve", T1),
    FieldRule("vulnerability.severity", "data.vulnerability.severity", T1),
    FieldRule("package.name", "data.vulnerability.package.name", T1),
    FieldRule("policy.name", "data.sca.policy", T1),
    FieldRule("policy.result", "data.sca.check.result", T1),
    FieldRule("policy.check", "data.sca.check.title", T1),
    FieldRule("file.path", "data.file", PROTECTED),
    FieldRule("event.parameter", "data.title", T2),
)

SYSCHECK: Final = (
    FieldRule("file.path", "syscheck.path", PROTECTED, windows_text),
    FieldRule("event.action", "syscheck.event", T1),
    FieldRule("file.hash.sha256", "syscheck.sha256_after", T1, lower),
    FieldRule("file.size", "syscheck.size_after", T1, number),
    FieldRule("file.owner", "syscheck.uname_after", T1),
    FieldRule("registry.value", "syscheck.value_name", T2),
    FieldRule("process.executable", "syscheck.audit.process.name", PROTECTED, windows_text),
    FieldRule("user.name", "syscheck.audit.user.name", T1),
    FieldRule("process.pid", "syscheck.audit.process.id", T1, number),
)

HEAD: Final = (
    "rule",
    "timestamp",
    "@timestamp",
    "id",
    "decoder",
    "manager",
    "input",
    "location",
    "predecoder",
    "cluster",
)

_REMOTE_HOST = re.compile(r"(?:\brhost=|\bfrom )([0-9A-Fa-f.:]{3,45})(?=[\s,;\]]|$)")
_CLIENT_ADDRESS = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3}) \S{1,64} \S{1,64} \[")
_REQUEST = re.compile(r'"(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT) (\S{1,4096})[^"]{0,16}" (\d{3})')
_USER_AGENT = re.compile(r'"([^"]{1,1024})"\s{0,4}$')


def recognises(document: JsonObject) -> bool:
    """Whether this is a Wazuh alert: a rule with a description, and an agent, manager or decoder around it."""
    rule = document.get("rule")
    around = {"agent", "manager", "decoder", "location"} & set(document)
    return isinstance(rule, dict) and bool({"description", "groups", "firedtimes"} & set(rule)) and bool(around)


def read(document: JsonObject) -> Draft:
    """One Wazuh alert.

    Raises: IntakeError when it has no rule id or no time."""
    rule_id = first_text(document, "rule.id")
    if rule_id is None:
        raise IntakeError("a Wazuh alert without rule.id")
    title = first_text(document, "rule.description") or f"Wazuh rule {rule_id}"
    level = next((level_of(found.value) for found in find(document, "rule.level")), None)
    is_suricata = _is_suricata(document)
    groups = all_texts(document, "rule.groups")
    techniques = current_techniques(all_texts(document, "rule.mitre.id"))
    return Draft(
        format="wazuh",
        product="Wazuh",
        own_id=first_text(document, "id"),
        title=title,
        time=time_of(document, "timestamp", "@timestamp", "data.timestamp", _SYSTEM + "systemTime"),
        rule=Rule(
            id=rule_id,
            name=title,
            level=level,
            groups=(*groups, *suricata.groups_at(document, "data.")) if is_suricata else groups,
        ),
        techniques=techniques or (suricata.techniques_at(document, "data.") if is_suricata else ()),
        fields=_fields(document),
        head=HEAD,
        vendor_severity=None if level is None else f"level {level:g}",
    )


def _fields(document: JsonObject) -> tuple[AlertField, ...]:
    base = extract(document, COMMON, *_tables(document))
    if _is_suricata(document):
        base = _first_of_each(suricata.fields_at(document, "data."), base)
    return _first_of_each(base, tuple(_from_log(document)))


def _is_suricata(document: JsonObject) -> bool:
    return bool(find(document, "data.alert.signature") or find(document, "data.alert.signature_id"))


def _tables(document: JsonObject) -> Iterable[Iterable[FieldRule]]:
    if find(document, "data.win"):
        code = first_text(document, _SYSTEM + "eventID") or ""
        return (_user_table(code), WINDOWS)
    return (SYSCHECK, SYSLOG)


def _user_table(code: str) -> Iterable[FieldRule]:
    if code in FAILED_SIGN_INS:
        return NOT_SIGNED_IN
    if code in SIGN_INS:
        return SIGNED_IN
    return ACCOUNT_CHANGED if re.fullmatch(r"47\d\d", code) else (*PROCESS_USER, *SIGNED_IN[1:])


def _from_log(document: JsonObject) -> Iterable[AlertField]:
    """What a log line says where no decoder cut it up: all of it untrusted."""
    line = first_text(document, "full_log")
    if line is None:
        return
    if match := _REMOTE_HOST.search(line[:8192]) or _CLIENT_ADDRESS.search(line[:8192]):
        yield field_of("source.ip", match[1], T2, "$.full_log")
    if match := _REQUEST.search(line[:8192]):
        yield field_of("url.full", match[1], T2, "$.full_log")
        yield field_of("http.status", int(match[2]), T1, "$.full_log")
        if agent := _USER_AGENT.search(line[:8192]):
            yield field_of("user_agent", agent[1], T2, "$.full_log")


def _first_of_each(*groups: tuple[AlertField, ...]) -> tuple[AlertField, ...]:
    merged: dict[str, AlertField] = {}
    for group in groups:
        for item in group:
            merged.setdefault(item.name, item)
    return tuple(merged.values())
