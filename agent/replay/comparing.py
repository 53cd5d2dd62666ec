"""Two sets of runs over the same cases, side by side: what flips, who is right, what it costs."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agent.brain.protocol import Brain
from agent.investigation.state import Limits
from agent.models import CLOSING, Disposition, HumanVerdict, Model, Report, Stability, Usage
from agent.playbooks.format import Playbook
from agent.replay.difference import decided_by, fell_back
from agent.replay.stability import repeated
from agent.replay.stored import Stored


class Ended(Model):
    """How one case ended under one brain."""

    case: str
    title: str
    disposition: Disposition
    severity: str
    likelihood: float
    decided_by: str = ""
    expected: Disposition | None = None
    """What a person said; None where nobody did, or where several ends are right."""
    right: bool | None = None
    """Whether it ended as expected; None where nobody knows."""
    is_attack: bool = False
    """Whether a person confirmed an attack, or the lab knows of one."""
    fell_back: str = ""
    """Where the embedded brain decided in a model's place: the step and why."""
    unanswered: int = 0
    """Questions that had no stored answer."""
    stable: bool | None = None
    """None where it was run once."""
    usage: Usage = Usage()
    seconds: float = 0.0


class Results(Model):
    """All cases under one brain."""

    kind: Literal["results"] = "results"
    brain: str
    cases: tuple[Ended, ...]

    @property
    def usage(self) -> Usage:
        """All of it together."""
        total = Usage()
        for ended in self.cases:
            total = total.plus(ended.usage)
        return total


class Flip(Model):
    """A case that two brains end in different dispositions."""

    case: str
    title: str
    expected: Disposition | None
    a: Disposition
    a_decided_by: str
    b: Disposition
    b_decided_by: str
    closes: Literal["a", "b", "neither", "both"]
    """Which of the two tells a person that there is nothing to do."""


class Comparison(Model):
    """Two result sets held against each other."""

    kind: Literal["comparison"] = "comparison"
    n: int
    """Cases that both have."""
    same: int
    flips: tuple[Flip, ...]
    known: int
    """Cases whose right end is known."""
    both_right: int
    only_a_right: int
    """The b of McNemar's test."""
    only_b_right: int
    """The c of McNemar's test."""
    neither_right: int
    p_value: float | None
    """Two-sided exact McNemar: how likely so lopsided a split is when neither is better; None without a split."""
    attacks_closed_by_b: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """Cases that only one of them has."""
    a: Results
    b: Results


@dataclass(frozen=True, slots=True)
class Candidate:
    """One case to run, with what is known about its right end."""

    name: str
    stored: Stored
    expected: Disposition | None = None
    is_attack: bool = False
    seed: int = 0
    then: Ended | None = None
    """How it ended when it was investigated, where the case itself no longer says."""

    @classmethod
    def of(cls, stored: Stored, human: HumanVerdict | None) -> "Candidate":
        """A case of the store, with the verdict a person gave it."""
        expected = human.disposition if human is not None else None
        confirmed = human is not None and (expected == "true_positive" or human.reason_code == "confirmed_attack")
        return cls(stored.case_id, stored, expected, confirmed)


async def run_all(
    candidates: Sequence[Candidate],
    brain_of: Callable[[Stored], Brain],
    playbooks: Mapping[str, Playbook],
    *,
    runs: int = 1,
    limits: Limits | None = None,
    on_case: Callable[[Ended], None] = lambda ended: None,
) -> Results:
    """Every case run again, one after the other; `runs` above one also says whether each is stable."""
    seen: list[Ended] = []
    name = ""
    for candidate in candidates:
        brain = brain_of(candidate.stored).name
        name = brain if name in ("", brain) else "several"
        run = await repeated(candidate.stored, brain_of, playbooks, runs, seed=candidate.seed, limits=limits)
        seen.append(ended(candidate, run.report, len(run.unanswered)))
        on_case(seen[-1])
    return Results(brain=name, cases=tuple(seen))


def as_stored(candidates: Sequence[Candidate]) -> Results:
    """How the cases ended when they were investigated; nothing is run. Raises: NotReplayableError."""
    seen = tuple(candidate.then or ended(candidate, candidate.stored.ended, 0) for candidate in candidates)
    return Results(brain="stored", cases=seen)


def ended(candidate: Candidate, report: Report, unanswered: int) -> Ended:
    """One run in short."""
    verdict = report.verdict
    return Ended(
        case=candidate.name,
        title=candidate.stored.alert.title,
        disposition=verdict.disposition,
        severity=verdict.severity,
        likelihood=verdict.likelihood,
        decided_by=decided_by(report),
        expected=candidate.expected,
        right=None if candidate.expected is None else verdict.disposition == candidate.expected,
        is_attack=candidate.is_attack,
        fell_back=fell_back(report),
        unanswered=unanswered,
        stable=_stable(report.stability),
        usage=report.usage,
        seconds=round(report.seconds + report.usage.seconds, 3),
    )


def compare(a: Results, b: Results) -> Comparison:
    """The cases that both have, held against each other; the others are named and left out."""
    first, second = {item.case: item for item in a.cases}, {item.case: item for item in b.cases}
    pairs = [(first[name], second[name]) for name in first if name in second]
    known = [(left.right, right.right) for left, right in pairs if left.right is not None and right.right is not None]
    only_a, only_b = known.count((True, False)), known.count((False, True))
    return Comparison(
        n=len(pairs),
        same=sum(left.disposition == right.disposition for left, right in pairs),
        flips=tuple(_flip(left, right) for left, right in pairs if left.disposition != right.disposition),
        known=len(known),
        both_right=known.count((True, True)),
        only_a_right=only_a,
        only_b_right=only_b,
        neither_right=known.count((False, False)),
        p_value=mcnemar(only_a, only_b),
        attacks_closed_by_b=tuple(
            right.case for left, right in pairs if (left.is_attack or right.is_attack) and right.disposition in CLOSING
        ),
        left_out=tuple(name for name in (*first, *second) if (name in first) != (name in second)),
        a=a,
        b=b,
    )


def mcnemar(b: int, c: int) -> float | None:
    """Two-sided exact probability of a split at least as lopsided as `b` to `c`, each side equally likely.

    Source: McNemar, Psychometrika 12 (1947), in its exact binomial form."""
    total = b + c
    if total == 0:
        return None
    tail = sum(math.comb(total, k) for k in range(min(b, c) + 1))
    return round(float(min(1.0, 2.0 * tail / 2**total)), 4)


def _flip(a: Ended, b: Ended) -> Flip:
    return Flip(
        case=a.case,
        title=a.title or b.title,
        expected=a.expected or b.expected,
        a=a.disposition,
        a_decided_by=a.decided_by,
        b=b.disposition,
        b_decided_by=b.decided_by,
        closes=_closing(a.disposition, b.disposition),
    )


def _closing(a: Disposition, b: Disposition) -> Literal["a", "b", "neither", "both"]:
    if a in CLOSING:
        return "both" if b in CLOSING else "a"
    return "b" if b in CLOSING else "neither"


def _stable(stability: Stability | None) -> bool | None:
    return None if stability is None else stability.stable
