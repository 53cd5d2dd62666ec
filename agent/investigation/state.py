"""What travels through the graph, what the steps may use, and what they stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, TypedDict

from agent.brain.protocol import Brain, Conclusion
from agent.evidence.authorisation import Fit
from agent.evidence.telemetry import Coverage
from agent.investigation.verdict import Facts
from agent.models import (
    Alert,
    Claim,
    Contribution,
    Decision,
    Disposition,
    Evidence,
    Finding,
    Hypothesis,
    JsonObject,
    Model,
    Report,
    UtcTime,
)
from agent.playbooks.format import Playbook, Question

StepName: TypeAlias = Literal["recall", "plan", "gather", "call", "assess", "finding", "challenge", "conclude", "gates"]


class Step(Model):
    """One line of a live investigation."""

    case_id: str
    step: StepName
    text: str
    at: UtcTime
    evidence: str | None = None
    claim: str | None = None
    status: str | None = None


class Reader(Protocol):
    """The read door, as an investigation sees it."""

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """The answers in the order of the calls; each call becomes evidence, whatever happens to it."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one investigation may spend."""

    calls: int = 25
    rounds: int = 6
    seconds: float = 120.0
    """Time spent looking and weighing. What a brain takes to decide is not counted: models have their own budgets."""


def _nobody_counts(seconds: float) -> None:
    """For doors that keep no time."""


def _nothing_beside(tool: str) -> bool:
    """For doors that know of no server beside those that playbooks count on."""
    return False


@dataclass(frozen=True, slots=True)
class Deps:
    """What the steps work with; the same for every step of one investigation."""

    case_id: str
    brain: Brain
    fallback: Brain
    """Asked when `brain` fails: the embedded one."""
    door: Reader
    playbooks: dict[str, Playbook]
    clock: Callable[[], datetime]
    subject: Evidence
    """The alert as evidence E0."""
    neighbours: tuple[Alert, ...] = ()
    limits: Limits = field(default_factory=Limits)
    tenant: str = ""
    """Whose case it is: budgets are kept by tenant."""
    excuse: Callable[[float], None] = _nobody_counts
    """Told the seconds that a brain took to decide, which a door does not count as the case's."""
    offers: Callable[[str], bool] = _nothing_beside
    """Whether the server that a tool's full name names is connected, up or down: what playbooks ask beside."""


class State(TypedDict, total=False):
    """Fields are written by one step each, named in its docstring; every value is frozen.

    Whatever step asks a brain also writes what was decided: decisions, cut, waited, and the brain's own questions."""

    alert: Alert
    alert_class: str
    subject: str
    playbook: Playbook
    hypotheses: tuple[Hypothesis, ...]
    questions: tuple[Question, ...]
    contributions: tuple[Contribution, ...]
    order: tuple[str, ...]
    pending: tuple[str, ...]
    answers: dict[str, Evidence]
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    fits: tuple[Fit, ...]
    rounds: int
    calls: int
    challenged: bool
    started: float
    decisions: tuple[Decision, ...]
    cut: tuple[str, ...]
    waited: float
    """Seconds that brains took to decide."""
    literal: dict[str, JsonObject]
    """Arguments of the brain's own questions, by question id: taken as they are, never filled like a template."""
    facts: Facts
    contributions_without_text: tuple[Contribution, ...]
    """What the alert says without the fields that somebody may have written into."""
    draft: Disposition
    """What code would conclude if the brain agrees."""
    conclusion: Conclusion
    report: Report
