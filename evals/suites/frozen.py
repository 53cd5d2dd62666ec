"""Frozen cases of a folder, run again on their evidence and held against what a person said."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from agent.brain.protocol import Brain
from agent.models import CLOSING, Disposition, Usage
from agent.playbooks.format import load_playbooks
from agent.replay.comparing import Ended, ended
from agent.replay.stability import repeated
from agent.replay.stored import Stored
from evals.frozen.format import candidate_of, folders_of, read_frozen
from evals.measured import Measured
from evals.report import DISPOSITIONS, FrozenReport, FrozenRow
from evals.statistics import Rate
from evals.stopping import until_stopped

BrainOf = Callable[[Stored], Brain]


async def run_frozen(folder: Path, brain_of: BrainOf, *, progress: Callable[[str], None]) -> FrozenReport:
    """Every frozen case below `folder` by the brain that is given.

    Raises: DataMissingError, DataBrokenError."""
    started, rows, brain = perf_counter(), [], ""
    playbooks = load_playbooks()
    folders = folders_of(folder)
    async with until_stopped() as stop:
        for each in folders:
            frozen, stored = read_frozen(each)
            brain = brain_of(stored).name
            candidate = candidate_of(frozen, stored)
            run = await repeated(stored, brain_of, playbooks, 1, seed=frozen.seed)
            row = ended(candidate, run.report, len(run.unanswered))
            rows.append(FrozenRow(**dict(row), then=frozen.then.disposition))
            progress(f"{frozen.name}: {row.disposition}, a person said {frozen.expected}")
    return _report(str(folder), brain, rows, perf_counter() - started, interrupted=stop.requested)


def _report(folder: str, brain: str, rows: Sequence[FrozenRow], seconds: float, *, interrupted: bool) -> FrozenReport:
    usage = Usage()
    for row in rows:
        usage = usage.plus(row.usage)
    return FrozenReport(
        folder=folder,
        brain=brain,
        n=len(rows),
        as_expected=Measured.of(Rate(sum(row.right is True for row in rows), len(rows))),
        attacks_closed=sum(row.is_attack and row.disposition in CLOSING for row in rows),
        as_then=sum(row.disposition == row.then for row in rows),
        confusion=_confusion(rows),
        unanswered=sum(row.unanswered for row in rows),
        usage=usage,
        seconds=round(seconds, 2),
        interrupted=interrupted,
        cases=tuple(rows),
    )


def _confusion(rows: Sequence[Ended]) -> dict[str, dict[str, int]]:
    """What the person said to how it ended to count."""
    expected: list[Disposition] = [name for name in DISPOSITIONS if any(row.expected == name for row in rows)]
    return {
        wanted: {name: sum(row.expected == wanted and row.disposition == name for row in rows) for name in DISPOSITIONS}
        for wanted in expected
    }
