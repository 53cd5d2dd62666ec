"""Suricata EVE JSON: `event_type` alert is an alert, every other record is context of its flow.

Source: Suricata user guide, EVE JSON format. An address is a sensor's word only when the flow was established:
packets went both ways over TCP, or the application layer was parsed. A lone packet's source address can be forged.
"""

import re
from collections.abc import Iterable
from typing import Final

from agent.intake.attack import current_techniques
from agent.intake.draft import Context, Draft, level_of, time_of
from agent.intake.errors import IntakeError
from agent.intake.fields import T1, T2, FieldRule, Wrote, all_texts, extract, find, first_text, lower, number, text
from agent.intake.times import read_time
from agent.models import AlertField, JsonObject, Rule, Scalar


def cve(value: Scalar) -> Scalar | None:
    """A CVE id as the lists spell it; rule sets write `CVE_2021_44228` into their metadata."""
    spelt = str(value).strip().upper().replace("_", "-")
    return spelt if re.fullmatch(r"CVE-[0-9]{4}-[0-9]{4,19}", spelt) else None


TABLE: Final = (
    FieldRule("observer.name", "host", T1),
    FieldRule("network.transport", "proto", T1, lower),
    FieldRule("network.protocol", "app_proto", T1),
    FieldRule("network.community_id", "community_id", T1),
    FieldRule("network.direction", "direction", T1),
    FieldRule("suricata.flow_id", "flow_id", T1, text),
    FieldRule("source.port", "src_port", T1, number),
    FieldRule("destination.port", "dest_port", T1, number),
    FieldRule("source.bytes", "flow.bytes_toserver", T1, number),
    FieldRule("destination.bytes", "flow.bytes_toclient", T1, number),
    FieldRule("event.action", "alert.action", T1),
    FieldRule("event.severity", "alert.severity", T1, number),
    FieldRule("rule.id", "alert.signature_id", T1, text),
    FieldRule("rule.name", "alert.signature", T1),
    FieldRule("rule.category", "alert.category", T1),
    FieldRule("rule.severity_class", "alert.metadata.signature_severity", T1),
    FieldRule("vulnerability.id", "alert.metadata.cve", T1, cve),
    FieldRule("http.method", "http.http_method", T2),
    FieldRule("http.status", "http.status", T1, number),
    FieldRule("destination.domain", "http.hostname", T2),
    FieldRule("destination.domain", "tls.sni", T2),
    FieldRule("url.full", "http.url", T2),
    FieldRule("user_agent", "http.http_user_agent", T2),
    FieldRule("http.referrer", "http.http_refer", T2),
    FieldRule("dns.question.name", "dns.query.rrname", T2),
    FieldRule("dns.question.name", "dns.queries.rrname", T2),
    FieldRule("dns.question.name", "dns.rrname", T2),
    FieldRule("dns.question.type", "dns.query.rrtype", T1),
    FieldRule("dns.question.type", "dns.rrtype", T1),
    FieldRule("dns.answers", "dns.answers.rdata", T2),
    FieldRule("tls.subject", "tls.subject", T2),
    FieldRule("tls.ja3", "tls.ja3.hash", T1),
    FieldRule("file.name", "fileinfo.filename", T2),
    FieldRule("file.name", "files.filename", T2),
    FieldRule("file.hash.sha256", "fileinfo.sha256", T1, lower),
    FieldRule("file.hash.sha256", "files.sha256", T1, lower),
    FieldRule("event.payload", "payload_printable", T2),
)

HEAD: Final = ("timestamp", "event_type", "alert", "flow")


def recognises(document: JsonObject) -> bool:
    """Whether this is an EVE record."""
    return isinstance(document.get("event_type"), str) and ("src_ip" in document or "flow_id" in document)


def fields_at(document: JsonObject, prefix: str = "") -> tuple[AlertField, ...]:
    """The fields of an EVE record that stands at `prefix` of a document (`data.` inside a Wazuh alert)."""
    wrote = _who_wrote_addresses(document, prefix)
    addresses = (FieldRule("source.ip", "src_ip", wrote), FieldRule("destination.ip", "dest_ip", wrote))
    return extract(document, _prefixed((*addresses, *TABLE), prefix))


def groups_at(document: JsonObject, prefix: str = "") -> tuple[str, ...]:
    """The classes the rule set puts the signature in: its category, and the set's own prefix (`ET SCAN`)."""
    category = all_texts(document, f"{prefix}alert.category")
    signature = first_text(document, f"{prefix}alert.signature") or ""
    words = signature.split()[:2]
    is_class = (
        len(words) == 2 and words[0] in {"ET", "ETPRO", "GPL", "SURICATA"} and words[1].replace("_", "").isupper()
    )
    return (*category, " ".join(words)) if is_class else category


def techniques_at(document: JsonObject, prefix: str = "") -> tuple[str, ...]:
    """ATT&CK ids in the signature's metadata."""
    return current_techniques(all_texts(document, f"{prefix}alert.metadata.mitre_technique_id"))


def read(document: JsonObject) -> Draft:
    """One EVE alert.

    Raises: IntakeError when the record has no time or no signature."""
    signature = first_text(document, "alert.signature", "alert.signature_id")
    if signature is None:
        raise IntakeError("a Suricata alert without alert.signature or alert.signature_id")
    level = next((level_of(found.value) for found in find(document, "alert.severity")), None)
    return Draft(
        format="suricata",
        product="Suricata",
        own_id=None,
        title=signature,
        time=time_of(document, "timestamp", "@timestamp"),
        rule=Rule(
            id=first_text(document, "alert.signature_id") or signature,
            name=signature,
            level=level,
            groups=groups_at(document),
        ),
        techniques=techniques_at(document),
        fields=fields_at(document),
        head=HEAD,
        vendor_severity=first_text(document, "alert.metadata.signature_severity", "alert.severity"),
    )


def read_context(document: JsonObject) -> Context:
    """A record that is no alert: what it says about its flow."""
    return Context(
        kind=first_text(document, "event_type") or "unknown",
        flow_id=first_text(document, "flow_id"),
        time=read_time(document.get("timestamp")),
        fields=fields_at(document),
    )


def _prefixed(table: Iterable[FieldRule], prefix: str) -> tuple[FieldRule, ...]:
    return tuple(FieldRule(rule.name, prefix + rule.path, rule.wrote, rule.clean) for rule in table)


def _who_wrote_addresses(document: JsonObject, prefix: str) -> Wrote:
    protocol = (first_text(document, f"{prefix}proto") or "").upper()
    to_client = number(first_text(document, f"{prefix}flow.pkts_toclient") or 0)
    to_server = number(first_text(document, f"{prefix}flow.pkts_toserver") or 0)
    both_ways = bool(to_client) and isinstance(to_server, int) and to_server > 1
    parsed = first_text(document, f"{prefix}app_proto") not in {None, "failed", "unknown"}
    return T1 if protocol == "TCP" and (both_ways or parsed) else T2
