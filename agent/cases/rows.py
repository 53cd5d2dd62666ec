"""Between cases and table rows."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from agent.cases.ties import ties
from agent.evidence.ledger import storable
from agent.models import Alert, Case, Evidence, HumanVerdict, Note
from knowledge.trust.canonical import canonical

Row = dict[str, str | int | float | bool | None]
"""One row by column name."""

_APART: Final = {"alerts", "evidence", "notes", "duplicates"}
"""Fields of a case that have tables of their own."""


def case_row(case: Case) -> Row:
    """The head of a case: what the queue needs, and the document of all that has no table of its own."""
    verdict = case.report.verdict if case.report else None
    return {
        "id": case.id,
        "tenant": case.tenant,
        "version": case.version,
        "world": case.world,
        "title": case.title,
        "status": case.status,
        "owner": case.owner,
        "disposition": verdict.disposition if verdict else None,
        "severity": verdict.severity if verdict else None,
        "priority": verdict.priority if verdict else None,
        "likelihood": verdict.likelihood if verdict else None,
        "outcome": verdict.outcome if verdict else None,
        "basis": verdict.basis if verdict else None,
        "techniques": " ".join(verdict.techniques) if verdict else "",
        "human_disposition": case.human.disposition if case.human else None,
        "due_at": case.due_at.timestamp() if case.due_at else None,
        "created_at": case.created_at.timestamp(),
        "updated_at": case.updated_at.timestamp(),
        "synthetic": case.synthetic,
        "document": case.model_dump_json(exclude=_APART),
    }


def alert_row(case: Case, position: int, alert: Alert) -> Row:
    """One alert of a case."""
    return {
        "case_id": case.id,
        "position": position,
        "tenant": case.tenant,
        "alert_id": alert.alert_id,
        "time": alert.time.timestamp(),
        "fingerprint": alert.fingerprint,
        "repeats": 0,
        "rule_id": alert.rule.id,
        "rule_name": alert.rule.name,
        "document": document(alert),
    }


def tie_rows(case: Case, position: int, alert: Alert) -> Iterator[Row]:
    """What may tie other alerts to this one."""
    for tie in sorted(ties(alert)):
        yield {
            "tenant": case.tenant,
            "tie": tie,
            "case_id": case.id,
            "position": position,
            "time": alert.time.timestamp(),
        }


def evidence_row(case: Case, position: int, item: Evidence) -> Row:
    """One piece of evidence."""
    return {
        "case_id": case.id,
        "id": item.id,
        "tenant": case.tenant,
        "position": position,
        "sha256": item.sha256,
        "document": document(item),
    }


def note_row(case: Case, position: int, note: Note) -> Row:
    """One note."""
    return {
        "case_id": case.id,
        "position": position,
        "tenant": case.tenant,
        "at": note.at.timestamp(),
        "author": note.author,
        "document": document(note),
    }


def human_row(case: Case, position: int, human: HumanVerdict) -> Row:
    """One closing by a person."""
    return {
        "case_id": case.id,
        "position": position,
        "tenant": case.tenant,
        "at": human.at.timestamp(),
        "author": human.author,
        "disposition": human.disposition,
        "reason_code": human.reason_code,
        "document": document(human),
    }


def assemble(
    head: str,
    alerts: Sequence[tuple[str, str, int]],
    evidence: Sequence[str],
    notes: Sequence[str],
) -> Case:
    """The case its documents make up; alerts as (document, fingerprint, repeats)."""
    duplicates: dict[str, int] = {}
    for _, fingerprint, repeats in alerts:
        if repeats:
            duplicates[fingerprint] = duplicates.get(fingerprint, 0) + repeats
    parts = {
        "alerts": _array([text for text, _, _ in alerts]),
        "evidence": _array(evidence),
        "notes": _array(notes),
        "duplicates": json.dumps(duplicates),
    }
    joined = ",".join(f'"{name}":{text}' for name, text in parts.items())
    return Case.model_validate_json(f"{head[:-1]},{joined}}}")


def document(model: BaseModel) -> str:
    """A model as JSON text; texts that no database can hold keep a visible escape for what cannot be stored."""
    try:
        return model.model_dump_json()
    except PydanticSerializationError:
        return canonical(storable(model.model_dump(mode="json"))).decode("utf-8")


def moment(seconds: float) -> datetime:
    """The time a column holds."""
    return datetime.fromtimestamp(seconds, UTC)


def _array(documents: Sequence[str]) -> str:
    return f"[{','.join(documents)}]"
