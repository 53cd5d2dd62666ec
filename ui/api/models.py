"""What the API answers with, one frozen model per answer. The page and other clients read the same models.

Texts are data: whatever an attacker may have written comes with its provenance class and has to be shown inert.
"""

from typing import Literal, TypeAlias

from pydantic import Field

from agent.cases.queries import CaseSummary, Sort
from agent.conversation.models import ChatStep, Run, Thread
from agent.models import (
    Backend,
    CaseStatus,
    Disposition,
    Model,
    Priority,
    UtcTime,
    World,
)
from agent.wording import Language
from ui.api.models_case import (
    ActionView,
    AlertView,
    CaseView,
    Cell,
    ClaimState,
    ClaimView,
    EntityEdge,
    EntityGraph,
    EntityNode,
    EvidenceLine,
    EvidenceView,
    FindingView,
    HypothesisView,
    Leaf,
    MomentView,
    Proof,
    RefView,
    SimilarCase,
    SimilarCases,
    Similarity,
    TechniqueView,
    TimelineEvent,
)
from ui.api.models_decided import DecisionList, DecisionView, DisagreementView

__all__ = [
    "ActionView",
    "AlertView",
    "CaseSummary",
    "CaseView",
    "Cell",
    "ClaimState",
    "ClaimView",
    "DecisionList",
    "DecisionView",
    "DisagreementView",
    "EntityEdge",
    "EntityGraph",
    "EntityNode",
    "EvidenceLine",
    "EvidenceView",
    "FindingView",
    "HypothesisView",
    "Leaf",
    "MomentView",
    "Proof",
    "RefView",
    "SimilarCase",
    "SimilarCases",
    "Similarity",
    "Sort",
    "TechniqueView",
    "TimelineEvent",
]
"""Models of other files that are part of the answers."""

ReasonCode: TypeAlias = Literal[
    "rule_logic", "bad_data", "bad_intel", "authorised_test", "admin_work", "business_software", "confirmed_attack"
]
ReportFormat: TypeAlias = Literal["html", "markdown", "json"]
PictureName: TypeAlias = Literal["timeline", "entities"]
Theme: TypeAlias = Literal["light", "dark"]


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
    """Of the connection to it."""
    ready: bool
    """Whether it is connected and what is behind it answers."""
    problem: str | None
    backend: Backend | None
    trusted: bool
    bundled: bool
    tools: tuple[ToolView, ...]


class ServerList(Model):
    """Every server of a world."""

    servers: tuple[ServerView, ...]
    unconnected: tuple[str, ...] = ()
    """Bundled servers that the analyst does not ask in this world: no product is configured for them, or, in the
    simulated enterprise, the others know all that they would tell."""


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
