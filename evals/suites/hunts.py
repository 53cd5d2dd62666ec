"""Suite `hunts`: hypotheses in analysts' words, over labs where they hold and over the same labs where they do not.

Each hypothesis is hunted for in a lab with the attack, in one with its harmless twin, in one where the sensor that
would have seen it was blind, and in one where nothing of it happened. It counts as found where the hunt says so.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Final, Literal, TypeAlias

import yaml
from pydantic import TypeAdapter

from agent.hunting.errors import HuntError
from agent.hunting.hunter import Hunter
from agent.hunting.judging import HuntResult
from agent.models import Model
from evals.measured import Measured
from evals.pipeline import BrainFactory, Pipeline, lab_pipeline, playbook_brain
from evals.statistics import Rate
from evals.stopping import until_stopped
from servers.lab.world import Lab

Progress = Callable[[str], None]
HuntKind: TypeAlias = Literal["attack", "benign_twin", "sensor_blind", "clean"]
KINDS: Final[tuple[HuntKind, ...]] = ("attack", "benign_twin", "sensor_blind", "clean")
"""`clean`: a lab in which no story is told."""


class HuntRow(Model):
    """One hypothesis in one lab."""

    seed: int
    family: str
    kind: HuntKind
    hypothesis: str
    result: HuntResult | Literal["refused"]
    """`refused`: its words led to no look."""
    unread: tuple[str, ...] = ()
    calls: int = 0
    seconds: float = 0.0


class HuntsReport(Model):
    """Result of the suite `hunts`."""

    suite: Literal["hunts"] = "hunts"
    brain: str
    seeds: int
    first_seed: int
    n: int
    results: dict[str, dict[str, int]]
    """Kind of lab to result to count."""
    found: Measured
    """Attacks that the hunt found."""
    falsely_found: Measured
    """Twins and clean labs in which the hunt says that it found something."""
    blind_not_found: int
    """Hunts over a blind sensor that say `not found`."""
    families: dict[str, Measured]
    """Family to the share of its attacks that were found."""
    seconds: float
    interrupted: bool = False
    hunts: tuple[HuntRow, ...] = ()


def hypotheses() -> Mapping[str, tuple[str, ...]]:
    """Family of stories to what is typed to find it."""
    text = (files("evals.suites") / "hunts.yaml").read_text("utf-8")
    return TypeAdapter(dict[str, tuple[str, ...]]).validate_python(yaml.load(text, Loader=yaml.CSafeLoader))


async def run_hunts(
    *,
    seeds: int,
    first_seed: int,
    progress: Progress,
    families: Sequence[str] | None = None,
    brain: BrainFactory = playbook_brain,
) -> HuntsReport:
    """Every hypothesis over every kind of lab, for `seeds` seeds; `families` picks some."""
    started = perf_counter()
    told = {name: texts for name, texts in hypotheses().items() if families is None or name in families}
    rows: list[HuntRow] = []
    name = brain().name
    async with until_stopped() as stop:
        for seed in range(first_seed, first_seed + seeds):
            for family, texts in told.items():
                for kind in KINDS[:-1]:
                    rows += await _run_lab(seed, kind, {family: texts}, brain, progress)
            rows += await _run_lab(seed, "clean", told, brain, progress)
    return report_of(rows, name, seeds, first_seed, perf_counter() - started, interrupted=stop.requested)


async def _run_lab(
    seed: int, kind: HuntKind, told: Mapping[str, Sequence[str]], brain: BrainFactory, progress: Progress
) -> list[HuntRow]:
    """The hypotheses of one or more families in one lab."""
    stories = [] if kind == "clean" else [(family, kind) for family in told]
    with tempfile.TemporaryDirectory(prefix="mcpsoc-eval-") as folder:
        path = Path(folder) / "lab.db"
        await asyncio.to_thread(_build, path, seed, stories)
        async with lab_pipeline(Path(folder), path, brain=brain) as pipeline:
            rows = [await _hunt(seed, family, kind, text, pipeline) for family, texts in told.items() for text in texts]
    for row in rows:
        progress(f"seed {seed}: {row.family}/{kind}: {row.result}: {row.hypothesis}")
    return rows


def _build(path: Path, seed: int, stories: Sequence[tuple[str, str]]) -> None:
    with closing(Lab.create(path, seed, stories=stories)):
        return


async def _hunt(seed: int, family: str, kind: HuntKind, text: str, pipeline: Pipeline) -> HuntRow:
    started = perf_counter()
    hunter = Hunter(pipeline.analyst, "lab")
    try:
        plan = await hunter.plan(text)
    except HuntError:
        return HuntRow(seed=seed, family=family, kind=kind, hypothesis=text, result="refused")
    hunted = await hunter.go(plan)
    return HuntRow(
        seed=seed,
        family=family,
        kind=kind,
        hypothesis=text,
        result=hunted.result,
        unread=plan.hunt.unread,
        calls=hunted.report.calls,
        seconds=round(perf_counter() - started, 3),
    )


def report_of(
    rows: Sequence[HuntRow], brain: str, seeds: int, first_seed: int, seconds: float, *, interrupted: bool
) -> HuntsReport:
    """The report over all hunts."""
    attacks = [row for row in rows if row.kind == "attack"]
    harmless = [row for row in rows if row.kind in ("benign_twin", "clean")]
    families = dict.fromkeys(row.family for row in rows)
    return HuntsReport(
        brain=brain,
        seeds=seeds,
        first_seed=first_seed,
        n=len(rows),
        results={kind: dict(Counter(row.result for row in rows if row.kind == kind)) for kind in KINDS},
        found=_share(attacks),
        falsely_found=_share(harmless),
        blind_not_found=sum(row.kind == "sensor_blind" and row.result == "not_found" for row in rows),
        families={name: _share([row for row in attacks if row.family == name]) for name in families},
        seconds=round(seconds, 3),
        interrupted=interrupted,
        hunts=tuple(rows),
    )


def _share(rows: Sequence[HuntRow]) -> Measured:
    return Measured.of(Rate(sum(row.result == "found" for row in rows), len(rows)))


def hunts_table(report: HuntsReport) -> str:
    """The report as Markdown, without its end."""
    shown = ("found", "to_judge", "not_found", "could_not_look", "refused")
    rows = (f"| {kind} | " + " | ".join(str(row.get(name, 0)) for name in shown) + " |"
            for kind, row in report.results.items())  # fmt: skip
    missed = [row for row in report.hunts if row.kind == "attack" and row.result != "found"]
    false = [row for row in report.hunts if row.kind in ("benign_twin", "clean") and row.result == "found"]
    lines = [
        f"# hunts: {report.n} hunts, {report.seeds} seeds from {report.first_seed}, brain `{report.brain}`",
        "",
        "| lab | " + " | ".join(name.replace("_", " ") for name in shown) + " |",
        "|---" * (len(shown) + 1) + "|",
        *rows,
        "",
        f"- attacks found: {report.found}",
        f"- falsely found: {report.falsely_found}",
        f"- said not found over a blind sensor: {report.blind_not_found}",
        *(f"- {name}: {share}" for name, share in report.families.items()),
        *(f"- missed, seed {row.seed}: {row.family}: {row.result}: {row.hypothesis}" for row in missed),
        *(f"- false, seed {row.seed}: {row.family}/{row.kind}: {row.hypothesis}" for row in false),
        f"- {report.seconds:.1f} s",
    ]
    return "\n".join(lines)
