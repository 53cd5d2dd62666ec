"""The facts of an investigation: all that its verdict may rest on, with every claim run once more."""

from dataclasses import replace

from agent.evidence.claims import check
from agent.evidence.telemetry import blind_sensors
from agent.investigation.context import COVERAGE
from agent.investigation.looks import missing_looks
from agent.investigation.opening import alert_claim
from agent.investigation.own import is_own
from agent.investigation.state import State
from agent.investigation.verdict import Facts
from agent.models import Evidence


def facts_of(state: State, subject: Evidence) -> Facts:
    """The facts with every claim run over the evidence as it is stored."""
    answers = state["answers"]
    evidence = {item.id: item for item in (subject, *answers.values())}
    looked = {answer.id for name, answer in answers.items() if not is_own(name)}
    facts = Facts(
        alert=state["alert"],
        playbook=state["playbook"],
        hypotheses=state["hypotheses"],
        contributions=state["contributions"],
        findings=state["findings"],
        claims=(),
        evidence=tuple(evidence.values()),
        coverage=state["coverage"],
        fits=state["fits"],
        subject=state["subject"],
        required=tuple(answers[q.id].id for q in state["questions"] if q.required and q.id in answers),
        own=tuple(answer.id for name, answer in answers.items() if is_own(name) and answer.id not in looked),
        beside=tuple(answers[q.id].id for q in state["playbook"].beside if q.id in answers),
        missing=_missing(state),
    )
    claims = tuple(check(claim, evidence) for claim in (alert_claim(facts), *state["claims"]))
    return replace(facts, claims=claims)


def _missing(state: State) -> tuple[str, ...]:
    questions, answers = state["questions"], state["answers"]
    sensors = {question.sensor for question in questions if question.sensor is not None}
    blind = blind_sensors(sensors, answers.get(COVERAGE), state["alert"], state["playbook"].contract)
    held = {finding.reading for finding in state["findings"]}
    return missing_looks(questions, state["alert"], answers, state["hypotheses"], blind, held)
