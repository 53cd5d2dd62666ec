"""From evidence to a draft verdict: one pure decision over facts, asked again with less by the gates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.evidence.authorisation import Fit
from agent.evidence.telemetry import Coverage
from agent.investigation.weighing import Weighing, trusted_only, weigh
from agent.models import Alert, Basis, Claim, Contribution, Disposition, Evidence, Finding, Hypothesis, Outcome
from agent.playbooks.format import Playbook

STRONG_SCORE = 4.0
"""Score of a malicious hypothesis that two sensors bear and no proof names, from which it is called true."""
CAPABILITY_WEIGHT = 2.0
"""Weight of one group of the alert's own content that shows a capability, not only a suspicion."""
CAPABILITY_GROUPS = frozenset({"process_intent", "authentication", "file"})
CAPABILITY_LIKELIHOOD = 0.8
CONTRADICTION = 1.5
"""Weight of a trusted malicious finding that an authorisation outside its techniques does not explain away."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a verdict may rest on."""

    alert: Alert
    playbook: Playbook
    hypotheses: tuple[Hypothesis, ...]
    contributions: tuple[Contribution, ...]
    findings: tuple[Finding, ...]
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    coverage: Coverage
    fits: tuple[Fit, ...]
    required: tuple[str, ...] = ()
    """Evidence ids of the answers to required questions."""
    subject: str = "E0"
    """Evidence id of the alert itself."""

    def weighed(self) -> Weighing:
        """The analysis of competing hypotheses over these facts."""
        return weigh(self.hypotheses, self.playbook, self.contributions, self.findings)

    def standing(self) -> "Facts":
        """These facts without the findings whose claim does not hold."""
        verified = {claim.id for claim in self.claims if claim.status == "verified"}
        return replace(self, findings=tuple(finding for finding in self.findings if finding.claim in verified))

    def without_text(self, contributions: Sequence[Contribution]) -> "Facts":
        """These facts with everything an attacker or a model wrote taken away; `contributions` weighed likewise."""
        return replace(self, findings=trusted_only(self.findings), contributions=tuple(contributions))

    def fit(self) -> Fit | None:
        """The register entry that fits in every dimension, if one does."""
        return next((fit for fit in self.fits if fit.complete), None)

    def kind_of(self, hypothesis: str) -> str:
        """malicious, authorised or benign."""
        return next(item.kind for item in self.hypotheses if item.id == hypothesis)


def decide(facts: Facts) -> Disposition:
    """What the facts say, before any gate. Malice proved comes first, then authorisation, then innocence."""
    weighing = facts.weighed()
    proved = {facts.kind_of(proof.hypothesis) for proof in weighing.proofs}
    if (fit := facts.fit()) is not None and _explains(fit, facts):
        return "benign_true_positive"
    if "malicious" in proved or _strong(facts, weighing):
        return "true_positive"
    if proved and not _malice(facts):
        return "benign_true_positive" if "authorised" in proved else "false_positive"
    if basis(facts) == "alert_only":
        return _from_alert_alone(facts, weighing)
    return "needs_human"


def _explains(fit: Fit, facts: Facts) -> bool:
    """Whether everything malicious that was seen lies within the techniques the entry authorises."""
    return all(all(fit.covers(technique) for technique in finding.techniques) for finding in _malice(facts))


def _malice(facts: Facts) -> list[Finding]:
    """Attested findings that speak strongly for a malicious hypothesis."""
    malicious = {item.id for item in facts.hypotheses if item.kind == "malicious"}
    return [
        finding
        for finding in facts.findings
        if finding.provenance.trusted
        and any(weight >= CONTRADICTION for name, weight in finding.weights.items() if name in malicious)
    ]


def _strong(facts: Facts, weighing: Weighing) -> bool:
    sensors = {sensor for finding in _malice(facts) for sensor in finding.sensors}
    score = max((value for name, value in weighing.scores.items() if facts.kind_of(name) == "malicious"), default=0.0)
    return score >= STRONG_SCORE and len(sensors) >= 2


def _from_alert_alone(facts: Facts, weighing: Weighing) -> Disposition:
    if shows_capability(facts.contributions) and weighing.likelihood >= CAPABILITY_LIKELIHOOD:
        return "true_positive"
    return "needs_human" if facts.contributions or facts.alert.fields else "not_evaluable"


def shows_capability(contributions: Sequence[Contribution]) -> bool:
    """Whether the alert's own event shows a malicious capability at work."""
    return any(item.group in CAPABILITY_GROUPS and item.weight >= CAPABILITY_WEIGHT for item in contributions)


def basis(facts: Facts) -> Basis:
    """How much was seen: every contracted sensor, some, one, or nothing but the alert."""
    answered = {
        item.sensor or item.server
        for item in facts.evidence
        if item.server not in ("intake", "kb") and item.status in ("success", "no_data")
    }
    if not answered:
        return "alert_only"
    if not facts.coverage.gaps:
        return "full"
    bearing = {sensor for finding in facts.findings for sensor in finding.sensors} - {"register"}
    return "partial" if len(bearing) > 1 else "single_source"


def outcome(facts: Facts, said: Outcome) -> Outcome:
    """Did it work? The strongest thing any verified finding says, else what the alert itself says."""
    seen = {finding.outcome for finding in facts.findings}
    strongest: tuple[Outcome, ...] = ("succeeded", "blocked", "attempted")
    return next((value for value in strongest if value in seen), said)


def techniques(facts: Facts) -> tuple[str, ...]:
    """ATT&CK ids of the alert and of every finding that speaks for malice, sorted."""
    malicious = {item.id for item in facts.hypotheses if item.kind == "malicious"}
    found = set(facts.alert.techniques)
    for finding in facts.findings:
        if any(weight > 0 for name, weight in finding.weights.items() if name in malicious):
            found.update(finding.techniques)
    return tuple(sorted(found))
