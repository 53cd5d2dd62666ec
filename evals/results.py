"""Results of earlier runs, read from the JSON that the command line printed, as sets that can be compared."""

import json
from pathlib import Path
from typing import Final

from pydantic import JsonValue, ValidationError

from agent.models import JsonObject, Usage
from agent.replay.comparing import Comparison, Ended, Results
from evals.errors import DataBrokenError, DataMissingError
from evals.report import FrozenReport, StoriesReport
from evals.suites.scoring import ATTACKS

SIDES: Final = ("a", "b")


def read_results(name: str) -> Results:
    """The results in a file of `mcpsoc eval run --json` or `mcpsoc compare --json`.

    Of a comparison, `FILE#a` or `FILE#b` says which side; without it the second.

    Raises: DataMissingError, DataBrokenError when it holds no case by case results."""
    path, side = split_side(name)
    try:
        content: JsonValue = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataMissingError(f"{path} is not there") from error
    except ValueError as error:
        raise DataBrokenError(f"{path} is not one JSON document: {error}") from error
    if not isinstance(content, dict):
        raise DataBrokenError(f"{path} is no report of a run")
    try:
        return _results(content, side, path)
    except ValidationError as error:
        raise DataBrokenError(f"{path}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error


def split_side(name: str) -> tuple[Path, str]:
    """`FILE#a` as file and side; the second side without one."""
    path, mark, side = name.rpartition("#")
    return (Path(path), side) if mark and side in SIDES else (Path(name), "b")


def _results(content: JsonObject, side: str, path: Path) -> Results:
    match content.get("kind") or content.get("suite"):
        case "comparison":
            compared = Comparison.model_validate(content)
            return compared.a if side == "a" else compared.b
        case "results":
            return Results.model_validate(content)
        case "frozen":
            frozen = FrozenReport.model_validate(content)
            rows = tuple(Ended.model_validate(row.model_dump(exclude={"then"})) for row in frozen.cases)
            return Results(brain=frozen.brain, cases=rows)
        case "stories":
            return _stories(StoriesReport.model_validate(content))
        case other:
            raise DataBrokenError(f"{path} holds no case by case results ({other or 'no report of a run'})")


def _stories(report: StoriesReport) -> Results:
    """Stories go by seed, family and kind: the same ones in every run."""
    return Results(
        brain=report.brain,
        cases=tuple(
            Ended(
                case=f"{row.seed} {row.family}/{row.kind}",
                title=f"{row.family}, {row.kind}",
                disposition=row.disposition,
                severity=row.severity,
                likelihood=row.likelihood,
                right=row.as_expected,
                is_attack=row.kind in ATTACKS,
                usage=Usage(),
                seconds=row.seconds,
            )
            for row in report.cases
        ),
    )
