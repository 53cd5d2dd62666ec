"""What a case keeps of one investigation: the alert, the answers it was given, and what came of it."""

from dataclasses import dataclass

from agent.intake import alert_class, same_incident
from agent.investigation.retrace import investigated
from agent.models import Alert, Case, Decision, Evidence, Report, World
from agent.replay.errors import NotReplayableError


@dataclass(frozen=True, slots=True)
class Stored:
    """One investigation, ready to be run again."""

    case_id: str
    tenant: str
    alert: Alert
    alert_class: str
    subject: Evidence
    """The alert as evidence."""
    answers: tuple[Evidence, ...]
    """Every answer of that investigation, in the order they came."""
    neighbours: tuple[Alert, ...] = ()
    report: Report | None = None
    """What it ended with then; None when that is not known, or not of these words."""
    decisions: tuple[Decision, ...] = ()
    """What was decided then."""
    brain: str = ""
    """Who decided."""

    @property
    def world(self) -> World:
        """Where the case lives."""
        return self.alert.world

    @property
    def ended(self) -> Report:
        """The report it ended with. Raises: NotReplayableError."""
        if self.report is None:
            raise NotReplayableError(f"case {self.case_id} has no report yet")
        return self.report


def open_stored(case: Case) -> Stored:
    """The investigation that the case's report came from.

    Neighbours are the alerts that were in the case before and belong to the same incident.

    Raises: NotReplayableError when there is no report, or the alert it is about is no longer there."""
    report = case.report
    if report is None:
        raise NotReplayableError(f"case {case.id} has no report yet")
    subject, alert, answers = investigated(case, report)
    if subject is None or alert is None:
        raise NotReplayableError(f"case {case.id} does not keep the alert that its report is about")
    before = case.alerts[: next(index for index, item in enumerate(case.alerts) if item is alert)]
    return Stored(
        case_id=case.id,
        tenant=case.tenant,
        alert=alert,
        alert_class=report.alert_class or alert_class(alert),
        subject=subject,
        answers=answers,
        neighbours=tuple(item for item in before if same_incident(alert, item) is not None),
        report=report,
        decisions=report.decisions,
        brain=report.brain,
    )
