"""A case as data for a page. Every claim is re-run and every hash recomputed while it is made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from agent.cases.lifecycle import is_overdue
from agent.cases.report.deciding import how_stable, what_it_cost, what_was_cut, who_decided
from agent.cases.report.graph import entities
from agent.cases.report.matrix import Matrix, matrix
from agent.cases.report.records import Record
from agent.cases.report.timeline import SHOWN, events_near, moments, tone
from agent.cases.report.view import Checked, look_again, read_ref
from agent.cases.report.view import ClaimView as ReadClaim
from agent.cases.telling import told
from agent.evidence.claims import by_id
from agent.evidence.ledger import INTAKE
from agent.evidence.text import inert
from agent.models import Action, Case, Evidence, Finding, Report, Usage, least_trusted
from agent.wording import Language
from ui.api.decided_view import decision_views, disagreement_views
from ui.api.evidence_view import evidence_line, ref_view
from ui.api.models import (
    ActionView,
    AlertView,
    CaseLine,
    CaseView,
    Cell,
    ClaimView,
    EntityEdge,
    EntityGraph,
    EntityNode,
    FindingView,
    HypothesisView,
    MomentView,
    Proof,
    TimelineEvent,
)
from ui.api.techniques import technique_view

MOST_EVENTS: Final = 200
"""Events of the timeline that are listed."""


def case_view(case: Case, now: datetime, language: Language) -> CaseView:
    """The whole case, as of `now` by the clock of its world."""
    checked, kept, case = look_again(case, language), case.report, told(case, language)
    report = case.report
    texts = {view.claim.id: view.text for view in checked.claims}
    table = matrix(report) if report else None
    events = _timeline(case)
    return CaseView(
        id=case.id,
        tenant=case.tenant,
        world=case.world,
        title=case.title,
        status=case.status,
        owner=case.owner,
        created_at=case.created_at,
        updated_at=case.updated_at,
        due_at=case.due_at,
        overdue=is_overdue(case, now),
        synthetic=case.synthetic,
        version=case.version,
        now=now,
        language=language,
        alert_class=report.alert_class if report else None,
        playbook=report.playbook if report else None,
        brain=report.brain if report else None,
        decided_by=who_decided(kept, language) if kept else None,
        usage=kept.usage if kept else Usage(),
        cost=what_it_cost(kept.usage if kept else Usage(), language),
        cut=what_was_cut(kept, language) if kept else (),
        disagreements=disagreement_views(kept, language) if kept else (),
        stability=kept.stability if kept else None,
        stability_told=how_stable(kept.stability, language) if kept else None,
        decisions=decision_views(kept, language) if kept else (),
        calls=report.calls if report else 0,
        rounds=report.rounds if report else 0,
        seconds=report.seconds if report else 0.0,
        verdict=report.verdict if report else None,
        opening=report.opening if report else None,
        proof=_proof(checked),
        hypotheses=_hypotheses(table) if table else (),
        findings=_findings(table, texts) if table else (),
        evidence_weight=table.evidence if table else 0.0,
        claims=_claims(checked, report),
        actions=_actions(report, by_id(case.evidence)) if report else (),
        alerts=_alerts(case),
        techniques=tuple(technique_view(item) for item in _techniques(case)),
        evidence=tuple(evidence_line(view.item, hash_fits=view.hash_fits) for view in checked.evidence),
        moments=tuple(
            MomentView(number=item.number, time=item.time, text=texts.get(item.claim, item.text), claim=item.claim)
            for item in moments(case)
        ),
        timeline=tuple(events[:MOST_EVENTS]),
        timeline_left_out=max(len(events) - MOST_EVENTS, 0),
        entities=_entities(case, language),
        notes=case.notes,
        human=case.human,
        linked=case.linked,
    )


def case_line(case: Case) -> CaseLine:
    """The case after somebody changed it."""
    verdict = case.report.verdict if case.report else None
    return CaseLine(
        id=case.id,
        world=case.world,
        title=case.title,
        status=case.status,
        owner=case.owner,
        priority=verdict.priority if verdict else None,
        disposition=verdict.disposition if verdict else None,
        human_disposition=case.human.disposition if case.human else None,
        updated_at=case.updated_at,
        due_at=case.due_at,
        version=case.version,
    )


def _proof(checked: Checked) -> Proof:
    states = [view.state for view in checked.claims]
    return Proof(
        claims=len(states),
        verified=checked.verified,
        struck=checked.struck,
        no_longer=states.count("no_longer"),
        evidence=len(checked.evidence),
        hashes=checked.hashes,
        whole=checked.whole,
    )


def _hypotheses(table: Matrix) -> tuple[HypothesisView, ...]:
    return tuple(
        HypothesisView(id=item.id, kind=item.kind, text=item.text, score=score, leading=index == table.leading)
        for index, (item, score) in enumerate(zip(table.hypotheses, table.scores, strict=True))
    )


def _findings(table: Matrix, texts: Mapping[str, str]) -> tuple[FindingView, ...]:
    return tuple(
        FindingView(
            claim=row.claim,
            text=texts.get(row.claim, row.text),
            struck=row.struck,
            provenance=row.provenance,
            sensors=row.sensors,
            cells=tuple(
                Cell(
                    hypothesis=hypothesis.id, weight=cell.weight, given=cell.given, tone=cell.tone, decides=cell.decides
                )
                for hypothesis, cell in zip(table.hypotheses, row.cells, strict=True)
            ),
        )
        for row in table.rows
    )


def _claims(checked: Checked, report: Report | None) -> tuple[ClaimView, ...]:
    findings = {finding.claim: finding for finding in report.findings} if report else {}
    return tuple(_claim(view, findings.get(view.claim.id)) for view in checked.claims)


def _claim(view: ReadClaim, finding: Finding | None) -> ClaimView:
    return ClaimView(
        id=view.claim.id,
        kind=view.claim.kind,
        text=view.text,
        status=view.state,
        struck_because=view.claim.struck_because,
        provenance=view.provenance,
        question=finding.question if finding else None,
        decisive_for=finding.decisive_for if finding else None,
        refs=tuple(ref_view(ref) for ref in view.refs),
    )


def _actions(report: Report, evidence: Mapping[str, Evidence]) -> tuple[ActionView, ...]:
    return tuple(_action(action, evidence) for action in report.proposed)


def _action(action: Action, evidence: Mapping[str, Evidence]) -> ActionView:
    arguments = tuple(ref_view(read_ref(name, ref, evidence)) for name, ref in action.arguments.items())
    return ActionView(id=action.id, tool=action.tool, rationale=action.rationale, arguments=arguments)


def _alerts(case: Case) -> tuple[AlertView, ...]:
    """The alerts in the order they joined, each with the evidence that holds it."""
    kept = [item.id for item in case.evidence if item.server == INTAKE]
    return tuple(
        AlertView(
            alert=alert,
            evidence=kept[position] if position < len(kept) else None,
            repeats=case.duplicates.get(alert.fingerprint, 0),
        )
        for position, alert in enumerate(case.alerts)
    )


def _techniques(case: Case) -> tuple[str, ...]:
    return case.report.verdict.techniques if case.report else ()


def _timeline(case: Case) -> list[TimelineEvent]:
    """Events near the alerts, the oldest first."""
    intake = {item.id for item in case.evidence if item.server == INTAKE}
    found = [_event(record, record.time, intake) for record in events_near(case) if record.time is not None]
    return sorted(found, key=lambda event: event.time)


def _event(record: Record, time: datetime, intake: set[str]) -> TimelineEvent:
    told = [name for name in (*SHOWN, "host.name", "source.ip", "destination.ip") if name in record.fields]
    alert = record.evidence in intake
    shown = ["rule.name", *told] if alert and "rule.name" in record.fields else told
    return TimelineEvent(
        time=time,
        sensor=inert(record.sensor),
        evidence=record.evidence,
        text=inert(" · ".join(record.fields[name] for name in shown)),
        provenance=least_trusted(*(record.classes[name] for name in shown)),
        tone="alert" if alert else tone([record]),
    )


def _entities(case: Case, language: Language) -> EntityGraph:
    found = entities(case, language)
    if not found.edges:
        return EntityGraph()
    nodes = [
        EntityNode.model_validate(
            {
                "id": index,
                "column": node.column,
                "label": inert(node.label),
                "provenance": node.provenance,
                "count": node.count,
            }
        )
        for index, node in found.nodes.items()
    ]
    edges = [EntityEdge(left=left, right=right, count=count) for (left, right), count in found.edges.items()]
    return EntityGraph(nodes=tuple(nodes), edges=tuple(edges), hidden=found.hidden)
