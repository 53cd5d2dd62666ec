"""Suite `triage-labelled`: alerts somebody else labelled, judged one by one in world `site`.

A line is `{"id": ..., "label": "TP"|"FP", "alert": {...}}`. Only `alert` ever reaches the pipeline; the label stays
here. Every alert is judged on its own: no case of an earlier line is its neighbour, as the lines are a sample.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from time import perf_counter
from typing import Literal

from pydantic import ValidationError

from agent.errors import AgentError
from agent.intake import IntakeError
from agent.models import CLOSING, Disposition, JsonObject, Model, Report, Usage
from evals.errors import DataMissingError
from evals.measured import wilson
from evals.report import DISPOSITIONS, JudgedRow, TriageReport
from evals.statistics import Binary, auc
from evals.stopping import until_stopped
from evals.suites.stories import concluded, stood_in

Judge = Callable[[JsonObject, int], Awaitable[Report]]
"""Raw alert and its line number to a report. Raises: AgentError, IntakeError when the alert cannot be read."""
Progress = Callable[[str], None]


class Row(Model, extra="ignore"):
    """One labelled alert."""

    id: str
    label: Literal["TP", "FP"]
    alert: JsonObject


@dataclass(frozen=True, slots=True)
class Judged:
    """One alert's label beside what came out."""

    attack: bool
    likelihood: float
    disposition: Disposition
    row: JudgedRow | None = None


async def run_triage_labelled(path: Path, judge: Judge, *, progress: Progress, brain: str = "playbook") -> TriageReport:
    """Judge every line of `path`; lines that cannot be judged are told, counted and left out of the figures.

    Raises: DataMissingError when there is no such file."""
    started = perf_counter()
    judged: list[Judged] = []
    broken: list[str] = []
    async with until_stopped() as stop:
        async for number, result in _judge_lines(path, judge):
            if isinstance(result, str):
                broken.append(f"{path}:{number}: {result}")
                progress(broken[-1])
            else:
                judged.append(result)
                progress(f"{path}:{number}: {result.disposition}, {result.likelihood:.2f}")
    return score(judged, brain=brain, broken=broken, seconds=perf_counter() - started, interrupted=stop.requested)


async def _judge_lines(path: Path, judge: Judge) -> AsyncIterator[tuple[int, Judged | str]]:
    for number, row in _rows(path):
        if isinstance(row, str):
            yield number, row
            continue
        try:
            report = await judge(row.alert, number)
        except (AgentError, IntakeError) as error:
            yield number, str(error)
            continue
        yield number, _judged(row, report)


def _judged(row: Row, report: Report) -> Judged:
    verdict = report.verdict
    ended = JudgedRow(
        id=row.id,
        label=row.label,
        disposition=verdict.disposition,
        severity=verdict.severity,
        likelihood=verdict.likelihood,
        concluded=concluded(report),
        usage=report.usage,
        fell_back=stood_in(report),
    )
    return Judged(row.label == "TP", verdict.likelihood, verdict.disposition, ended)


def _rows(path: Path) -> Iterator[tuple[int, Row | str]]:
    if not path.is_file():
        raise DataMissingError(f"no labelled alerts at {path}")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _row(line)


def _row(line: bytes) -> Row | str:
    try:
        return Row.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}"


def score(
    judged: Sequence[Judged],
    *,
    brain: str = "playbook",
    broken: Sequence[str] = (),
    seconds: float = 0.0,
    interrupted: bool = False,
) -> TriageReport:
    """Predicted attack = likelihood above one half."""
    counted = Binary.of((item.attack, item.likelihood > 0.5) for item in judged)
    rates = {"accuracy": counted.accuracy, "tpr": counted.recall, "fpr": counted.false_positive_rate}
    counts = {label: dict.fromkeys(map(str, DISPOSITIONS), 0) for label in ("TP", "FP")}
    for item in judged:
        counts["TP" if item.attack else "FP"][item.disposition] += 1
    cases = tuple(item.row for item in judged if item.row is not None)
    area = auc([item.attack for item in judged], [item.likelihood for item in judged])
    return TriageReport(
        brain=brain,
        n=len(judged),
        accuracy=_rounded(counted.accuracy.value),
        tpr=_rounded(counted.recall.value),
        fpr=_rounded(counted.false_positive_rate.value),
        auc=_rounded(area),
        attacks_closed=sum(item.attack and item.disposition in CLOSING for item in judged),
        wilson={name: wilson(rate) for name, rate in rates.items()},
        dispositions=counts,
        seconds=round(seconds, 2),
        broken=tuple(broken),
        interrupted=interrupted,
        usage=reduce(Usage.plus, (row.usage for row in cases), Usage()),
        fell_back=sum(len(row.fell_back) for row in cases),
        cases=cases,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
