"""What a hunt came to. Nothing closes here: what was not found is not said to be harmless, it is said not to be there.

proved, and no register explains it         -> true_positive    found
seen, or explained, or pointed at           -> needs_human      to be judged
a sensor blind, a look missing or none made -> needs_human      could not look
every look made, every sensor looking       -> not_evaluable    not found: there is nothing to weigh
"""

from collections.abc import Collection, Iterable
from typing import Final, Literal, TypeAlias

from agent.hunting.playbook import unmarked
from agent.hunting.trails import explanations
from agent.models import Disposition, Finding, Gap, Report, Severity
from agent.playbooks.format import Playbook

HuntResult: TypeAlias = Literal["found", "to_judge", "not_found", "could_not_look"]

_HOLDS: Final = "holds"
BLIND: Final = "host_not_covered"
"""Reading that says so."""


def judged(playbook: Playbook, findings: Iterable[Finding], gaps: Iterable[Gap], missing: Iterable[str]) -> Disposition:
    """The disposition of a hunt over what its looks brought."""
    standing = tuple(findings)
    if proving(playbook, standing):
        return "true_positive"
    if not playbook.questions or any(gaps) or any(missing) or unseen(standing) or pointing(standing):
        return "needs_human"
    return "not_evaluable"


def proving(playbook: Playbook, findings: Iterable[Finding]) -> bool:
    """Whether a proof holds that nothing explains."""
    readings = {finding.reading for finding in findings}
    return any(
        readings.issuperset(proof.readings) and not any(explaining(name, readings) for name in proof.readings)
        for proof in playbook.proofs
        if proof.hypothesis == _HOLDS
    )


def explaining(reading: str, readings: Collection[str]) -> list[str]:
    """Those of the readings that explain this one: of a copy, those of the same copy."""
    base = unmarked(reading)
    return [name for by in explanations().get(base, ()) if (name := by + reading[len(base) :]) in readings]


def pointing(findings: Iterable[Finding]) -> bool:
    """Whether anything speaks for the supposition at all, a model's own finding included."""
    return any(finding.weights.get(_HOLDS, 0.0) > 0 for finding in findings)


def unseen(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Ids of the claims that a sensor did not look at some host all that time."""
    return tuple(finding.claim for finding in findings if unmarked(finding.reading) == BLIND)


def result_of(report: Report) -> HuntResult:
    """The word for the report of a hunt."""
    verdict = report.verdict
    if verdict.disposition == "true_positive":
        return "found"
    if verdict.disposition == "not_evaluable":
        return "not_found"
    return "to_judge" if pointing(report.findings) else "could_not_look"


def severity_of(disposition: Disposition, severity: Severity, findings: Iterable[Finding]) -> Severity:
    """A supposition alone harms nobody: it is as bad as what was seen."""
    return severity if disposition == "true_positive" or pointing(findings) else "informational"
