"""Gates: code decides on the claims it has run again, lets the gates judge, and writes the verdict and the report."""

from collections.abc import Sequence
from functools import partial, reduce
from time import perf_counter

from langgraph.runtime import Runtime

from agent.evidence.gates import Bench, judge
from agent.hunting.hunt import is_hunt
from agent.hunting.judging import severity_of
from agent.investigation.context import ACCOUNT, ASSET
from agent.investigation.disagreeing import disagreements
from agent.investigation.gaps import failing, told_gaps
from agent.investigation.opening import opening, reason
from agent.investigation.state import Deps, State
from agent.investigation.steps.telling import tell
from agent.investigation.values import alert_values, argument_slots
from agent.investigation.verdict import Facts, basis, decide, outcome, techniques
from agent.likelihood import outcome_of, priority, severity
from agent.models import SEVERITIES, Action, Claim, Finding, Outcome, Ref, Report, Severity, Usage, Verdict
from agent.playbooks.format import PermittedAction


async def gates(state: State, runtime: Runtime[Deps]) -> State:
    """Writes report."""
    deps = runtime.context
    facts = state["facts"]
    bench = Bench(facts, state["contributions_without_text"], state["conclusion"])
    disposition, results = judge(decide(facts), bench)
    for result in results:
        if not result.passed:
            tell(runtime, "gates", f"{result.gate}: {result.before} -> {result.after}: {result.reason}")
    standing = facts.standing()
    weighing = standing.weighed()
    worked = outcome(standing, outcome_of(state["alert"]))
    how_bad = _severity(state, standing, worked)
    if is_hunt(state["alert"]):
        how_bad = severity_of(disposition, how_bad, standing.findings)
    gaps = told_gaps(state, facts)
    highlights = _highlights(state, facts)
    fit = facts.fit()
    verdict = Verdict(
        disposition=disposition,
        severity=how_bad,
        priority=priority(how_bad, weighing.likelihood),
        likelihood=weighing.likelihood,
        outcome=worked,
        basis=basis(facts),
        techniques=techniques(standing),
        reason=reason(facts, state["contributions"], highlights, failing(facts)),
        contributions=state["contributions"],
        gates=results,
        gaps=gaps,
        authorisation=fit.work_id if fit and disposition == "benign_true_positive" else None,
    )
    actions = tuple(_proposed(state)) if disposition == "true_positive" else ()
    told = [action.rationale for action in actions]
    tell(runtime, "gates", f"{disposition}, {how_bad}, likelihood {weighing.likelihood:.2f}")
    report = Report(
        opening=opening(facts, disposition, worked, highlights, told),
        alert_class=state["alert_class"],
        playbook=f"{state['playbook'].name}@{state['playbook'].version}",
        hypotheses=state["hypotheses"],
        findings=_settled(standing),
        claims=facts.claims,
        verdict=verdict,
        brain=deps.brain.name,
        calls=state["calls"],
        rounds=state["rounds"],
        seconds=round(perf_counter() - state["started"], 3),
        proposed=actions,
        decisions=state["decisions"],
        usage=reduce(Usage.plus, (decision.usage for decision in state["decisions"]), Usage()),
        cut=tuple(dict.fromkeys(state["cut"])),
        disagreements=disagreements(state["decisions"], state["conclusion"], facts, results),
    )
    return {"report": report}


def _severity(state: State, facts: Facts, worked: Outcome) -> Severity:
    """Impact if true. A host that only untrusted text names may make it worse than that of an unknown one."""
    how_bad = partial(
        severity,
        state["alert"],
        techniques=techniques(facts),
        privileged=_text(state, ACCOUNT, "account", "privileged") == "True",
        outcome=worked,
    )
    known = how_bad(criticality=_text(state, ASSET, "asset", "criticality"))
    values = alert_values(state["alert"], state["subject"])
    asset = next((question for question in state["questions"] if question.id == ASSET), None)
    if asset is None or all(values[name].provenance.trusted for name in argument_slots(asset)):
        return known
    return max(known, how_bad(criticality=None), key=SEVERITIES.index)


def _settled(facts: Facts) -> tuple[Finding, ...]:
    """The findings, those of a satisfied proof marked with what they settle."""
    proves = {reading: proof.hypothesis for proof in facts.weighed().proofs for reading in proof.readings}
    return tuple(
        finding.model_copy(update={"decisive_for": proves[finding.reading]}) if finding.reading in proves else finding
        for finding in facts.findings
    )


def _text(state: State, question: str, *keys: str) -> str | None:
    """A text out of a context answer; None where it was not answered."""
    answer = state["answers"].get(question)
    value = answer.data if answer is not None and answer.status == "success" else None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else str(value)


def _highlights(state: State, facts: Facts) -> Sequence[Claim]:
    claims = {claim.id: claim for claim in facts.claims}
    return [claims[name] for name in state["conclusion"].highlights if name in claims]


def _proposed(state: State) -> list[Action]:
    """Actions of the playbook's fixed set whose target the alert attests; handles only, no values."""
    proposed = []
    for index, permitted in enumerate(state["playbook"].actions):
        field = state["alert"].field(permitted.target)
        if field is not None and field.provenance.trusted:
            proposed.append(_action(index, state["subject"], permitted))
    return proposed


def _action(index: int, subject: str, permitted: PermittedAction) -> Action:
    ref = Ref(evidence=subject, path=f"$.alert['{permitted.target}']")
    return Action(id=f"A{index + 1}", tool=permitted.tool, arguments={permitted.argument: ref}, rationale=permitted.why)
