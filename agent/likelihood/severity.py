"""How bad it is if it is true, and what to look at first. Pure tables, in `weights.yaml` with their reasons.

severity = stage, stepped by asset criticality, privilege and outcome; priority = severity x likelihood.
Everything that lowers is attested: techniques come from the rule, the outcome from typed fields.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from agent.intake.attack import tactics_of
from agent.likelihood.attested import attested, is_privileged
from agent.likelihood.authentication import is_failure, is_success
from agent.likelihood.rule import rule_class
from agent.likelihood.weights import weights
from agent.models import SEVERITIES, Alert, Outcome, Priority, Severity

BLOCKING: Final = frozenset({
    "blocked", "block", "denied", "deny", "drop", "dropped", "reject", "rejected", "quarantine", "quarantined",
    "remove",
    "removed", "clean", "cleaned", "prevented", "remediated", "access denied",
})  # fmt: skip


ANSWERED_ONLY: Final = frozenset({"web", "network", "process", "file"})
"""Categories whose success says that a request was answered or a program started, not that an attack worked."""


def severity(
    alert: Alert,
    *,
    techniques: Sequence[str] = (),
    criticality: str | None = None,
    privileged: bool = False,
    outcome: Outcome = "unknown",
) -> Severity:
    """Impact if true. `techniques` are those found so far; the alert's own always count with them.

    An unknown asset counts as medium; privilege counts when the inventory or the alert itself attests it."""
    table = weights().severity
    step = table.criticality.get(criticality or "medium", table.criticality["medium"]).step
    step += table.privileged.step if privileged or is_privileged(alert) else 0
    step += table.outcome[outcome].step
    return SEVERITIES[max(0, min(len(SEVERITIES) - 1, _base(alert, techniques) + step))]


def stage_of(techniques: Iterable[str]) -> str | None:
    """The tactic that weighs most of those the techniques serve; a technique of several stages counts by its mildest,
    since it alone does not show the worse ones."""
    stages = weights().severity.stages
    mildest = [min(known, key=lambda name: stages[name].base) for item in techniques if (known := _known(item))]
    return max(mildest, key=lambda name: stages[name].base, default=None)


def outcome_of(alert: Alert) -> Outcome:
    """What the alert itself attests about whether it worked."""
    actions = {
        attested(alert, "event.action"),
        attested(alert, "antivirus.action"),
        attested(alert, "email.delivery_action"),
    }
    if actions & BLOCKING:
        return "blocked"
    if is_failure(alert):
        return "attempted"
    if is_success(alert):
        return "succeeded"
    if attested(alert, "event.category") in ANSWERED_ONLY and attested(alert, "event.outcome") == "success":
        return "unknown"
    by_word: dict[str | None, Outcome] = {"failure": "attempted", "success": "succeeded"}
    return by_word.get(attested(alert, "event.outcome"), "unknown")


def priority(severity: Severity, likelihood: float) -> Priority:
    """P1 to P4: how bad times how likely."""
    table = weights().severity.priority
    return table.rows[severity][bisect_right(table.bands, likelihood)]


def _base(alert: Alert, techniques: Sequence[str]) -> int:
    table = weights().severity
    stage = stage_of((*alert.techniques, *techniques))
    if stage is not None:
        return table.stages[stage].base
    found = rule_class(alert)
    return 0 if found is not None and found.id in table.informational_classes else table.unknown_stage.base


def _known(technique: str) -> list[str]:
    return [tactic for tactic in tactics_of(technique) if tactic in weights().severity.stages]
