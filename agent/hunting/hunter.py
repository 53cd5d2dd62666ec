"""A hunt from beginning to end: translated, asked, judged and kept like any other case."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agent.analyst import Analyst
from agent.brain.playbook import PlaybookBrain
from agent.evidence.ledger import Ledger
from agent.host.read import Budget
from agent.hunting.errors import HuntError
from agent.hunting.hunt import HUNT, Hunt, alert_of
from agent.hunting.judging import HuntResult, result_of
from agent.hunting.looking import MOST_LOOKS, NameLooker
from agent.hunting.playbook import followed, looks_of
from agent.hunting.trails import Trail
from agent.hunting.translating import translate
from agent.hunting.watching import MOST_HOSTS, blind_hosts
from agent.investigation.state import Step
from agent.models import Case, Report, World, utc_now
from agent.playbooks.format import Question

NOTHING: Final = (
    "nothing in it can be looked for: name a host, an account, an address, a domain, a file hash, an ATT&CK technique"
    " or a kind of trace (sign-ins, SMB, PowerShell, DNS tunnels, new services, ...)"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a hunt is going to look for, to be shown before it does."""

    hunt: Hunt
    trails: tuple[Trail, ...]
    looks: tuple[Question, ...]
    """Without the looks that every hunt makes."""
    idle: tuple[Trail, ...]
    """Trails that the words chose and that lack a name to be followed by."""


@dataclass(frozen=True, slots=True)
class Hunted:
    """What a hunt came to."""

    plan: Plan
    case: Case
    report: Report
    result: HuntResult


@dataclass(frozen=True, slots=True)
class Hunter:
    """Takes hypotheses to their result, in one world."""

    analyst: Analyst
    world: World

    async def plan(self, text: str, *, since: datetime | None = None, until: datetime | None = None) -> Plan:
        """What the words lead to. Raises: HuntError when that is nothing at all."""
        if not text.strip():
            raise HuntError("a hunt needs a hypothesis: what may have happened, in words")
        now = self.analyst.clock(self.world)
        budget = Budget(calls=MOST_LOOKS + 2 * MOST_HOSTS, seconds=120.0)
        door = self.analyst.host.read_door(world=self.world, ledger=Ledger(), clock=lambda: now, budget=budget)
        looker = NameLooker(door, now)
        hunt = await translate(text, looker, since=since, until=until)
        if hunt.length.total_seconds() <= 0:
            raise HuntError("a hunt needs a span of time: it has to begin before it ends")
        looks = looks_of(hunt, self.analyst.playbooks[HUNT])
        sensors = tuple(dict.fromkeys(question.sensor for question in looks if question.sensor is not None))
        if sensors and not (hunt.hosts or hunt.targets):
            hunt = hunt.model_copy(update={"blind": await blind_hosts(hunt, sensors, looker)})
            looks = looks_of(hunt, self.analyst.playbooks[HUNT])
        if not looks and self.analyst.brain.name == PlaybookBrain.name:
            raise HuntError(NOTHING)
        asked = {question.id for question in looks}
        trails = followed(hunt)
        idle = tuple(trail for trail in trails if not asked.intersection(_telling(trail)))
        return Plan(hunt, trails, looks, idle)

    async def go(self, plan: Plan, on_step: Callable[[Step], None] | None = None) -> Hunted:
        """Ask, judge and keep."""
        handled = await self.analyst.handle(alert_of(plan.hunt, self.world, utc_now()), on_step)
        report = handled.report or handled.case.report
        if report is None:
            raise HuntError("the hunt ended without a report")
        return Hunted(plan, handled.case, report, result_of(report))


def _telling(trail: Trail) -> list[str]:
    """The looks of a trail that say something by themselves."""
    return [look for look in trail.looks if look not in ("hunted_host", "hunted_target")]
