"""From evidence to a draft verdict: one pure decision over facts, asked again with less by the gates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.evidence.authorisation import AUTHORISED_BY, Fit
from agent.evidence.telemetry import Coverage
from agent.hunting.hunt import is_hunt
from agent.hunting.judging import judged
from agent.investigation.weighing import Weighing, trusted_only, weigh
from agent.models import Alert, Basis, Claim, Contribution, Disposition, Evidence, Finding, Hypothesis, Outcome
from agent.playbooks.format import Playbook

STRONG_SCORE = 4.0
"""Score of a malicious hypothesis that two sensors bear and no proof names, from which it is called true."""
CAPABILITY_WEIGHT = 2.0
"""Weight of one group of the alert's own content that shows a capability, not only a suspicion."""
CAPABILITY_GROUPS = frozenset({"process_intent", "authentication", "file"})
CAPABILITY_LIKELIHOOD = 0.8
CONTEXT_SERVERS = frozenset({"intake", "kb", "assets", "intel", "reputation", "vulnerability"})
"""Servers that answer from the alert, from registers, scans or knowledge: none of them saw the event."""
DECIDED_BEFORE = frozenset({"dns__dns_check_domain"})
"""Tools that tell what somebody set before, MCPSoc itself among them: that is nobody who saw the event either."""
CONTRADICTION = 1.5
"""Weight of a malicious finding that nothing but an authorisation of its techniques explains away."""


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
    own: tuple[str, ...] = ()
    """Evidence ids of answers that only the brain asked for: they can raise, and never count as having looked."""
    beside: tuple[str, ...] = ()
    """Evidence ids of answers of servers that the playbook does not count on: they can raise and prove, and never
    count as having looked."""
    missing: tuple[str, ...] = ()
    """Looks that could have spoken for malice and were not made, or only in part, each with the reason."""

    def weighed(self) -> Weighing:
        """The analysis of competing hypotheses over these facts; an entry that explains only part says nothing."""
        fit = self.fit()
        unexplained = fit is not None and not _explains(fit, self)
        findings = [f for f in self.findings if not (unexplained and f.reading.startswith(AUTHORISED_BY))]
        return weigh(self.hypotheses, self.playbook, self.contributions, findings)

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
    if is_hunt(facts.alert):
        return judged(facts.playbook, facts.findings, facts.coverage.gaps, facts.missing)
    weighing = facts.weighed()
    proved = {facts.kind_of(proof.hypothesis) for proof in weighing.proofs}
    if (fit := facts.fit()) is not None and _explains(fit, facts):
        return "benign_true_positive"
    if "malicious" in proved or _strong(facts, weighing):
        return "true_positive"
    if proved and not _malice(facts):
        return "benign_true_positive" if "authorised" in proved else "false_positive"
    if not _looked(facts):
        return _from_alert_alone(facts, weighing)
    return "needs_human"


def _explains(fit: Fit, facts: Facts) -> bool:
    """Whether everything malicious that was seen lies within the techniques the entry authorises.

    What an attacker may have written counts too: it can keep a case open, it only cannot close one."""
    readings = {finding.reading for finding in facts.findings}
    proofs = [p for p in facts.playbook.proofs if facts.kind_of(p.hypothesis) == "malicious"]
    proving = {name for proof in proofs if readings.issuperset(proof.readings) for name in proof.readings}
    outside = [f for f in facts.findings if not all(fit.covers(technique) for technique in f.techniques)]
    allowed = {item.id for item in facts.hypotheses if item.kind == "authorised"}
    against = [f for f in _malice(facts) if not f.techniques or any(f.weights.get(name, 0) < 0 for name in allowed)]
    return not against and not any(f.reading in proving or f in _malice(facts) for f in outside)


def _malice(facts: Facts) -> list[Finding]:
    """Findings that speak strongly for a malicious hypothesis, whoever wrote what they rest on."""
    malicious = {item.id for item in facts.hypotheses if item.kind == "malicious"}
    return [
        finding
        for finding in facts.findings
        if any(weight >= CONTRADICTION for name, weight in finding.weights.items() if name in malicious)
    ]


def _strong(facts: Facts, weighing: Weighing) -> bool:
    sensors = _witnesses(facts, trusted_only(_malice(facts)))
    score = max((value for name, value in weighing.scores.items() if facts.kind_of(name) == "malicious"), default=0.0)
    return score >= STRONG_SCORE and len(sensors) >= 2


def _witnesses(facts: Facts, findings: Sequence[Finding]) -> set[str]:
    """The sensors that saw what these findings say. Lists copy one another, and a list, a register or a measure that
    stands already confirms no sensor."""
    context = {
        question.id
        for question in facts.playbook.questions
        if question.tool in DECIDED_BEFORE or question.tool.partition("__")[0] in CONTEXT_SERVERS
    }
    seen = {sensor for finding in findings if finding.question not in context for sensor in finding.sensors}
    return seen - CONTEXT_SERVERS - {"register"}


def _from_alert_alone(facts: Facts, weighing: Weighing) -> Disposition:
    if shows_capability(facts.contributions) and weighing.likelihood >= CAPABILITY_LIKELIHOOD:
        return "true_positive"
    return "needs_human" if facts.contributions or facts.alert.fields else "not_evaluable"


def shows_capability(contributions: Sequence[Contribution]) -> bool:
    """Whether the alert's own event shows a malicious capability at work."""
    return any(item.group in CAPABILITY_GROUPS and item.weight >= CAPABILITY_WEIGHT for item in contributions)


def basis(facts: Facts) -> Basis:
    """How much was seen: every contracted sensor, some, one, or nothing but the alert.

    What registers and feeds say is context, what a brain chose to ask is its own, and what was asked beside the
    playbook counts where it found something: none of them ever counts as somebody having looked."""
    bearing = _witnesses(facts, facts.findings)
    if not _looked(facts):
        return "single_source" if bearing & set(_sensors_beside(facts)) else "alert_only"
    if not facts.coverage.gaps:
        return "full"
    return "partial" if len(bearing) > 1 else "single_source"


def _looked(facts: Facts) -> bool:
    """Whether any sensor that the playbook counts on answered."""
    uncounted = {*facts.own, *facts.beside}
    return any(
        item.server not in CONTEXT_SERVERS and item.id not in uncounted and item.status in ("success", "no_data")
        for item in facts.evidence
    )


def _sensors_beside(facts: Facts) -> list[str]:
    """The sensors that answered beside the playbook."""
    beside = (item for item in facts.evidence if item.id in facts.beside and item.server not in CONTEXT_SERVERS)
    return [item.sensor or item.server for item in beside]


def outcome(facts: Facts, said: Outcome) -> Outcome:
    """Did it work? The strongest thing that a verified finding or the alert itself says.

    That it failed is said only by what sensors attest, with every look made: severity falls with it."""
    is_complete = not facts.missing
    seen = {f.outcome for f in facts.findings if f.outcome == "succeeded" or (is_complete and f.provenance.trusted)}
    seen.add(said)
    strongest: tuple[Outcome, ...] = ("succeeded", "blocked", "attempted")
    return next((value for value in strongest if value in seen), "unknown")


def techniques(facts: Facts) -> tuple[str, ...]:
    """ATT&CK ids of the alert and of every finding that speaks for malice, sorted."""
    malicious = {item.id for item in facts.hypotheses if item.kind == "malicious"}
    found = set(facts.alert.techniques)
    for finding in facts.findings:
        if any(weight > 0 for name, weight in finding.weights.items() if name in malicious):
            found.update(finding.techniques)
    return tuple(sorted(found))
