"""Cases as the mcpsoc server tells them: from the analyst's models to the server's."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from pydantic import JsonValue

from agent.cases.lifecycle import is_overdue
from agent.cases.naming import Naming
from agent.cases.queries import CaseSummary
from agent.cases.report.records import Record, records
from agent.cases.report.timeline import SHOWN
from agent.cases.report.view import references
from agent.cases.similar import Similar
from agent.cases.store import Change
from agent.evidence.errors import PathError
from agent.evidence.ledger import INTAKE
from agent.evidence.paths import ANY, Location
from agent.evidence.provenance import classes, declarations, existence, leaf_class
from agent.evidence.verification import Check
from agent.host.bounds import bounded
from agent.investigation.weighing import score
from agent.models import Absent, Alert, Case, Claim, Count, Evidence, Finding, Provenance, Report, least_trusted
from servers.kit.envelope import iso
from servers.kit.provenance import step
from servers.mcpsoc.models import (
    AlertLine,
    Attested,
    CaseChange,
    CaseFile,
    CaseHead,
    CaseLine,
    ClaimCounts,
    ClaimLine,
    ContributionLine,
    EvidenceFile,
    FailedCheck,
    FoundCase,
    GapLine,
    GateLine,
    HumanLine,
    HypothesisLine,
    NoteLine,
    OpeningLines,
    TimelineLine,
    WeightLine,
    WhyLine,
)

MOST_ALERTS = 20
MOST_NOTES = 10
MOST_ATTESTED = 4_000
"""Characters of JSON of the values that are told once more, with their class."""
MOST_DATA = 14_000
"""Characters of JSON of one evidence's data that are told; the page and the report have all of it."""


def line_of(row: CaseSummary) -> CaseLine:
    """One line of the queue."""
    return CaseLine(
        id=row.id,
        title=row.title,
        status=row.status,
        priority=row.priority,
        severity=row.severity,
        disposition=row.disposition,
        human_disposition=row.human_disposition,
        likelihood=row.likelihood,
        outcome=row.outcome,
        due_at=_iso(row.due_at),
        overdue=row.overdue,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        owner=row.owner,
        alerts=row.alerts + row.repeats,
        techniques=list(row.techniques),
    )


def _head_of(case: Case, now: datetime) -> CaseHead:
    verdict = case.report.verdict if case.report else None
    return CaseHead(
        id=case.id,
        title=case.title,
        status=case.status,
        priority=verdict.priority if verdict else None,
        severity=verdict.severity if verdict else None,
        disposition=verdict.disposition if verdict else None,
        human_disposition=case.human.disposition if case.human else None,
        likelihood=verdict.likelihood if verdict else None,
        outcome=verdict.outcome if verdict else None,
        due_at=_iso(case.due_at),
        overdue=is_overdue(case, now),
        created_at=iso(case.created_at),
        updated_at=iso(case.updated_at),
        owner=case.owner,
        techniques=list(verdict.techniques) if verdict else [],
    )


def file_of(case: Case, now: datetime) -> CaseFile:
    """One case with its conclusions."""
    report, human = case.report, case.human
    verdict = report.verdict if report else None
    return CaseFile(
        **_head_of(case, now).model_dump(),
        basis=verdict.basis if verdict else None,
        reason=verdict.reason if verdict else None,
        alert_class=report.alert_class if report else None,
        playbook=report.playbook if report else None,
        opening=OpeningLines.model_validate(report.opening.model_dump()) if report else None,
        hypotheses=_hypotheses(report) if report else [],
        gates=[GateLine(gate=row.gate, passed=row.passed, reason=row.reason) for row in verdict.gates]
        if verdict
        else [],
        gaps=[GapLine.model_validate(gap.model_dump()) for gap in verdict.gaps] if verdict else [],
        contributions=[ContributionLine.model_validate(row.model_dump()) for row in verdict.contributions]
        if verdict
        else [],
        authorisation=verdict.authorisation if verdict else None,
        alert_count=len(case.alerts) + sum(case.duplicates.values()),
        alerts=[_alert(case, position, alert) for position, alert in enumerate(case.alerts[:MOST_ALERTS])],
        notes=[NoteLine(at=iso(note.at), author=note.author, text=note.text) for note in case.notes[-MOST_NOTES:]],
        human=HumanLine.model_validate({**human.model_dump(), "at": iso(human.at)}) if human else None,
        linked=list(case.linked),
        claims=_counts(report) if report else None,
        evidence=len(case.evidence),
    )


def claim_lines(case: Case) -> list[ClaimLine]:
    """The statements of the report, in order."""
    if case.report is None:
        return []
    findings = {finding.claim: finding for finding in case.report.findings}
    evidence = {item.id: item for item in case.evidence}
    return [_claim(claim, findings.get(claim.id), evidence) for claim in case.report.claims]


def evidence_file(item: Evidence) -> EvidenceFile:
    """One answer as it was kept, cut to what one answer of ours can carry."""
    data, cut = bounded(item.data, MOST_DATA)
    attested = tuple(_attested(item, data))
    return EvidenceFile(
        id=item.id,
        server=item.server,
        tool=item.tool,
        arguments=item.arguments,
        asked_at=iso(item.asked_at),
        status=item.status,
        summary=item.summary,
        backend=item.backend,
        sensor=item.sensor,
        error=item.error,
        hint=item.hint,
        sha256=item.sha256,
        truncated=item.truncated or cut,
        data=data,
        attested=_within(attested, MOST_ATTESTED),
    )


def _attested(item: Evidence, data: JsonValue) -> Iterator[Attested]:
    """Every value that the tool said an operator or a sensor wrote, at its place in what is told."""
    declared = declarations(item)
    for path, location, value in _plain_values("$", (), data):
        kind = leaf_class(location, value, declared)
        if kind.trusted:
            yield Attested(path=path, value=value, by="T0" if kind is Provenance.OPERATOR else "T1")


def _plain_values(
    path: str, at: Location, value: JsonValue
) -> Iterator[tuple[str, Location, str | float | int | bool]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _plain_values(step(path, name), (*at, name), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _plain_values(f"{path}[{index}]", (*at, ANY), item)
    elif value is not None:
        yield path, at, value


def _within(lines: Iterable[Attested], most_chars: int) -> list[Attested]:
    """As many from the start as there is room for."""
    kept: list[Attested] = []
    for line in lines:
        most_chars -= len(line.model_dump_json())
        if most_chars < 0:
            break
        kept.append(line)
    return kept


def named_line(line: CaseLine, item: Naming) -> FoundCase:
    """A case whose alerts name what was looked for."""
    naming = {"as": item.fields, "values": item.values, "exact": item.exact}
    return FoundCase.model_validate({**line.model_dump(), **naming})


def similar_line(line: CaseLine, item: Similar) -> FoundCase:
    """A case like another one."""
    why = [WhyLine(kind=shared.kind, value=shared.value) for shared in item.why]
    likeness = {"score": item.score, "why": why, "closed_at": _iso(item.closed_at)}
    return FoundCase.model_validate({**line.model_dump(), **likeness})


def failed_check(check: Check) -> FailedCheck:
    """What does not hold of a case."""
    what, _, subject = check.name.partition(" ")
    return FailedCheck.model_validate({"what": what, "subject": subject or None, "detail": check.detail})


def change_line(change: Change) -> CaseChange:
    """Something that happened to a case."""
    event = change.event
    return CaseChange(seq=event.seq, at=iso(event.at), case_id=event.case_id, kind=event.kind, title=change.title)


def timeline_lines(case: Case) -> list[TimelineLine]:
    """Every event of all the evidence that has a time, oldest first."""
    timed = [(record.time, record) for record in records(case.evidence) if record.time is not None]
    return [
        TimelineLine(time=iso(time), what=_happened(record), evidence=record.evidence, sensor=record.sensor)
        for time, record in sorted(timed, key=lambda pair: pair[0])
    ]


def _happened(record: Record) -> str:
    """The event in its own words; of one that has none of the usual fields, its first three."""
    told = [record.fields[name] for name in (*_TOLD, "rule.name") if name in record.fields]
    return " · ".join(dict.fromkeys(told)) or " · ".join(list(record.fields.values())[:3])


_TOLD = (*SHOWN, "host.name", "source.ip", "destination.ip", "dns.question.name", "file.path")


def _hypotheses(report: Report) -> list[HypothesisLine]:
    """With the score of what stands."""
    verified = {claim.id for claim in report.claims if claim.status == "verified"}
    standing = [finding for finding in report.findings if finding.claim in verified]
    scores = score({item.id: item.kind for item in report.hypotheses}, standing)
    return [
        HypothesisLine(id=item.id, kind=item.kind, text=item.text, score=scores[item.id]) for item in report.hypotheses
    ]


def _counts(report: Report) -> ClaimCounts:
    status = [claim.status for claim in report.claims]
    return ClaimCounts(total=len(status), verified=status.count("verified"), struck=status.count("struck"))


def _claim(claim: Claim, finding: Finding | None, evidence: Mapping[str, Evidence]) -> ClaimLine:
    weights = finding.weights if finding else {}
    return ClaimLine(
        id=claim.id,
        text=claim.text or claim.template,
        status=claim.status,
        kind=claim.kind,
        evidence=sorted({ref.evidence for _, ref in references(claim)}),
        question=finding.question if finding else None,
        provenance=finding.provenance.value if finding else None,
        shows=_shows(claim, evidence),
        weights=[WeightLine(hypothesis=name, weight=weight) for name, weight in weights.items()],
        decisive_for=finding.decisive_for if finding else None,
        struck_because=claim.struck_because,
    )


def _shows(claim: Claim, evidence: Mapping[str, Evidence]) -> str | None:
    """The class of the least trusted place that its sentence reads, of a number of rows that of whoever attests them;
    None where one cannot be read."""
    try:
        kinds = [
            (existence if role == "ref" and isinstance(claim, Absent | Count) else classes)(
                ref.path, evidence[ref.evidence]
            )
            for role, ref in references(claim)
        ]
    except (KeyError, PathError):
        return None
    return least_trusted(*kinds).value


def _alert(case: Case, position: int, alert: Alert) -> AlertLine:
    return AlertLine(
        id=alert.alert_id,
        title=alert.title,
        time=iso(alert.time),
        rule=alert.rule.id,
        rule_name=alert.rule.name,
        format=alert.format,
        product=alert.product,
        evidence=_subject(case.evidence, position),
        repeats=case.duplicates.get(alert.fingerprint, 0),
        host=alert.text("host.name"),
        user=alert.text("user.name"),
        source=alert.text("source.ip"),
        destination=alert.text("destination.ip"),
        sha256=alert.text("process.hash.sha256") or alert.text("file.hash.sha256"),
    )


def _subject(evidence: tuple[Evidence, ...], position: int) -> str | None:
    """The evidence that an alert is: alerts join a case in the order of their evidence."""
    alerts = [item.id for item in evidence if item.server == INTAKE]
    return alerts[position] if position < len(alerts) else None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
