"""The JSON shapes of the command line, made from what the analyst hands back."""

from agent.models import Case, JsonObject, Report, Usage

SCHEMA_VERSION = 1
"""Of every JSON document the command line prints; raised when a field changes its meaning or goes."""


def claim_counts(report: Report) -> JsonObject:
    """How many claims a report made, how many hold and how many were struck."""
    status = [claim.status for claim in report.claims]
    return {"total": len(status), "verified": status.count("verified"), "struck": status.count("struck")}


def brain_fields(report: Report, usage: Usage) -> JsonObject:
    """Who decided, what models cost, what was left out, and where model and evidence differ."""
    fell = next((item for item in report.decisions if item.fell_back), None)
    return {
        "brain": report.brain,
        "fell_back": {"step": fell.step, "why": fell.fell_back} if fell else None,
        "model": {**usage.model_dump(mode="json"), "tokens": usage.tokens},
        "cut": list(report.cut),
        "disagreements": [item.model_dump(mode="json") for item in report.disagreements],
    }


def verdict_fields(report: Report) -> JsonObject:
    """What was concluded, in the words of the vocabulary."""
    verdict = report.verdict
    return {
        "disposition": verdict.disposition,
        "severity": verdict.severity,
        "priority": verdict.priority,
        "likelihood": round(verdict.likelihood, 3),
        "outcome": verdict.outcome,
        "basis": verdict.basis,
        "techniques": list(verdict.techniques),
    }


def stability_fields(report: Report) -> JsonObject:
    """Whether the case ends the same way every time; nothing where it was run once."""
    if report.stability is None:
        return {}
    return {"runs": len(report.stability.variations), "stable": report.stability.stable}


def investigated_row(case: Case, report: Report) -> JsonObject:
    """One case of `mcpsoc demo --json`."""
    return {
        "id": case.id,
        "title": case.title,
        **verdict_fields(report),
        "claims": claim_counts(report),
        "evidence": len(case.evidence),
        "calls": report.calls,
        "seconds": round(report.seconds, 3),
        **brain_fields(report, report.usage),
    }


def triage_row(alert_id: str, case: Case, report: Report, duplicate_of: str | None, seconds: float) -> JsonObject:
    """One line of `mcpsoc triage --json`. A duplicate is not investigated again: its verdict is its case's."""
    return {
        "alert_id": alert_id,
        "case_id": case.id,
        "duplicate_of": duplicate_of,
        **verdict_fields(report),
        "reason": report.verdict.reason,
        "gaps": [gap.model_dump(mode="json") for gap in report.verdict.gaps],
        "claims": claim_counts(report),
        "calls": 0 if duplicate_of else report.calls,
        "seconds": round(seconds, 3),
        **brain_fields(report, Usage() if duplicate_of else report.usage),
        **stability_fields(report),
    }


def queue_row(case: Case) -> JsonObject:
    """A case after a person changed it."""
    verdict = case.report.verdict if case.report else None
    return {
        "id": case.id,
        "title": case.title,
        "world": case.world,
        "status": case.status,
        "disposition": verdict.disposition if verdict else None,
        "severity": verdict.severity if verdict else None,
        "priority": verdict.priority if verdict else None,
        "likelihood": round(verdict.likelihood, 3) if verdict else None,
        "human": case.human.disposition if case.human else None,
        "owner": case.owner,
        "alerts": len(case.alerts) + sum(case.duplicates.values()),
        "created_at": case.created_at.isoformat(),
        "updated_at": case.updated_at.isoformat(),
        "due_at": case.due_at.isoformat() if case.due_at else None,
        "synthetic": case.synthetic,
    }
