"""The way of an alert, from the door to the stored case: deduplicate, place, investigate, save, audit."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.cases.errors import CaseConflictError
from agent.cases.lifecycle import receive
from agent.cases.store import CaseStore
from agent.evidence.ledger import Ledger
from agent.host.host import Host
from agent.intake import alert_class, same_incident
from agent.investigation.graph import investigate
from agent.investigation.state import Deps, Limits, Step
from agent.models import (
    CLOSING,
    SEVERITIES,
    Alert,
    Case,
    Disposition,
    Evidence,
    JsonObject,
    Report,
    Verdict,
    World,
)
from agent.playbooks.format import Playbook
from agent.replay.stability import repeated_after
from agent.replay.stored import Stored
from agent.settings import Settings
from knowledge.trust.audit import AuditLog

log = logging.getLogger(__name__)

LINK_WITHIN = timedelta(days=7)
"""How far back a closed case is looked for that a new one should know of."""

REPEAT_WITHIN = timedelta(minutes=10)
"""A repeat this close to an alert that was found harmless is the same event told again; a later one is looked at: what
was authorised or covered then says nothing about now."""

ATTEMPTS = 3
"""How often an alert is investigated when its case changes under the investigation."""

RANK: dict[Disposition, int] = {
    "false_positive": 0,
    "benign_true_positive": 0,
    "not_evaluable": 1,
    "needs_human": 2,
    "true_positive": 3,
}
"""How much a person is kept in the loop: a case of several alerts carries the highest."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one alert."""

    case: Case
    alert: Alert
    duplicate_of: str | None = None
    """Id of the alert that already said the same thing."""
    report: Report | None = None
    """What this alert's own investigation found; None for a duplicate."""


@dataclass(frozen=True, slots=True)
class Analyst:
    """Handles alerts one by one; several may be handled at once, each as a case of its own."""

    host: Host
    store: CaseStore
    brain: Brain
    playbooks: dict[str, Playbook]
    audit: AuditLog
    settings: Settings
    clock: Callable[[World], datetime]
    """Lab time for the lab, wall time for a site."""
    repeat: int = 1
    """How often a case is run; above one, again on its own evidence with changes that should change nothing."""

    async def handle(self, alert: Alert, on_step: Callable[[Step], None] | None = None) -> Handled:
        """Place the alert in a case, investigate it, and keep what was found.

        A duplicate within 24 hours is counted and not investigated again, unless what it repeats was found harmless
        at another time. When somebody else changes the case meanwhile, the alert is investigated on what it is then.

        Raises: CaseConflictError when others were quicker every time."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._handle(alert, on_step)
            except CaseConflictError as error:
                log.info("case_conflict alert=%s error=%s", alert.alert_id, error)
        return await self._handle(alert, on_step)

    async def _handle(self, alert: Alert, on_step: Callable[[Step], None] | None) -> Handled:
        tenant = self.settings.tenant(alert.world)
        duplicate = self.store.find_duplicate(tenant, alert)
        placed: _Placed | None = None
        if duplicate is not None and duplicate.status != "closed":
            before = self.store.get(duplicate.case_id, tenant)
            if not _looks_again(before, duplicate.position, alert):
                case = self.store.count_duplicate(duplicate, self.clock(alert.world))
                self._audit(case, "alert.duplicate", {"alert": alert.alert_id, "duplicate_of": duplicate.alert_id})
                return Handled(case, alert, duplicate.alert_id)
            placed = _Placed(before, before.alerts, f"repeats {duplicate.alert_id} at another time")
        placed = placed or self._place(tenant, alert)
        ledger = Ledger(placed.case.evidence)
        subject = ledger.from_alert(alert, asked_at=self.clock(alert.world))
        report = await self._investigate(placed, alert, subject, ledger, on_step)
        if self.repeat > 1:
            report = await self._repeated(placed, alert, subject, ledger, report)
        case = self.store.save(_concluded(placed.case, alert, ledger, report, self.clock(alert.world)))
        verdict = report.verdict
        self._audit(
            case,
            "case.investigated",
            {
                "alert": alert.alert_id,
                "placed": placed.reason,
                "disposition": verdict.disposition,
                "priority": verdict.priority,
                "brain": report.brain,
                "evidence": len(case.evidence),
            },
        )
        return Handled(case, alert, report=report)

    async def _investigate(
        self,
        placed: "_Placed",
        alert: Alert,
        subject: Evidence,
        ledger: Ledger,
        on_step: Callable[[Step], None] | None,
    ) -> Report:
        settings, world = self.settings, alert.world
        door = self.host.read_door(world=world, ledger=ledger, clock=lambda: self.clock(world))
        deps = Deps(
            case_id=placed.case.id,
            brain=self.brain,
            fallback=PlaybookBrain(),
            door=door,
            playbooks=self.playbooks,
            clock=lambda: self.clock(world),
            subject=subject,
            neighbours=placed.neighbours,
            limits=Limits(settings.max_calls, settings.max_rounds, settings.max_seconds),
            tenant=placed.case.tenant,
            excuse=door.budget.excuse,
            offers=door.offers,
        )
        return await investigate(alert, alert_class(alert), deps, on_step)

    async def _repeated(
        self, placed: "_Placed", alert: Alert, subject: Evidence, ledger: Ledger, report: Report
    ) -> Report:
        """The report with its stability; a case that would close, and does not every time, is a person's."""
        settings = self.settings
        stored = Stored(
            case_id=placed.case.id,
            tenant=placed.case.tenant,
            alert=alert,
            alert_class=report.alert_class,
            subject=subject,
            answers=ledger.evidence[len(placed.case.evidence) + 1 :],
            neighbours=placed.neighbours,
            report=report,
            decisions=report.decisions,
            brain=report.brain,
        )
        limits = Limits(settings.max_calls, settings.max_rounds, settings.max_seconds)
        return await repeated_after(stored, self.brain, self.playbooks, self.repeat, limits=limits)

    def _place(self, tenant: str, alert: Alert) -> "_Placed":
        """The case the alert belongs to: an open one it is tied to, a closed one it reopens, or a new one."""
        now = self.clock(alert.world)
        tied = [
            (candidate, reason)
            for candidate in self.store.candidates(tenant, alert, LINK_WITHIN)
            if (reason := same_incident(alert, candidate.alert)) is not None
        ]
        neighbours = tuple(candidate.alert for candidate, _ in tied)
        linked: tuple[str, ...] = ()
        for candidate, reason in tied:
            case = self.store.get(candidate.case_id, tenant)
            reception = receive(case, alert)
            if reception == "reopen":
                case = self.store.reopen(case.id, "mcpsoc", f"alert {alert.alert_id}: {reason}", now, tenant)
            if reception != "link":
                return _Placed(case, neighbours, reason)
            linked = (*linked, case.id) if case.id not in linked else linked
        case = Case(
            id=self.store.new_id(),
            tenant=tenant,
            world=alert.world,
            title=_title(alert),
            status="investigating",
            created_at=now,
            updated_at=now,
            alerts=(),
            linked=linked,
            synthetic=alert.synthetic,
        )
        return _Placed(case, neighbours, "a case of its own")

    def _audit(self, case: Case, event: str, data: JsonObject) -> None:
        self.audit.append(case.tenant, "mcpsoc", event, {"case": case.id, **data}, self.clock(case.world))


@dataclass(frozen=True, slots=True)
class _Placed:
    """The case an alert goes into, the alerts it is tied to, and why."""

    case: Case
    neighbours: tuple[Alert, ...]
    reason: str


def _title(alert: Alert) -> str:
    where = alert.text("host.name") or alert.text("user.name") or alert.text("source.ip")
    return f"{alert.title} ({where})" if where else alert.title


def _looks_again(case: Case, position: int, alert: Alert) -> bool:
    """Whether a repeat has to be investigated: its case was found harmless, at a time that was another one."""
    harmless = case.report is not None and case.report.verdict.disposition in CLOSING
    told = case.alerts[position].time if position < len(case.alerts) else alert.time
    return harmless and abs(alert.time - told) > REPEAT_WITHIN


def _concluded(case: Case, alert: Alert, ledger: Ledger, report: Report, now: datetime) -> Case:
    """The case with the alert, its evidence, and the report that keeps a person most in the loop."""
    return case.model_copy(
        update={
            "alerts": (*case.alerts, alert),
            "evidence": ledger.evidence,
            "report": report if case.report is None else worst(case.report, report),
            "status": "open" if case.status in ("new", "investigating") else case.status,
            "updated_at": max(now, case.updated_at),
        }
    )


def worst(kept: Report, fresh: Report) -> Report:
    """The report a case shows after one more alert: the graver one, never milder or less urgent than either was.

    Of two equally grave ones the newer."""
    shown = fresh if _gravity(fresh.verdict) >= _gravity(kept.verdict) else kept
    severity = max(kept.verdict.severity, fresh.verdict.severity, key=SEVERITIES.index)
    priority = min(kept.verdict.priority, fresh.verdict.priority)
    verdict = shown.verdict.model_copy(update={"severity": severity, "priority": priority})
    return shown.model_copy(update={"verdict": verdict})


def _gravity(verdict: Verdict) -> tuple[int, int, int, float]:
    """Disposition first, then urgency (P1 before P4), severity and likelihood."""
    urgency = -int(verdict.priority[1])
    return RANK[verdict.disposition], urgency, SEVERITIES.index(verdict.severity), verdict.likelihood
