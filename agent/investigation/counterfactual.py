"""What would change a verdict: decided again with one thing taken away or added, by the same code that decided it.

Nothing here is a finding. It tells a person what the verdict hangs on and which look would settle it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from agent.evidence.authorisation import AUTHORISED_BY
from agent.evidence.claims import SLOT, by_id, check
from agent.investigation.reading import LOOKED
from agent.investigation.retrace import Retraced, retrace
from agent.investigation.verdict import CONTRADICTION, Facts
from agent.models import Case, Claim, Disposition, Evidence, Finding, Gap, Model, Provenance, Report
from agent.playbooks.format import PLACEHOLDER, Playbook, Question, Reading
from agent.wording import Language, localised
from agent.wording.retelling import retold

Kind: TypeAlias = Literal["gap", "gate", "claim", "authorisation"]
NEAR_MISSES: Final = 3
"""Dimensions in which a register entry may fail and still be called near."""
ALL_LOOKS: Final = "all"
"""Subject of the change in which every missing look was made."""


class Change(Model):
    """One thing the verdict hangs on."""

    kind: Kind
    subject: str
    """The sensor or question of a gap, the gate, the claim or the part of the likelihood, the register entry."""
    what: str
    query: str | None = None
    """Of a gap: the query that would settle it."""
    would_be: Disposition | None = None
    """The disposition then; None when it stays, alone, what it is."""


class WouldChange(Model):
    """A verdict and what it hangs on."""

    verdict: Disposition | None
    changes: tuple[Change, ...]


def what_would_change(case: Case, playbooks: Mapping[str, Playbook], language: Language = "en") -> WouldChange:
    """The gates that held the verdict, the looks that are missing, what it rests on, and entries that almost fit.

    A case whose playbook has changed since, or whose verdict cannot be reached again from what is stored, only names
    its gates and gaps."""
    if case.report is None:
        return WouldChange(verdict=None, changes=())
    verdict = case.report.verdict.disposition
    retraced = retrace(case, playbooks)
    if retraced is None or retraced.decided() != verdict:
        told = (*_gates(case.report, None, language), *_gaps(case.report, None, language))
        return WouldChange(verdict=verdict, changes=told)
    changes = (
        *_gates(case.report, retraced, language),
        *_gaps(case.report, retraced, language),
        *_looks(retraced, language),
        *_all_looks(retraced, language),
        *_findings(retraced, verdict, language),
        *_rests_on(case, retraced, verdict, language),
        *_register(retraced, language),
    )
    return WouldChange(verdict=verdict, changes=changes)


def _gates(report: Report, retraced: Retraced | None, language: Language) -> Iterator[Change]:
    """Each gate that changed the draft, and the verdict without it."""
    for gate in report.verdict.gates:
        if not gate.passed:
            again = None if retraced is None else _other(retraced, retraced.decided(without_gate=gate.gate))
            what = _said(
                "The gate {gate} held it: {reason}.", language, gate=gate.gate, reason=retold(gate.reason, language)
            )
            yield Change(kind="gate", subject=gate.gate, what=what, would_be=again)


def _gaps(report: Report, retraced: Retraced | None, language: Language) -> Iterator[Change]:
    """Each sensor that could not look, and the verdict had it looked and found nothing.

    What a product left unanswered is told by the look it belongs to, where the case can be taken up again."""
    for gap in report.verdict.gaps:
        if retraced is not None and not gap.required:
            continue
        seen = None if retraced is None else _other(retraced, retraced.decided(_with_sight(retraced.facts, gap)))
        reason = retold(gap.reason, language)
        what = _said("{sensor} could not look: {reason}.", language, sensor=gap.sensor, reason=reason)
        yield Change(kind="gap", subject=gap.sensor, what=what, query=gap.query, would_be=seen)


def _looks(retraced: Retraced, language: Language) -> Iterator[Change]:
    """Each look that was not made, or only in part, and the verdict had it been made and found nothing."""
    facts = retraced.facts
    for look in facts.missing:
        name, _, why = look.partition(": ")
        question = _question(retraced, name)
        without = replace(facts, missing=tuple(item for item in facts.missing if item != look))
        asks = localised(question.asks, language)
        what = _said("Not looked at: {question} ({reason})", language, question=asks, reason=retold(why, language))
        yield Change(
            kind="gap",
            subject=name,
            what=what,
            query=question.tool,
            would_be=_other(retraced, retraced.decided(without)),
        )


def _all_looks(retraced: Retraced, language: Language) -> Iterator[Change]:
    """The verdict had everything been looked at and nothing more been found; only when several looks are missing."""
    facts = retraced.facts
    if len(facts.coverage.gaps) + len(facts.missing) < 2:
        return
    coverage = replace(facts.coverage, gaps=())
    again = _other(retraced, retraced.decided(replace(facts, coverage=coverage, missing=(), required=())))
    what = _said("Every missing look was made and found nothing more.", language)
    yield Change(kind="gap", subject=ALL_LOOKS, what=what, would_be=again)


def _findings(retraced: Retraced, verdict: Disposition, language: Language) -> Iterator[Change]:
    """What a question without a whole answer could still show that would change the verdict by itself."""
    in_part = {look.partition(": ")[0] for look in retraced.facts.missing}
    for question in retraced.questions:
        answer = retraced.answers.get(question.id)
        if answer is not None and answer.status in LOOKED and question.id not in in_part:
            continue
        for reading in question.readings:
            again = retraced.decided(_with_reading(retraced.facts, question, reading))
            if again != verdict:
                shown = _blank(reading.sentence, language)
                what = _said("If a look showed this: {sentence}", language, sentence=shown)
                yield Change(kind="gap", subject=question.id, what=what, query=question.tool, would_be=again)


def _rests_on(case: Case, retraced: Retraced, verdict: Disposition, language: Language) -> Iterator[Change]:
    """Each claim, and each part of the alert's own likelihood, without which the verdict would be another."""
    facts, evidence = retraced.facts, by_id(case.evidence)
    claims = {claim.id: claim for claim in facts.claims}
    telling = [f for f in facts.findings if _weighs(f) and not f.reading.startswith(AUTHORISED_BY)]
    for name in dict.fromkeys(finding.claim for finding in telling):
        again = retraced.decided(_without(facts, name))
        if again != verdict and name in claims:
            text = _text(claims[name], evidence, language)
            what = _said("If this did not hold: {claim}", language, claim=text)
            yield Change(kind="claim", subject=name, what=what, would_be=again)
    for part in facts.contributions:
        rest = tuple(item for item in facts.contributions if item is not part)
        again = retraced.decided(replace(facts, contributions=rest))
        if again != verdict:
            reason = retold(part.reason, language)
            what = _said("If the alert did not say this: {reason}.", language, reason=reason)
            yield Change(kind="claim", subject=part.group, what=what, would_be=again)


def _register(retraced: Retraced, language: Language) -> Iterator[Change]:
    """The entry that authorises, taken away; each one that almost does, made to fit."""
    facts = retraced.facts
    for fit in sorted(facts.fits, key=lambda item: len(item.misses)):
        if fit.complete:
            findings = tuple(f for f in facts.findings if f.reading != f"{AUTHORISED_BY}{fit.work_id}")
            changed = replace(facts, fits=tuple(item for item in facts.fits if item is not fit), findings=findings)
            what = _said("If register entry {entry} did not exist.", language, entry=fit.work_id)
        elif len(fit.misses) <= NEAR_MISSES:
            changed = replace(facts, fits=(replace(fit, misses=()),))
            missed = ", ".join(localised(miss, language) for miss in fit.misses)
            what = _said(
                "Register entry {entry} would fit but for: {misses}.", language, entry=fit.work_id, misses=missed
            )
        else:
            continue
        again = _other(retraced, retraced.decided(changed))
        yield Change(kind="authorisation", subject=fit.work_id, what=what, would_be=again)


def _other(retraced: Retraced, again: Disposition) -> Disposition | None:
    """The disposition where it is another one than the verdict's."""
    return again if again != retraced.report.verdict.disposition else None


def _with_sight(facts: Facts, gap: Gap) -> Facts:
    """As if the sensor had covered the event."""
    gaps = tuple(item for item in facts.coverage.gaps if item.sensor != gap.sensor)
    blind = f"{gap.sensor} did not cover the event"
    missing = tuple(look for look in facts.missing if not look.endswith(blind))
    return replace(facts, coverage=replace(facts.coverage, gaps=gaps), missing=missing)


def _with_reading(facts: Facts, question: Question, reading: Reading) -> Facts:
    """As if the reading held, attested by the question's sensor."""
    given = reading.weights
    weights = {h.id: weight for h in facts.hypotheses if (weight := given.get(h.id, given.get(h.kind)))}
    finding = Finding(
        claim="alert.raised",
        question=question.id,
        reading=reading.id,
        weights=weights,
        provenance=Provenance.SENSOR,
        sensors=(question.sensor,) if question.sensor else (),
        techniques=reading.techniques,
    )
    missing = tuple(look for look in facts.missing if not look.startswith(f"{question.id}: "))
    return replace(facts, findings=(*facts.findings, finding), missing=missing)


def _without(facts: Facts, claim: str) -> Facts:
    return replace(facts, findings=tuple(finding for finding in facts.findings if finding.claim != claim))


def _weighs(finding: Finding) -> bool:
    strongest = max((abs(weight) for weight in finding.weights.values()), default=0.0)
    return finding.decisive_for is not None or strongest >= CONTRADICTION


def _question(retraced: Retraced, name: str) -> Question:
    return next(question for question in retraced.questions if question.id == name)


def _text(claim: Claim, evidence: Mapping[str, Evidence], language: Language) -> str:
    return check(claim, evidence, language).text or claim.text


def _blank(sentence: str, language: Language) -> str:
    """A reading's sentence before anything was found to fill it with."""
    safe = PLACEHOLDER.sub(lambda slot: f"{{{slot[1].replace('.', '_')}}}", sentence)
    return SLOT.sub("…", localised(safe, language))


def _said(template: str, language: Language, **values: str) -> str:
    return localised(template, language).format_map(values)
