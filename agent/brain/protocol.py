"""The decisions a brain fills, and nothing else.

Code owns order, limits, arithmetic, time, provenance and permission; it asks every required question whatever the
brain says, reads every answer by the playbook, and lets a brain only *add*: a brain that drops, lowers or closes
changes nothing. What a brain adds is class T3: it can raise a verdict, never lower one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.models import Alert, Claim, Disposition, Evidence, Finding, Hypothesis, Model, Scalar
from agent.playbooks.format import Playbook, Question


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that a brain is shown. Everything in `alert` and `evidence` may have been written by an attacker."""

    alert: Alert
    alert_class: str
    playbook: Playbook
    hypotheses: tuple[Hypothesis, ...]
    scores: dict[str, float]
    """Hypothesis id to the sum of its weights so far."""
    evidence: tuple[Evidence, ...]
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    open_questions: tuple[Question, ...]
    """Questions that can be asked now and have not been."""


class Plan(Model):
    """In which order to look."""

    order: tuple[str, ...]
    """Question ids, most telling first; required questions that are left out are asked all the same, first."""


class ExtraFinding(Model):
    """Something the brain noticed that no playbook reading says: a claim to be re-run, and which way it points."""

    claim: Claim
    raises: bool
    """True when it speaks for a malicious hypothesis; False is recorded and weighs nothing."""


class Assessment(Model):
    """What the brain makes of the evidence so far."""

    gap: str | None = None
    """The one thing that would still tell the hypotheses apart, in words; None when nothing would."""
    ask: tuple[str, ...] = ()
    """Question ids to ask next; needs a `gap`."""
    extra: tuple[ExtraFinding, ...] = ()


class Challenge(Model):
    """The other side's best case."""

    against: str
    """Id of the leading hypothesis."""
    rival: str
    """Id of the hypothesis that was argued."""
    ask: tuple[str, ...] = ()
    """Question ids that could still turn the result."""
    argument: tuple[str, ...] = ()
    """Claim ids that speak for the rival."""


class Conclusion(Model):
    """The brain's word on the outcome; code decides, and takes from it only what raises."""

    disposition: Disposition
    highlights: tuple[str, ...] = ()
    """Claim ids that carry the story, in telling order."""


class ChangeRequest(Model):
    """A change a brain asks for. The investigation has no door for it: it is recorded and refused."""

    tool: str
    arguments: dict[str, Scalar] = {}


class Brain(Protocol):
    """Fills the decisions of one investigation. Raises nothing: a brain that fails is replaced by its default."""

    name: str

    async def plan(self, view: CaseView) -> Plan: ...

    async def assess(self, view: CaseView, fresh: Sequence[Evidence]) -> Assessment: ...

    async def challenge(self, view: CaseView) -> Challenge: ...

    async def conclude(self, view: CaseView) -> Conclusion: ...
