"""The same investigation in other words: every text and number of alert and answers passed through one function."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from agent.evidence.ledger import alert_data, alert_provenance, storable
from agent.intake.fingerprint import fingerprint
from agent.models import Alert, Decision, Evidence, JsonObject
from agent.replay.stored import Stored
from knowledge.trust.canonical import canonical, sha256_of

Rewrite = Callable[[JsonValue], JsonValue]
"""JSON in, the same JSON in other words out."""

SPOKEN: Final = ("arguments", "summary", "data", "error", "hint", "sensor", "asked_at", "provenance")
"""What of an answer is rewritten; who was asked, and how it ended, stays."""


def mapped(value: JsonValue, text: Callable[[str], str], number: Callable[[float], float] | None = None) -> JsonValue:
    """The value with every text (member names too) passed through `text`, every number through `number`."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [mapped(item, text, number) for item in value]
    if isinstance(value, dict):
        return {text(name): mapped(item, text, number) for name, item in value.items()}
    if number is None or value is None or isinstance(value, bool):
        return value
    return number(value)


def rewritten(stored: Stored, rewrite: Rewrite) -> Stored:
    """The whole investigation in other words, with every hash made anew. How it ended is left out: it is to be seen."""
    alert = rewritten_alert(stored.alert, rewrite)
    return replace(
        stored,
        alert=alert,
        subject=about(rewritten_answer(stored.subject, rewrite), alert),
        answers=tuple(rewritten_answer(item, rewrite) for item in stored.answers),
        neighbours=tuple(rewritten_alert(item, rewrite) for item in stored.neighbours),
        report=None,
        decisions=tuple(rewritten_decision(item, rewrite) for item in stored.decisions),
    )


def rewritten_alert(alert: Alert, rewrite: Rewrite) -> Alert:
    """The alert in other words. Field names, classes and techniques stay: they are ours."""
    document = alert.model_dump(mode="json")
    for name in ("alert_id", "title", "time", "raw"):
        document[name] = rewrite(document[name])
    document["rule"]["name"] = rewrite(document["rule"]["name"])
    for name in ("fields", "decoded"):
        for field in document[name]:
            field |= {"value": rewrite(field["value"]), "path": rewrite(field["path"])}
    return fingerprinted(Alert.model_validate(document))


def rewritten_decision(decision: Decision, rewrite: Rewrite) -> Decision:
    """The decision in other words, without the conversation: that repeats the evidence, and says nothing more."""
    document: JsonObject = decision.model_dump(mode="json")
    return Decision.model_validate(document | {"answer": rewrite(document["answer"]), "messages": (), "problems": ()})


def fingerprinted(alert: Alert) -> Alert:
    """The alert with the fingerprint of what it says now."""
    return alert.model_copy(update={"fingerprint": fingerprint(alert.rule, alert.fields, alert.decoded)})


def rewritten_answer(item: Evidence, rewrite: Rewrite) -> Evidence:
    """The answer in other words, sealed anew."""
    document: JsonObject = item.model_dump(mode="json")
    document |= {name: rewrite(document[name]) for name in SPOKEN}
    return sealed(Evidence.model_validate(document), document["data"])


def sealed(item: Evidence, data: JsonValue) -> Evidence:
    """The answer with other data, and the hash and size of that data."""
    kept = storable(data)
    return item.model_copy(update={"data": kept, "sha256": sha256_of(kept), "size_bytes": len(canonical(kept))})


def about(subject: Evidence, alert: Alert) -> Evidence:
    """The alert as evidence, under the id it has."""
    told = sealed(subject, alert_data(alert))
    return told.model_copy(update={"arguments": {"alert_id": alert.alert_id}, "provenance": alert_provenance(alert)})
