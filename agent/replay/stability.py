"""Does a case end the same way when nothing that matters is changed? If not, and it would close, it is a person's."""

from collections.abc import Callable, Mapping

from agent.brain.protocol import Brain
from agent.investigation.state import Limits
from agent.models import CLOSING, GateResult, Report, Severity, Stability, Variation
from agent.playbooks.format import Playbook
from agent.replay.replay import Replayed, brain_said, replay
from agent.replay.stored import Stored
from agent.replay.variations import UNCHANGED, variations

BANDS: Mapping[Severity, int] = {"informational": 0, "low": 0, "medium": 1, "high": 2, "critical": 2}
"""Severities that a queue treats alike."""
GATE = "ends_the_same"
BY_HAND = "Decide by hand: the case does not end the same way when something is changed that says nothing."


async def repeated(
    stored: Stored,
    brain_of: Callable[[Stored], Brain],
    playbooks: Mapping[str, Playbook],
    runs: int,
    *,
    seed: int = 0,
    limits: Limits | None = None,
) -> Replayed:
    """The stored investigation run `runs` times, the first as it is; the report of the first, with its stability.

    Decisions that are played back are those of the changed case."""
    first: Replayed | None = None
    seen: list[Variation] = []
    for changed, variant in variations(stored, runs, seed):
        run = await replay(variant, brain_of(variant), playbooks, limits=limits)
        first = first or run
        seen.append(variation(changed, run.report))
    if first is None:
        raise ValueError("nothing is repeated less than once")
    return Replayed(stored, steadied(first.report, seen), first.evidence, first.unanswered)


async def repeated_after(
    stored: Stored, brain: Brain, playbooks: Mapping[str, Playbook], runs: int, *, limits: Limits | None = None
) -> Report:
    """A report just made, with its stability: the run itself counts as the first, the others go by its evidence."""
    seen = [variation(UNCHANGED, stored.ended)]
    for changed, variant in list(variations(stored, runs))[1:]:
        seen.append(variation(changed, (await replay(variant, brain, playbooks, limits=limits)).report))
    return steadied(stored.ended, seen)


def variation(changed: str, report: Report) -> Variation:
    """How one run ended."""
    verdict = report.verdict
    return Variation(
        changed=changed,
        disposition=verdict.disposition,
        severity=verdict.severity,
        likelihood=verdict.likelihood,
        concluded=brain_said(report),
    )


def steadied(report: Report, seen: list[Variation]) -> Report:
    """The report with how its runs ended; a verdict that closes goes to a person when they differ, none is lowered."""
    if len(seen) < 2:
        return report
    kept = Stability(variations=tuple(seen), stable=is_stable(seen))
    report = report.model_copy(update={"stability": kept})
    verdict = report.verdict
    if kept.stable or verdict.disposition not in CLOSING:
        return report
    differs = ", ".join(item.changed for item in seen if not _alike(seen[0], item))
    gate = GateResult(
        gate=GATE,
        passed=False,
        reason=f"ends otherwise with: {differs}",
        before=verdict.disposition,
        after="needs_human",
    )
    update = {"disposition": "needs_human", "gates": (*verdict.gates, gate), "authorisation": None}
    return report.model_copy(
        update={
            "verdict": verdict.model_copy(update=update),
            "opening": report.opening.model_copy(update={"what_to_do_now": BY_HAND}),
        }
    )


def is_stable(seen: list[Variation]) -> bool:
    """Same disposition, same band of severity, and the brain on the same side of closing, every time."""
    return all(_alike(seen[0], item) for item in seen)


def _alike(first: Variation, other: Variation) -> bool:
    return (
        first.disposition == other.disposition
        and BANDS[first.severity] == BANDS[other.severity]
        and (first.concluded in CLOSING) == (other.concluded in CLOSING)
    )
