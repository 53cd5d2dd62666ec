"""OCSF Detection Finding (class 2004).

Source: Open Cybersecurity Schema Framework 1.x, class `detection_finding` and the objects it is made of. A finding
lists evidences and observables; the first evidence of each kind becomes the field.
"""

from typing import Final

from agent.intake.attack import current_techniques
from agent.intake.draft import Draft, level_of, time_of
from agent.intake.fields import (
    PROTECTED,
    T1,
    T2,
    FieldRule,
    account,
    all_texts,
    extract,
    find,
    first_text,
    lower,
    number,
)
from agent.models import JsonObject, Rule

_ACTOR = "evidences.actor."
_PROCESS = "evidences.process."

TABLE: Final = (
    FieldRule("host.name", "device.hostname", T1),
    FieldRule("host.name", "evidences.device.hostname", T1),
    FieldRule("host.name", "resources.name", T1),
    FieldRule("host.id", "device.uid", T1),
    FieldRule("host.ip", "device.ip", T1),
    FieldRule("user.name", "actor.user.name", T1, account),
    FieldRule("user.name", _ACTOR + "user.name", T1, account),
    FieldRule("user.name", "evidences.user.name", T1, account),
    FieldRule("user.id", _ACTOR + "user.uid", T1),
    FieldRule("source.ip", "evidences.src_endpoint.ip", T1),
    FieldRule("source.port", "evidences.src_endpoint.port", T1, number),
    FieldRule("destination.ip", "evidences.dst_endpoint.ip", T1),
    FieldRule("destination.port", "evidences.dst_endpoint.port", T1, number),
    FieldRule("destination.domain", "evidences.dst_endpoint.hostname", T2),
    FieldRule("dns.question.name", "evidences.query.hostname", T2),
    FieldRule("process.entity_id", _PROCESS + "uid", T1, lower),
    FieldRule("process.pid", _PROCESS + "pid", T1, number),
    FieldRule("process.executable", _PROCESS + "file.path", PROTECTED),
    FieldRule("process.command_line", _PROCESS + "cmd_line", T2),
    FieldRule("process.integrity", _PROCESS + "integrity", T1),
    FieldRule("process.parent.entity_id", _PROCESS + "parent_process.uid", T1, lower),
    FieldRule("process.parent.executable", _PROCESS + "parent_process.file.path", PROTECTED),
    FieldRule("process.parent.command_line", _PROCESS + "parent_process.cmd_line", T2),
    FieldRule("process.parent.executable", _ACTOR + "process.file.path", PROTECTED),
    FieldRule("process.parent.command_line", _ACTOR + "process.cmd_line", T2),
    FieldRule("file.path", "evidences.file.path", PROTECTED),
    FieldRule("file.name", "evidences.file.name", T2),
    FieldRule("url.full", "evidences.url.url_string", T2),
    FieldRule("url.full", "evidences.http_request.url.url_string", T2),
    FieldRule("user_agent", "evidences.http_request.user_agent", T2),
    FieldRule("cloud.api", "evidences.api.operation", T1),
    FieldRule("cloud.account", "cloud.account.uid", T1),
    FieldRule("event.action", "disposition", T1),
    FieldRule("event.outcome", "status", T1),
    FieldRule("antivirus.signature", "malware.name", T1),
    FieldRule("message", "message", T2),
)

HASHES: Final = (
    ("file.hash.sha256", "evidences.file.hashes"),
    ("process.hash.sha256", _PROCESS + "file.hashes"),
)

HEAD: Final = (
    "class_uid", "class_name", "category_uid", "category_name", "activity_id", "activity_name", "type_uid",
    "type_name", "time", "finding_info", "metadata", "severity", "severity_id",
)  # fmt: skip

FINDING: Final = 2004


def recognises(document: JsonObject) -> bool:
    """Whether this is an OCSF finding."""
    is_class = document.get("class_uid") in (FINDING, str(FINDING))
    return is_class or ("class_uid" not in document and isinstance(document.get("finding_info"), dict))


def read(document: JsonObject) -> Draft:
    """One detection finding.

    Raises: IntakeError when it has no time."""
    title = first_text(document, "finding_info.title", "message") or "OCSF detection finding"
    rule_id = first_text(document, "finding_info.analytic.uid", "finding_info.analytic.name", "finding_info.types")
    level = next((level_of(found.value) for found in find(document, "severity_id")), None)
    attacks = ("finding_info.attacks.technique.uid", "finding_info.attacks.sub_technique.uid", "attacks.technique.uid",
               "attacks.sub_technique.uid")  # fmt: skip
    return Draft(
        format="ocsf",
        product=first_text(document, "metadata.product.name") or "OCSF source",
        own_id=first_text(document, "finding_info.uid", "metadata.uid"),
        title=title,
        time=time_of(document, "finding_info.first_seen_time", "time", "time_dt", "finding_info.created_time"),
        rule=Rule(id=rule_id or title, name=title, level=level, groups=all_texts(document, "finding_info.types")),
        techniques=current_techniques(all_texts(document, *attacks)),
        fields=extract(document, TABLE, _hash_rules(document)),
        head=HEAD,
        vendor_severity=first_text(document, "severity", "severity_id"),
    )


def _hash_rules(document: JsonObject) -> tuple[FieldRule, ...]:
    """A rule per hash list that holds SHA-256 values (algorithm id 3)."""
    wanted = []
    for name, path in HASHES:
        algorithms = {*all_texts(document, f"{path}.algorithm_id"), *all_texts(document, f"{path}.algorithm")}
        if algorithms & {"3", "SHA-256"}:
            wanted.append(FieldRule(name, f"{path}.value", T1, _sha256))
    return tuple(wanted)


def _sha256(value: str | float | bool) -> str | float | bool | None:
    cleaned = lower(value)
    return cleaned if isinstance(cleaned, str) and len(cleaned) == 64 else None
