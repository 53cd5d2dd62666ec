"""The decisions a brain fills, and nothing else.

Code owns order, limits, arithmetic, time, provenance and permission; it asks every required question whatever the
brain says, reads every answer by the playbook, and lets a brain only *add*: a brain that drops, lowers or closes
changes nothing. What a brain adds is class T3: it can raise a verdict, never lower one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from pydantic import Field

from agent.models import (
    Alert,
    Claim,
    Contribution,
    Decision,
    Disposition,
    Evidence,
    Finding,
    Gap,
    Hypothesis,
    JsonObject,
    Model,
    Scalar,
    Usage,
    World,
)
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
    case_id: str = ""
    tenant: str = ""
    world: World = "lab"
    now: datetime | None = None
    """The case's clock when the question was put."""
    subject: str = "E0"
    """Evidence id of the alert itself."""
    contributions: tuple[Contribution, ...] = ()
    """What the alert alone says about the likelihood."""
    gaps: tuple[Gap, ...] = ()
    """Sensors that did not cover the event, as far as is known yet."""
    answered: tuple[tuple[str, str], ...] = ()
    """Question id and the id of its answer, in the order they were asked."""
    decisions: tuple[Decision, ...] = ()
    """What was decided before in this investigation: a brain that keeps nothing finds its conversation here."""
    reads_left: int = 0
    """How many reads of the brain's own are still to be had in this case."""
    draft: Disposition | None = None
    """What code would conclude if the brain agrees; only shown to a conclusion."""


class Taken(Model):
    """How a choice came about, where a model took it or should have."""

    by: str
    """`model:` and the model's name, or `playbook` where the embedded brain stood in."""
    prompt: str = ""
    messages: tuple[JsonObject, ...] = ()
    """What the choice added to the conversation with the model, in Chat Completions form."""
    problems: tuple[str, ...] = ()
    fell_back: str | None = None
    """Why no model took it."""
    cut: tuple[str, ...] = ()
    """What a budget left out."""
    usage: Usage = Usage()


class Choice(Model):
    """What every decision has in common."""

    taken: Taken | None = Field(default=None, exclude=True)
    """None where no model is involved. It is kept beside the decision, not in it."""


class OwnRead(Model):
    """A read of the brain's own that no question of the playbook makes, through the read door like any other."""

    tool: str
    """Full name, `server__tool`."""
    arguments: JsonObject
    why: str = ""


Bearing: TypeAlias = Literal["strongly_for", "for", "neutral", "against", "strongly_against"]


class Weighed(Model):
    """What the brain thinks a claim says about a hypothesis: held against the evidence matrix, it moves nothing."""

    claim: str
    hypothesis: str
    bearing: Bearing


class Plan(Choice):
    """In which order to look."""

    order: tuple[str, ...]
    """Question ids, most telling first; required questions that are left out are asked all the same, first."""
    first: tuple[str, ...] = ()
    """Optional questions that are asked together with the required ones; the others wait for a gap."""
    reads: tuple[OwnRead, ...] = ()


class ExtraFinding(Model):
    """Something the brain noticed that no playbook reading says: a claim to be re-run, and which way it points."""

    claim: Claim
    raises: bool
    """True when it speaks for a malicious hypothesis; False is recorded and weighs nothing."""


class Assessment(Choice):
    """What the brain makes of the evidence so far."""

    gap: str | None = None
    """The one thing that would still tell the hypotheses apart, in words; None when nothing would."""
    ask: tuple[str, ...] = ()
    """Question ids to ask next; needs a `gap`."""
    extra: tuple[ExtraFinding, ...] = ()
    reads: tuple[OwnRead, ...] = ()
    """Needs a `gap`, like `ask`."""
    weighed: tuple[Weighed, ...] = ()
    expand: tuple[str, ...] = ()
    """Parts of answers, as `E5 $.events`, that it wants to see with what it asks for."""


class Challenge(Choice):
    """The other side's best case."""

    against: str
    """Id of the leading hypothesis."""
    rival: str
    """Id of the hypothesis that was argued."""
    ask: tuple[str, ...] = ()
    """Question ids that could still turn the result."""
    argument: tuple[str, ...] = ()
    """Claim ids that speak for the rival."""


class Conclusion(Choice):
    """The brain's word on the outcome; code decides, and takes from it only what raises."""

    disposition: Disposition
    highlights: tuple[str, ...] = ()
    """Claim ids that carry the story, in telling order."""
    hypothesis: str | None = None
    """Id of the hypothesis that the brain holds to be true."""
    second: Disposition | None = None
    """What it concluded when it was asked again with the roles swapped; None when it was asked once."""
    overturn: str | None = None
    """What it then named as that which would overturn its conclusion."""


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
