"""What the API answers with, one frozen model per answer. The page and other clients read the same models.

Texts are data: whatever an attacker may have written comes with its provenance class and has to be shown inert.
"""

from typing import Literal, TypeAlias

from pydantic import ConfigDict, Field

from agent.cases.queries import CaseSummary, Sort
from agent.conversation.models import ChatStep, Run, Thread
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
    Priority,
    Provenance,
    UtcTime,
    Verdict,
    World,
)
from agent.wording import Language

__all__ = ["CaseSummary", "Sort"]

ReasonCode: TypeAlias = Literal[
    "rule_logic", "bad_data", "bad_intel", "authorised_test", "admin_work", "business_software", "confirmed_attack"
]
ReportFormat: TypeAlias = Literal["html", "markdown", "json"]
PictureName: TypeAlias = Literal["timeline", "entities"]
Theme: TypeAlias = Literal["light", "dark"]
ClaimState: TypeAlias = Literal["verified", "struck", "no_longer"]
"""`verified`: re-run for this answer and holds. `struck`: did not hold when it was written. `no_longer`: running it
again gave something else than what is stored."""


class Problem(Model):
    """What went wrong, for a program (`code`) and for a person."""

    code: str
    message: str
    hint: str | None = None


class ProblemReport(Model):
    """The body of every answer that is an error."""

    error: Problem


class WorldView(Model):
    """One world, as its queue stands."""

    world: World
    cases: int
    open: int
    """Cases that are not closed."""
    synthetic: bool
    now: UtcTime
    """The world's clock."""


class Me(Model):
    """Who is asking, and what they may do."""

    name: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]
    worlds: tuple[WorldView, ...]
    default_world: World


class Health(Model):
    """Whether the service is up; says nothing about cases."""

    status: Literal["ok"]
    version: str
    worlds: tuple[World, ...]
    worker_seen_at: UtcTime | None
    """When a worker last took or kept up work; None when none was ever seen."""


class CaseList(Model):
    """A page of the queue. The counts are of all cases of the world, whatever the filters."""

    cases: tuple[CaseSummary, ...]
    total: int
    """Cases that fit the filters."""
    now: UtcTime
    by_status: dict[CaseStatus, int]
    by_priority: dict[Priority, int]
    """Of cases that are not closed."""


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


class CaseLine(Model):
    """A case after a person changed it."""

    id: str
    world: World
    title: str
    status: CaseStatus
    owner: str | None
    priority: Priority | None
    disposition: Disposition | None
    human_disposition: Disposition | None
    updated_at: UtcTime
    due_at: UtcTime | None
    version: int


class NotTaken(Model):
    """A case of several that could not be taken, and why."""

    id: str
    error: Problem


class Taken(Model):
    """What became of taking several cases at once."""

    taken: tuple[CaseLine, ...]
    refused: tuple[NotTaken, ...]


class Similarity(Model):
    """One thing two cases share."""

    kind: str
    """`entity`, `technique`, `rule` or `sequence`."""
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


class CaseEvent(Model):
    """Something that changed in a case."""

    seq: int
    case_id: str
    at: UtcTime
    kind: str
    """`opened`, `saved`, `duplicate`, `taken`, `noted`, `closed` or `reopened`."""


class EventPage(Model):
    """What changed since."""

    events: tuple[CaseEvent, ...]
    last: int
    """Ask for what came after this next time."""


class ThreadList(Model):
    """Conversations of whoever asks, the newest first."""

    threads: tuple[Thread, ...]


class ThreadView(Model):
    """A conversation with its questions in order."""

    thread: Thread
    runs: tuple[Run, ...]


class StepPage(Model):
    """Steps of a run, and the run as it stands."""

    steps: tuple[ChatStep, ...]
    run: Run


class ToolView(Model):
    """One tool of a server."""

    name: str
    kind: Literal["read", "change"] | None
    """None when nobody registered what it does, which is refused as destructive."""
    standing: Literal["usable", "unregistered", "new", "changed", "unusable"]
    problem: str
    description: str
    """Empty unless the definition was accepted."""


class ServerView(Model):
    """One server the analyst may ask."""

    name: str
    state: Literal["starting", "ready", "down", "stopped"]
    problem: str | None
    backend: Backend | None
    trusted: bool
    bundled: bool
    tools: tuple[ToolView, ...]


class ServerList(Model):
    """Every server of a world."""

    servers: tuple[ServerView, ...]


class Told(Model):
    """Taken from a tool's answer; what the tool tells beyond this is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class KnowledgeHit(Told):
    """A section that fits a query."""

    id: str
    title: str
    section: str
    score: float
    text: str
    """Its beginning."""


class KnowledgeHits(Told):
    """Sections that fit, best first."""

    hits: tuple[KnowledgeHit, ...]


class KnowledgeDocument(Told):
    """One document of the knowledge base."""

    id: str
    title: str
    sections: int


class KnowledgeDocuments(Told):
    """Every document."""

    documents: tuple[KnowledgeDocument, ...]


class KnowledgeSection(Told):
    """One section whole."""

    id: str
    title: str
    section: str
    text: str


class NoteGiven(Model):
    """Body of a note."""

    text: str = Field(min_length=1, max_length=10_000)


class ClosingGiven(Model):
    """Body of a closing."""

    reason_code: ReasonCode
    disposition: Disposition | None = None
    """Without it, the one that the reason explains."""
    note: str = Field(default="", max_length=10_000)


class ReopeningGiven(Model):
    """Body of a reopening."""

    why: str = Field(min_length=1, max_length=10_000)


class TakingGiven(Model):
    """Body of taking several cases."""

    ids: tuple[str, ...] = Field(min_length=1, max_length=200)


class ThreadGiven(Model):
    """Body of a new conversation."""

    world: World = "site"
    case_id: str | None = None
    language: Language | None = None


class QuestionGiven(Model):
    """Body of a question."""

    question: str = Field(min_length=1, max_length=8_000)


class SessionView(Model):
    """A session that was opened with a token; `session` is its secret."""

    session: str
    name: str
    roles: tuple[str, ...]
    expires_at: UtcTime
