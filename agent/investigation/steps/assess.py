"""Assess: read every answer by the playbook, weigh it against each hypothesis, and name the gap that is left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from langgraph.runtime import Runtime

from agent.brain.protocol import Assessment, CaseView, ExtraFinding
from agent.evidence.authorisation import Fit, fits, read_work
from agent.evidence.claims import check
from agent.evidence.telemetry import Coverage, blind_sensors, read_coverage
from agent.investigation.context import COVERAGE, WORK
from agent.investigation.reading import read_answer
from agent.investigation.state import Deps, State
from agent.investigation.steps.asking import ROUNDS_KEPT, affordable, ask_brain, askable, question_of
from agent.investigation.steps.gather import SPENT
from agent.investigation.steps.telling import tell
from agent.investigation.values import question_values
from agent.models import Claim, Evidence, Finding, Hypothesis, Provenance
from agent.playbooks.format import Question

ALERT: Final = "alert"
"""Start of the ids of claims about what the alert itself says."""


async def assess(state: State, runtime: Runtime[Deps]) -> State:
    """Writes claims, findings, coverage, fits and what is pending next."""
    deps = runtime.context
    claims, findings = _read_all(state, deps.subject)
    coverage, held, more_claims, more_findings = _read_context(state, deps.subject)
    known = {finding.claim for finding in state["findings"]}
    added = tuple(finding for finding in state["findings"] if finding.question == "brain")
    added_claims = tuple(claim for claim in state["claims"] if claim.id in {finding.claim for finding in added})
    reviewed: State = {
        **state,
        "claims": (*claims, *more_claims, *added_claims),
        "findings": (*findings, *more_findings, *added),
        "coverage": coverage,
        "fits": held,
    }
    for finding in reviewed["findings"]:
        if finding.claim not in known:
            text = next(claim.text for claim in reviewed["claims"] if claim.id == finding.claim)
            tell(runtime, "finding", text, claim=finding.claim)
    following = await _next(reviewed, runtime)
    extra = _accept(following.extra, reviewed, deps.subject)
    return {
        **following.kept,
        "claims": (*reviewed["claims"], *(claim for claim, _ in extra)),
        "findings": (*reviewed["findings"], *(finding for _, finding in extra)),
        "coverage": coverage,
        "fits": held,
        "pending": following.pending,
    }


@dataclass(frozen=True, slots=True)
class _Following:
    """What an assessment leads to."""

    pending: tuple[str, ...] = ()
    extra: tuple[ExtraFinding, ...] = ()
    kept: State = field(default_factory=State)


def _read_all(state: State, subject: Evidence) -> tuple[list[Claim], list[Finding]]:
    """Every reading of every answer, in the order of the questions."""
    claims: list[Claim] = []
    findings: list[Finding] = []
    evidence = {item.id: item for item in (subject, *state["answers"].values())}
    sensors = {question.sensor for question in state["questions"] if question.sensor is not None}
    blind = blind_sensors(sensors, state["answers"].get(COVERAGE), state["alert"], state["playbook"].contract)
    claims.extend(_alert_says(state, subject, evidence))
    for question in state["questions"]:
        answer = state["answers"].get(question.id)
        if answer is None:
            continue
        values = question_values(state["alert"], state["subject"], question, state["answers"])
        for read in read_answer(question, answer, values, evidence, blind):
            claims.append(read.claim)
            findings.append(_by_hypothesis(read.finding, state["hypotheses"]))
    return claims, findings


def _alert_says(state: State, subject: Evidence, evidence: Mapping[str, Evidence]) -> list[Claim]:
    """What the alert itself says, as claims that weigh nothing: its own content is weighed by the likelihood."""
    itself = Question(id=ALERT, asks=ALERT, tool=ALERT, arguments={}, readings=state["playbook"].alert)
    values = question_values(state["alert"], state["subject"], itself, {})
    return [read.claim for read in read_answer(itself, subject, values, evidence)]


def _by_hypothesis(finding: Finding, hypotheses: tuple[Hypothesis, ...]) -> Finding:
    """The finding with weights given for a kind spelt out for each hypothesis of that kind."""
    weights = {h.id: weight for h in hypotheses if (weight := finding.weights.get(h.id, finding.weights.get(h.kind)))}
    return finding.model_copy(update={"weights": weights})


def _read_context(state: State, subject: Evidence) -> tuple[Coverage, tuple[Fit, ...], list[Claim], list[Finding]]:
    """Coverage and the register, which code reads for every class alike."""
    answers, alert, hypotheses = state["answers"], state["alert"], state["hypotheses"]
    coverage = read_coverage(state["playbook"].contract, answers.get(COVERAGE), alert, hypotheses)
    work = answers.get(WORK)
    held = fits(state["playbook"].authorisation, work, alert, subject)
    claims, findings = read_work(held, work, hypotheses)
    evidence = {item.id: item for item in (*answers.values(), subject)}
    checked = [check(claim, evidence) for claim in coverage.claims]
    return coverage, held, [*checked, *claims], [*coverage.findings, *findings]


async def _next(state: State, runtime: Runtime[Deps]) -> _Following:
    """Required questions that became askable come first; then what the brain's named gap needs."""
    required = tuple(name for name in state["order"] if askable(state, name) and question_of(state, name).required)
    if not affordable(state, runtime.context):
        tell(runtime, "assess", "the budget is spent: concluding on what is there")
        return _Following(kept={"cut": (*state["cut"], f"concluded on what was there: {SPENT}")})
    if required:
        return _Following(required)
    fresh = tuple(state["answers"].values())
    asked = await ask_brain(state, runtime, "assess", Assessment, lambda brain, view: brain.assess(view, fresh))
    assessment = asked.choice
    pending = (*_heeded(assessment, asked.view, state, runtime.context), *asked.own)
    told = f"gap: {assessment.gap}" if pending else "no question left that could tell the hypotheses apart"
    tell(runtime, "assess", told)
    return _Following(pending, assessment.extra, asked.kept)


def _heeded(assessment: Assessment, view: CaseView, state: State, deps: Deps) -> tuple[str, ...]:
    """The questions a brain wishes to ask next; never so many rounds of them that the other side has no turn."""
    if not assessment.gap or not (state["challenged"] or state["rounds"] + ROUNDS_KEPT < deps.limits.rounds):
        return ()
    open_ids = {question.id for question in view.open_questions}
    return tuple(name for name in assessment.ask if name in open_ids)


def _accept(extra: tuple[ExtraFinding, ...], state: State, subject: Evidence) -> list[tuple[Claim, Finding]]:
    """A brain's own findings: claims re-run, class T3, a small weight towards malice or none."""
    evidence = {item.id: item for item in (*state["answers"].values(), subject)}
    malicious = [hypothesis.id for hypothesis in state["hypotheses"] if hypothesis.kind == "malicious"]
    taken = {claim.id for claim in state["claims"]}
    accepted: list[tuple[Claim, Finding]] = []
    for item in extra:
        claim = check(item.claim.model_copy(update={"id": f"brain.{item.claim.id}"}), evidence)
        if claim.status != "verified" or claim.id in taken:
            continue
        taken.add(claim.id)
        weights = dict.fromkeys(malicious, 0.5) if item.raises else {}
        finding = Finding(claim=claim.id, question="brain", weights=weights, provenance=Provenance.MODEL)
        accepted.append((claim, finding))
    return accepted
