"""Run a stored investigation again: same alert, same answers, the brain of your choice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.investigation.graph import investigate
from agent.investigation.state import Deps, Limits, Step
from agent.models import Case, Disposition, Evidence, Report
from agent.playbooks.format import Playbook
from agent.replay.door import StoredDoor
from agent.replay.stored import Stored


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a run on stored evidence came to. It is never written anywhere."""

    stored: Stored
    report: Report
    evidence: tuple[Evidence, ...]
    """What was asked for, in that order, without the alert itself."""
    unanswered: tuple[Evidence, ...]
    """Of these, what has no stored answer."""

    @property
    def case(self) -> Case:
        """The case as it would look, for whatever reads cases; it is in no store."""
        alert = self.stored.alert
        return Case(
            id=self.stored.case_id,
            tenant=self.stored.tenant,
            world=alert.world,
            title=alert.title,
            status="open",
            created_at=self.stored.subject.asked_at,
            updated_at=self.stored.subject.asked_at,
            alerts=(alert,),
            evidence=(self.stored.subject, *self.evidence),
            report=self.report,
            synthetic=alert.synthetic,
        )


async def replay(
    stored: Stored,
    brain: Brain,
    playbooks: Mapping[str, Playbook],
    *,
    limits: Limits | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Replayed:
    """The investigation run again on the stored answers; time stands still at the moment the alert came in."""
    door = StoredDoor(stored.answers, stored.subject)
    deps = Deps(
        case_id=stored.case_id,
        brain=brain,
        fallback=PlaybookBrain(),
        door=door,
        playbooks=dict(playbooks),
        clock=lambda: stored.subject.asked_at,
        subject=stored.subject,
        neighbours=stored.neighbours,
        limits=limits or Limits(),
        tenant=stored.tenant,
        offers=door.offers,
    )
    report = await investigate(stored.alert, stored.alert_class, deps, on_step)
    return Replayed(stored, report, tuple(door.asked.values()), door.unanswered)


def brain_said(report: Report) -> Disposition:
    """What the brain itself concluded, before the gates; the verdict where its decisions are not kept."""
    last = next((item.answer for item in reversed(report.decisions) if item.step == "conclude"), {})
    said = last.get("disposition")
    known: tuple[Disposition, ...] = (
        "true_positive",
        "benign_true_positive",
        "false_positive",
        "needs_human",
        "not_evaluable",
    )
    return next((item for item in known if item == said), report.verdict.disposition)
