"""The facts of a stored case, found again from what it keeps: alert, evidence, claims and findings.

An investigation stores what it concluded, not its working state. Which answer belongs to which question follows from
the playbook: the same question about the same alert is the same call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.brain.playbook.brain import word_on
from agent.brain.protocol import CaseView, Conclusion
from agent.evidence.authorisation import fits
from agent.evidence.gates import GATES, Bench
from agent.evidence.ledger import INTAKE
from agent.evidence.telemetry import blind_sensors, read_coverage
from agent.hunting.playbook import playbook_for
from agent.investigation.context import COVERAGE, WORK, context_questions
from agent.investigation.looks import missing_looks
from agent.investigation.values import alert_values, fill_arguments, question_values
from agent.investigation.verdict import Facts, decide
from agent.investigation.weighing import score
from agent.likelihood import counterfactual, weigh
from agent.models import CLOSING, Alert, Case, Contribution, Disposition, Evidence, Report
from agent.playbooks.format import Playbook, Question


@dataclass(frozen=True, slots=True)
class Retraced:
    """What a verdict was decided on, ready to be decided again with something changed."""

    facts: Facts
    questions: tuple[Question, ...]
    answers: Mapping[str, Evidence]
    """By question id."""
    contributions_without_text: tuple[Contribution, ...]
    report: Report

    def decided(self, facts: Facts | None = None, without_gate: str = "") -> Disposition:
        """The disposition of these facts, or of changed ones, after every gate (but one)."""
        changed = facts or self.facts
        bench = Bench(changed, self.contributions_without_text, self._conclusion(changed))
        disposition = decide(changed)
        for name, gate in GATES:
            if name != without_gate:
                disposition, _ = gate(disposition, bench)
        return "needs_human" if disposition in CLOSING and self._is_unstable else disposition

    @property
    def _is_unstable(self) -> bool:
        """Whether the case did not end the same way every time, so that closing it was a person's to decide."""
        return self.report.stability is not None and not self.report.stability.stable

    def _conclusion(self, facts: Facts) -> Conclusion:
        """What the brain would conclude: the embedded one follows from the facts, another one is taken at its word."""
        decided = next((item.by for item in reversed(self.report.decisions) if item.step == "conclude"), None)
        if (decided or self.report.brain) == "playbook":
            return Conclusion(disposition=word_on(_view(facts, self.report.alert_class)))
        stopped = {gate.gate for gate in self.report.verdict.gates if not gate.passed}
        return Conclusion(
            disposition="needs_human" if "brain_only_raises" in stopped else decide(facts),
            second="needs_human" if "second_look" in stopped else None,
        )


def retrace(case: Case, playbooks: Mapping[str, Playbook]) -> Retraced | None:
    """The facts of the case's report; None when it has none, or its playbook is no longer the one it was made with."""
    report = case.report
    if report is None:
        return None
    playbook = next((item for item in playbooks.values() if f"{item.name}@{item.version}" == report.playbook), None)
    subject, alert, answered = investigated(case, report)
    if playbook is None or subject is None or alert is None:
        return None
    asked = {f"{item.server}__{item.tool}" for item in answered}
    playbook = playbook_for(playbook, alert).joined(asked.__contains__)
    context = context_questions(playbook, report.alert_class, alert_values(alert, subject.id))
    questions = (*context, *playbook.questions)
    answers = _answers(questions, alert, subject.id, answered)
    facts = Facts(
        alert=alert,
        playbook=playbook,
        hypotheses=report.hypotheses,
        contributions=report.verdict.contributions,
        findings=report.findings,
        claims=report.claims,
        evidence=(subject, *answers.values()),
        coverage=read_coverage(playbook.contract, answers.get(COVERAGE), alert, report.hypotheses),
        fits=fits(playbook.authorisation, answers.get(WORK), alert, subject),
        required=tuple(answers[item.id].id for item in questions if item.required and item.id in answers),
        subject=subject.id,
        beside=tuple(answers[item.id].id for item in playbook.beside if item.id in answers),
    )
    others = tuple(item for item in case.alerts if item is not alert)
    trusted = weigh(counterfactual(alert), others)
    return Retraced(replace(facts, missing=_missing(facts, questions, answers)), questions, answers, trusted, report)


def investigated(case: Case, report: Report) -> tuple[Evidence | None, Alert | None, tuple[Evidence, ...]]:
    """The alert that the report is about, as evidence and as alert, and the answers of its investigation."""
    raised = next((claim for claim in report.claims if claim.id == "alert.raised" and claim.kind == "equals"), None)
    name = raised.ref.evidence if raised is not None and raised.kind == "equals" else "E0"
    at = next((index for index, item in enumerate(case.evidence) if item.id == name), None)
    if at is None:
        return None, None, ()
    position = sum(item.server == INTAKE for item in case.evidence[:at])
    until = next((n for n in range(at + 1, len(case.evidence)) if case.evidence[n].server == INTAKE), None)
    alert = case.alerts[position] if position < len(case.alerts) else None
    return case.evidence[at], alert, case.evidence[at + 1 : until]


def _answers(
    questions: tuple[Question, ...], alert: Alert, subject: str, answered: tuple[Evidence, ...]
) -> dict[str, Evidence]:
    """Which answer belongs to which question, in the order of the answers; what binds from one comes after it."""
    found: dict[str, Evidence] = {}
    while True:
        fresh = {
            question.id: answer
            for question in questions
            if question.id not in found and (answer := _answer(question, alert, subject, found, answered)) is not None
        }
        if not fresh:
            order = {item.id: index for index, item in enumerate(answered)}
            return dict(sorted(found.items(), key=lambda pair: order[pair[1].id]))
        found |= fresh


def _answer(
    question: Question, alert: Alert, subject: str, known: Mapping[str, Evidence], answered: tuple[Evidence, ...]
) -> Evidence | None:
    arguments = fill_arguments(question, question_values(alert, subject, question, known))
    if arguments is None:
        return None
    server, _, tool = question.tool.partition("__")
    same = (item for item in answered if (item.server, item.tool, item.arguments) == (server, tool, arguments))
    return next(same, None)


def _missing(facts: Facts, questions: tuple[Question, ...], answers: Mapping[str, Evidence]) -> tuple[str, ...]:
    sensors = {question.sensor for question in questions if question.sensor is not None}
    blind = blind_sensors(sensors, answers.get(COVERAGE), facts.alert, facts.playbook.contract)
    held = {finding.reading for finding in facts.findings}
    return missing_looks(questions, facts.alert, answers, facts.hypotheses, blind, held)


def _view(facts: Facts, alert_class: str) -> CaseView:
    """As much of the case as a conclusion looks at."""
    return CaseView(
        alert=facts.alert,
        alert_class=alert_class,
        playbook=facts.playbook,
        hypotheses=facts.hypotheses,
        scores=score({item.id: item.kind for item in facts.hypotheses}, facts.findings),
        evidence=(),
        claims=facts.claims,
        findings=facts.findings,
        open_questions=(),
    )
