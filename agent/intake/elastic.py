"""Elastic Security detection alerts: ECS names, flat or nested, with the rule under `kibana.alert`.

Source: Elastic Common Schema, and the alert schema of the Elastic detection engine. The lab's alerts have this
shape too. A path or command line of ECS is what the process said of itself; the class follows the field, not the
product.
"""

from collections.abc import Iterable
from typing import Final

from agent.intake.attack import current_techniques
from agent.intake.draft import Draft, level_of, time_of
from agent.intake.fields import PROTECTED, T1, T2, FieldRule, all_texts, extract, find, first_text, lower, number, text
from agent.models import AlertField, JsonObject, Provenance, Rule

SENSOR_WORDS: Final = (
    "event.id", "event.code", "event.source", "event.category", "event.action", "event.outcome",
    "event.dataset", "event.module", "event.provider", "host.id", "host.name", "host.ip", "user.name",
    "user.id", "user.domain", "user.target.name", "source.ip", "source.port", "source.country",
    "destination.ip", "destination.port", "network.bytes", "network.transport", "network.direction",
    "network.community_id", "process.entity_id", "process.pid", "process.hash.md5", "process.parent.entity_id",
    "process.parent.pid", "process.integrity", "logon.id", "logon.type", "session.id", "device.id",
    "device.managed", "authentication.mfa", "file.size", "http.status", "cloud.access_key", "cloud.api",
    "cloud.account", "antivirus.action", "antivirus.signature", "rule.id", "rule.name", "dns.question.type",
    "dns.question.registered_domain", "email.attachment.sha256", "count", "event.count",
)  # fmt: skip
"""Fields a sensor writes by itself."""

FREE_TEXTS: Final = (
    "process.command_line", "process.parent.command_line", "process.args", "process.name",
    "process.parent.name", "process.working_directory", "process.pe.original_file_name", "file.name",
    "file.share", "url.full", "url.original", "user_agent", "dns.question.name", "dns.answers",
    "destination.domain", "source.domain", "email.sender", "email.recipient", "email.subject", "cloud.resource",
    "user.attempted_name", "service.name", "registry.path", "registry.data", "powershell.script", "http.method",
    "message",
)  # fmt: skip
"""Fields whose text somebody outside may choose."""

PATHS: Final = ("process.executable", "process.parent.executable", "file.path", "dll.path", "service.command")

RENAMED: Final = (
    FieldRule("process.hash.sha256", "process.hash.sha256", T1, lower),
    FieldRule("process.hash.sha1", "process.hash.sha1", T1, lower),
    FieldRule("file.hash.sha256", "file.hash.sha256", T1, lower),
    FieldRule("email.attachment.sha256", "email.attachment.sha256", T1, lower),
    FieldRule("event.count", "kibana.alert.threshold_result.count", T1, number),
    FieldRule("http.status", "http.response.status_code", T1, number),
    FieldRule("http.method", "http.request.method", T2),
    FieldRule("user_agent", "user_agent.original", T2),
    FieldRule("process.integrity", "process.Ext.token.integrity_level_name", T1),
    FieldRule("session.id", "process.Ext.session_info.id", T1, text),
    FieldRule("logon.id", "winlog.logon.id", T1, lower),
    FieldRule("logon.type", "winlog.logon.type", T1, text),
    FieldRule("event.code", "winlog.event_id", T1, text),
    FieldRule("powershell.script", "powershell.file.script_block_text", T2),
    FieldRule("registry.data", "registry.data.strings", T2),
    FieldRule("threat.technique.id", "threat.technique.id", T1),
)

TABLE: Final = (
    *(FieldRule(name, name, T1) for name in SENSOR_WORDS),
    *(FieldRule(name, name, PROTECTED) for name in PATHS),
    *RENAMED,
    *(FieldRule(name, name, T2) for name in FREE_TEXTS),
)

_TECHNIQUES: Final = (
    "threat.technique.id",
    "threat.technique.subtechnique.id",
    "kibana.alert.rule.threat.technique.id",
    "kibana.alert.rule.threat.technique.subtechnique.id",
    "kibana.alert.rule.parameters.threat.technique.id",
    "kibana.alert.rule.parameters.threat.technique.subtechnique.id",
    "signal.rule.threat.technique.id",
    "signal.rule.threat.technique.subtechnique.id",
)
_RULE: Final = ("kibana.alert.rule.", "signal.rule.", "rule.")


def recognises(document: JsonObject) -> bool:
    """Whether this is an Elastic detection alert."""
    keys = (
        "kibana.alert.rule.name",
        "kibana.alert.rule.uuid",
        "kibana.alert.uuid",
        "signal.rule.name",
        "signal.rule.id",
    )
    return any(find(document, key) for key in keys)


def read(document: JsonObject) -> Draft:
    """One detection alert.

    Raises: IntakeError when it has no time."""
    name = first_text(document, *_under("name"))
    rule_id = first_text(document, *_under("rule_id"), *_under("uuid"), *_under("id"))
    risk = next((level_of(item.value) for path in ("kibana.alert.risk_score", "signal.rule.risk_score")
                 for item in find(document, path)), None)  # fmt: skip
    groups = all_texts(document, "event.category", "kibana.alert.rule.tags", "signal.rule.tags")
    return Draft(
        format="elastic",
        product="Elastic Security",
        own_id=first_text(document, "kibana.alert.uuid", "_id", "event.id"),
        title=name or rule_id or "Elastic detection",
        time=time_of(
            document, "kibana.alert.original_time", "@timestamp", "kibana.alert.start", "signal.original_time"
        ),
        rule=Rule(id=rule_id or name or "unknown", name=name or rule_id or "unknown", level=risk, groups=groups),
        techniques=_specific(current_techniques(all_texts(document, *_TECHNIQUES))),
        fields=_attempted(extract(document, TABLE)),
        head=tuple(key for key in document if key.startswith(("kibana", "signal", "@timestamp", "threat", "mcpsoc"))),
        vendor_severity=first_text(document, "kibana.alert.severity", "signal.rule.severity"),
        synthetic=any(found.value is True for found in find(document, "mcpsoc.synthetic")),
    )


def _attempted(fields: tuple[AlertField, ...]) -> tuple[AlertField, ...]:
    """The fields, with the user of a failed sign-in as what it is: a name somebody typed."""
    said = {item.name: str(item.value) for item in fields}
    if said.get("event.outcome") != "failure" or "authentication" not in said.get("event.category", ""):
        return fields
    typed = ("user.name", "user.id", "user.domain")
    return tuple(
        item.model_copy(update={"provenance": Provenance.UNTRUSTED}) if item.name in typed else item for item in fields
    )


def _under(name: str) -> Iterable[str]:
    return (prefix + name for prefix in _RULE)


def _specific(techniques: tuple[str, ...]) -> tuple[str, ...]:
    """The techniques without those a sub-technique beside them already says."""
    return tuple(item for item in techniques if not any(other.startswith(item + ".") for other in techniques))
