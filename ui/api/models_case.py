"""A case as the API tells it: claims with the places they read, evidence, pictures as data, and cases like it.

Texts are data: whatever an attacker may have written comes with its provenance class and has to be shown inert.
"""

from typing import Literal, TypeAlias

from agent.models import (
    Alert,
    Backend,
    CaseStatus,
    Disposition,
    Evidence,
    EvidenceStatus,
    HumanVerdict,
    HypothesisKind,
    JsonObject,
    Model,
    Note,
    Opening,
    Provenance,
    Stability,
    Usage,
    UtcTime,
    Verdict,
    World,
)
from agent.wording import Language
from ui.api.models_decided import DecisionView, DisagreementView

ClaimState: TypeAlias = Literal["verified", "struck", "no_longer"]
"""`verified`: re-run for this answer and holds. `struck`: did not hold when it was written. `no_longer`: running it
again gave something else than what is stored."""


class Leaf(Model):
    """One value that has nothing below it."""

    path: str
    """Where it stands: a normalised JSONPath, relative to what it is listed under; empty for a bare value."""
    text: str
    """The value as inert text: a string without quotes, anything else as JSON."""
    provenance: Provenance
    cited: bool = False
    """Whether it lies under the path that was asked for."""


class RefView(Model):
    """One place that a claim, a sentence or an action reads, and what is there now."""

    role: str
    """`ref`, `first`, `second`, the name of a slot or the name of an argument."""
    evidence: str
    tool: str
    path: str
    provenance: Provenance
    values: tuple[Leaf, ...]
    more: int
    """Values that are not listed."""


class ClaimView(Model):
    """One claim, re-run for this answer."""

    id: str
    kind: str
    text: str
    """In the language that was asked for; the template when it was struck."""
    status: ClaimState
    struck_because: str | None
    provenance: Provenance
    question: str | None
    """The question of the playbook that it answers."""
    decisive_for: str | None
    """The hypothesis that it settles, with the others of its proof."""
    refs: tuple[RefView, ...]


class HypothesisView(Model):
    """One explanation: a column of the matrix."""

    id: str
    kind: HypothesisKind
    text: str
    score: float
    leading: bool


class Cell(Model):
    """What one finding says about one hypothesis."""

    hypothesis: str
    weight: float
    """What counts; positive speaks for it."""
    given: float
    """What the playbook gives: more than `weight` where an attacker may have written it."""
    tone: str
    """`for3` to `for1`, `none`, `against1` to `against3`."""
    decides: bool


class FindingView(Model):
    """One finding: a row of the matrix."""

    claim: str
    text: str
    struck: bool
    provenance: Provenance
    sensors: tuple[str, ...]
    cells: tuple[Cell, ...]


class Proof(Model):
    """What re-verification found while this answer was made."""

    claims: int
    verified: int
    struck: int
    no_longer: int
    evidence: int
    hashes: int
    """Pieces of evidence whose data fits its hash."""
    whole: bool
    """Whether everything still holds."""


class AlertView(Model):
    """One alert of a case."""

    alert: Alert
    evidence: str | None
    """Id of the evidence that is this alert."""
    repeats: int
    """How often the same came again."""


class EvidenceLine(Model):
    """One answer in the list, without its data."""

    id: str
    server: str
    tool: str
    arguments: JsonObject
    asked_at: UtcTime
    status: EvidenceStatus
    summary: str
    sensor: str | None
    backend: Backend
    synthetic: bool
    truncated: bool
    error: str | None
    hint: str | None
    sha256: str
    size_bytes: int
    cost_ms: float
    hash_fits: bool


class EvidenceView(Model):
    """One answer whole, with who wrote each value."""

    evidence: Evidence
    hash_fits: bool
    provenance: Provenance
    """The least trusted class in it; of the values under the path, when one was asked for."""
    leaves: tuple[Leaf, ...]
    left_out: int
    """Leaves that are not listed; they are in `evidence.data`."""


class TechniqueView(Model):
    """An ATT&CK technique; the name is empty when the table does not have it."""

    id: str
    name: str = ""
    tactics: tuple[str, ...] = ()


class TimelineEvent(Model):
    """One event that the evidence holds, near the alerts."""

    time: UtcTime
    sensor: str
    evidence: str
    text: str
    provenance: Provenance
    tone: Literal["good", "bad", "plain", "alert"]
    """By its outcome, as the sensor tells it: success, failure, none told; `alert` for the alert itself."""


class MomentView(Model):
    """A numbered moment that a verified claim speaks of; the timeline picture shows the same numbers."""

    number: int
    time: UtcTime
    text: str
    claim: str


class EntityNode(Model):
    """Something that took part."""

    id: int
    column: Literal["source", "account", "host", "process", "target"]
    label: str
    provenance: Provenance
    count: int
    """Events that name it."""


class EntityEdge(Model):
    """Two things that one event names together."""

    left: int
    right: int
    count: int


class EntityGraph(Model):
    """Who touched what."""

    nodes: tuple[EntityNode, ...] = ()
    edges: tuple[EntityEdge, ...] = ()
    hidden: int = 0
    """Weaker nodes that are not listed."""


class ActionView(Model):
    """A change that the investigation proposes. Nothing was done."""

    id: str
    tool: str
    rationale: str
    arguments: tuple[RefView, ...]


class CaseView(Model):
    """A whole case as a person reads it. Every claim was re-run, every hash recomputed for this answer."""

    id: str
    tenant: str
    world: World
    title: str
    status: CaseStatus
    owner: str | None
    created_at: UtcTime
    updated_at: UtcTime
    due_at: UtcTime | None
    overdue: bool
    synthetic: bool
    version: int
    now: UtcTime
    """The clock of the case's world."""
    language: Language
    alert_class: str | None
    playbook: str | None
    brain: str | None
    decided_by: str | None
    """Who decided, in words: the brain, and from which step on the embedded one went on in its place."""
    usage: Usage
    """What its models cost altogether."""
    cost: str
    """The same in words; a price that nobody knows is said to be unknown."""
    cut: tuple[str, ...]
    """What budgets and limits left out, in words."""
    disagreements: tuple[DisagreementView, ...]
    stability: Stability | None
    stability_told: str | None
    """Whether it ended the same when it was run again with changes, in words; None when it was run once."""
    decisions: tuple[DecisionView, ...]
    calls: int
    rounds: int
    seconds: float
    verdict: Verdict | None
    """With its gates, gaps and contributions; None while the case was not investigated."""
    opening: Opening | None
    proof: Proof
    hypotheses: tuple[HypothesisView, ...]
    findings: tuple[FindingView, ...]
    evidence_weight: float
    """What the findings add to the log odds of malice."""
    claims: tuple[ClaimView, ...]
    actions: tuple[ActionView, ...]
    alerts: tuple[AlertView, ...]
    techniques: tuple[TechniqueView, ...]
    evidence: tuple[EvidenceLine, ...]
    moments: tuple[MomentView, ...]
    timeline: tuple[TimelineEvent, ...]
    timeline_left_out: int
    entities: EntityGraph
    notes: tuple[Note, ...]
    human: HumanVerdict | None
    linked: tuple[str, ...]


class Similarity(Model):
    """One thing two cases share."""

    kind: str
    """`entity`, `technique`, `rule`, `sequence` or `class`."""
    value: str


class SimilarCase(Model):
    """Another case that resembles this one: context for a person, never evidence."""

    id: str
    title: str
    score: float
    why: tuple[Similarity, ...]
    status: CaseStatus
    disposition: Disposition | None
    human_disposition: Disposition | None
    created_at: UtcTime
    closed_at: UtcTime | None


class SimilarCases(Model):
    """The most similar first."""

    similar: tuple[SimilarCase, ...]
