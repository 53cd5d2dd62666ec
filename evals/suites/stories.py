"""Suite `stories`: every story of freshly built labs goes the whole way of an alert, and is held against the truth.

The alerts are taken from the siem through the host, like anybody's; the ground truth is read from the lab's file by
this suite alone, after the case is done.
"""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from pydantic import TypeAdapter

from agent.evidence.claims import check
from agent.models import Case, Disposition, Evidence, JsonObject, Report
from evals.errors import EvalError
from evals.pipeline import BrainFactory, Pipeline, lab_pipeline, playbook_brain
from evals.report import ClaimCount, StoriesReport
from evals.stopping import until_stopped
from evals.suites.scoring import FAMILIES, KINDS, Ended, score
from evals.suites.truth import Truth, truths
from servers.lab.world import Lab

Progress = Callable[[str], None]
PER_ALERT = timedelta(minutes=1)
"""Lab time that passes while one alert is investigated."""


@dataclass(slots=True)
class _Tally:
    """What a run has so far, so that an interrupted one keeps it."""

    ended: list[Ended] = field(default_factory=list)
    busy_s: float = 0.0
    brain: str = "playbook"


async def run_stories(
    *,
    seeds: int,
    first_seed: int,
    progress: Progress,
    stories: Sequence[tuple[str, str]] | None = None,
    brain: BrainFactory = playbook_brain,
) -> StoriesReport:
    """Build `seeds` labs from `first_seed` on and run every new alert of each; `stories` picks (family, kind) pairs."""
    started = perf_counter()
    tally = _Tally()
    async with until_stopped() as stop:
        for seed in range(first_seed, first_seed + seeds):
            await _run_lab(seed, stories, brain, tally, progress)
    return score(
        tally.ended,
        brain=tally.brain,
        seeds=seeds,
        first_seed=first_seed,
        seconds=perf_counter() - started,
        busy_s=tally.busy_s,
        interrupted=stop.requested,
    )


async def _run_lab(
    seed: int, stories: Sequence[tuple[str, str]] | None, brain: BrainFactory, tally: _Tally, progress: Progress
) -> None:
    with tempfile.TemporaryDirectory(prefix="mcpsoc-eval-") as folder:
        path = Path(folder) / "lab.db"
        Lab.create(path, seed, stories=stories).close()
        progress(f"seed {seed}: lab built")
        known = truths(path)
        async with lab_pipeline(Path(folder), path, brain=brain) as pipeline:
            tally.brain = pipeline.brain.name
            for raw in await pipeline.new_alerts():
                await _run_story(seed, raw, known, pipeline, tally, progress)
                await asyncio.to_thread(_pass_time, path)


def _pass_time(path: Path) -> None:
    with closing(Lab.open(path)) as lab:
        lab.advance(PER_ALERT)


async def _run_story(
    seed: int, raw: JsonObject, known: dict[str, Truth], pipeline: Pipeline, tally: _Tally, progress: Progress
) -> None:
    started = perf_counter()
    alert_id = str(raw["kibana.alert.uuid"])
    case = await pipeline.handle(raw)
    seconds = perf_counter() - started
    tally.busy_s += seconds
    if case.report is None:
        raise EvalError(f"seed {seed}: alert {alert_id} ended without a report")
    ended = _ended(seed, known[alert_id], case, case.report, seconds)
    tally.ended.append(ended)
    mark = "as expected" if ended.as_expected else f"expected {' or '.join(ended.expected)}"
    progress(f"seed {seed}: {ended.family}/{ended.kind}: {ended.disposition}, {mark}, {seconds:.2f} s")


def _ended(seed: int, truth: Truth, case: Case, report: Report, seconds: float) -> Ended:
    return Ended(
        seed=seed,
        family=truth.family,
        kind=truth.kind,
        expected=truth.expected,
        disposition=report.verdict.disposition,
        severity=report.verdict.severity,
        likelihood=report.verdict.likelihood,
        claims=recheck(report, case.evidence),
        required=truth.required,
        found=tuple(name for name in truth.required if any(_bears(item, name) for item in case.evidence)),
        calls=report.calls,
        seconds=seconds,
        usage=report.usage,
        fell_back=stood_in(report),
        cut=report.cut,
        concluded=concluded(report),
    )


def stood_in(report: Report) -> tuple[str, ...]:
    """Why the embedded brain took a model's decisions, once for each."""
    return tuple(decision.fell_back for decision in report.decisions if decision.fell_back)


def concluded(report: Report) -> Disposition | None:
    """What the brain itself concluded, before the gates."""
    said = [decision.answer.get("disposition") for decision in report.decisions if decision.step == "conclude"]
    return TypeAdapter(Disposition).validate_python(said[-1]) if said else None


def picked(only: Sequence[str]) -> list[tuple[str, str]]:
    """Family and kind of every story that `FAMILY` (all its kinds) or `FAMILY:KIND` names, each once.

    Raises: EvalError when there is no such family or kind."""
    chosen: dict[tuple[str, str], None] = {}
    for name in only:
        family, _, kind = name.partition(":")
        if family not in FAMILIES:
            raise EvalError(f"no story family {family!r}; there are: {', '.join(FAMILIES)}")
        if kind and kind not in KINDS:
            raise EvalError(f"no kind of story {kind!r}; there are: {', '.join(KINDS)}")
        chosen |= dict.fromkeys((family, each) for each in ((kind,) if kind else KINDS))
    return list(chosen)


def recheck(report: Report, evidence: Sequence[Evidence]) -> ClaimCount:
    """Every claim that the report still makes, run again over the evidence of the case."""
    stored = {item.id: item for item in evidence}
    standing = [claim for claim in report.claims if claim.status != "struck"]
    again = [check(claim.model_copy(update={"status": "unchecked", "text": ""}), stored) for claim in standing]
    held = [
        before
        for before, after in zip(standing, again, strict=True)
        if after.status == "verified" == before.status and after.text == before.text
    ]
    return ClaimCount(total=len(standing), verified=len(held), struck=len(report.claims) - len(standing))


def _bears(item: Evidence, name: str) -> bool:
    """Whether the evidence is an answer with content of the tool or sensor `name`."""
    return item.status == "success" and name in (item.tool, f"{item.server}__{item.tool}", item.sensor)
