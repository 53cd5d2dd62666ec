"""How alike two cases are, and in what: entities, techniques, rules, class, and the order of what was found.

Similarity is context for a person. It never enters a verdict: what another case was says nothing about this one.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from agent.intake.observables import observables
from agent.models import Case, CaseStatus, Disposition, Model, UtcTime

Kind: TypeAlias = Literal["entity", "technique", "rule", "sequence", "class"]

WEIGHTS: Final[dict[Kind, float]] = {"entity": 0.45, "technique": 0.2, "rule": 0.3, "sequence": 0.35, "class": 0.05}
"""What one shared thing of a kind adds at most; what every case has adds less. A class adds only to cases that are
alike without it."""
LEAST: Final = 0.21
"""Score below which two cases are not called similar: one technique in common is not enough."""
SHORTEST_SEQUENCE: Final = 2
_UNTELLING: Final = frozenset({"process", "url"})
"""Observables that no two events share, or that are too long to be a name."""


class Shared(Model):
    """One thing that two cases have in common."""

    kind: Kind
    value: str
    """`host:ws-1`, `T1110.003`, the rule's name, the class, or the claims in their order; may hold an attacker's
    words."""


class Similar(Model):
    """A case like another one."""

    id: str
    title: str
    score: float
    """0 to 1."""
    why: tuple[Shared, ...]
    """The most telling first."""
    status: CaseStatus
    disposition: Disposition | None
    human_disposition: Disposition | None
    created_at: UtcTime
    closed_at: UtcTime | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a case is known by."""

    case: Case
    """Without its evidence."""
    traits: frozenset[tuple[Kind, str]]
    sequence: tuple[str, ...]
    """Ids of the claims that speak for malice or settle something, in the order of the report."""

    @property
    def alert_class(self) -> str:
        """Class of its alerts; empty before it was investigated."""
        return self.case.report.alert_class if self.case.report else ""


def profile_of(case: Case) -> Profile:
    """The profile of a case; its evidence is not needed."""
    traits: set[tuple[Kind, str]] = set()
    for alert in case.alerts:
        traits.add(("rule", alert.rule.name))
        traits.update(("technique", technique) for technique in alert.techniques)
        traits.update(
            ("entity", f"{seen.type}:{seen.value.lower()}")
            for seen in observables(alert)
            if seen.type not in _UNTELLING
        )
    if case.report is None:
        return Profile(case, frozenset(traits), ())
    traits.update(("technique", technique) for technique in case.report.verdict.techniques)
    telling = (item for item in case.report.findings if item.decisive_for or max(item.weights.values(), default=0) > 0)
    return Profile(case, frozenset(traits), tuple(dict.fromkeys(finding.claim for finding in telling)))


def similar(case: Case, others: Sequence[Case], limit: int = 10) -> tuple[Similar, ...]:
    """The cases most like this one, best first, of those that are alike enough.

    A thing that many of them share says little: its weight falls with how many have it."""
    mine = profile_of(case)
    profiles = [profile_of(other) for other in others if other.id != case.id]
    common = Counter(trait for profile in profiles for trait in profile.traits)
    found = [_compared(mine, profile, common, len(profiles)) for profile in profiles]
    alike = [item for item in found if item.score >= LEAST]
    newest_first = sorted(alike, key=lambda item: item.created_at, reverse=True)
    return tuple(sorted(newest_first, key=lambda item: -item.score)[:limit])


def _compared(mine: Profile, other: Profile, common: Counter[tuple[Kind, str]], cases: int) -> Similar:
    """The two held against each other; what they share adds up like independent chances."""
    weighed = {trait: WEIGHTS[trait[0]] * _rarity(common[trait], cases) for trait in mine.traits & other.traits}
    if len(order := _common_order(mine.sequence, other.sequence)) >= SHORTEST_SEQUENCE:
        share = len(order) / max(len(mine.sequence), len(other.sequence))
        weighed["sequence", " > ".join(order)] = WEIGHTS["sequence"] * share
    if 1 - math.prod(1 - weight for weight in weighed.values()) >= LEAST and mine.alert_class == other.alert_class:
        weighed |= {("class", name): WEIGHTS["class"] for name in (mine.alert_class,) if name}
    told = sorted(weighed, key=lambda trait: (-weighed[trait], trait))
    human = other.case.human
    return Similar(
        id=other.case.id,
        title=other.case.title,
        score=round(1 - math.prod(1 - weight for weight in weighed.values()), 3),
        why=tuple(Shared(kind=kind, value=value) for kind, value in told[:8]),
        status=other.case.status,
        disposition=other.case.report.verdict.disposition if other.case.report else None,
        human_disposition=human.disposition if human else None,
        created_at=other.case.created_at,
        closed_at=human.at if human else None,
    )


def _rarity(have: int, cases: int) -> float:
    """1 for what only one of many cases has, towards a quarter for what all have."""
    return 1 - 0.75 * (have - 1) / max(cases - 1, 1)


def _common_order(mine: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    """The longest sequence that both have in this order, not necessarily side by side."""
    best: list[tuple[str, ...]] = [()] * (len(theirs) + 1)
    for name in mine:
        before: tuple[str, ...] = ()
        for index, other in enumerate(theirs):
            held = best[index + 1]
            best[index + 1] = (*before, name) if name == other else max(best[index], held, key=len)
            before = held
    return best[-1]
