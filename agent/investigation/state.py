"""What travels through the graph, what the steps may use, and what they stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, TypedDict

from agent.brain.protocol import Brain, Conclusion
from agent.evidence.authorisation import Fit
from agent.evidence.telemetry import Coverage
from agent.models import Alert, Claim, Contribution, Evidence, Finding, Hypothesis, JsonObject, Model, Report, UtcTime
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


class State(TypedDict, total=False):
    """Fields are written by one step each, named in its docstring; every value is frozen."""

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
    conclusion: Conclusion
    report: Report
