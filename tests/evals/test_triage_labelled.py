"""Labelled alerts: the label scores, and touches nothing else."""

import asyncio
import json
from pathlib import Path

from agent.errors import AgentError
from agent.models import JsonObject, Opening, Report, Verdict
from evals.suites.triage_labelled import Judged, run_triage_labelled, score


def report(likelihood: float) -> Report:
    """A report with that likelihood."""
    verdict = Verdict(
        disposition="needs_human",
        severity="medium",
        priority="P3",
        likelihood=likelihood,
        outcome="unknown",
        basis="alert_only",
        reason="because",
    )
    lines = Opening(what_happened="", did_it_work="", who_and_where="", still_going_on="", what_to_do_now="")
    return Report(
        opening=lines,
        alert_class="unknown",
        playbook="unknown@1",
        hypotheses=(),
        findings=(),
        claims=(),
        verdict=verdict,
        brain="playbook",
        calls=0,
        rounds=0,
        seconds=0.0,
    )


class Recorder:
    """Judges every alert by its own `score`, and keeps what it was given."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.given: list[JsonObject] = []
        self.stop_after = stop_after

    async def __call__(self, raw: JsonObject, ordinal: int) -> Report:
        self.given.append(raw)
        if self.stop_after == len(self.given):
            raise asyncio.CancelledError
        if "score" not in raw:
            raise AgentError("nothing to weigh")
        return report(float(str(raw["score"])))


def file_of(folder: Path, *rows: object) -> Path:
    """The rows as JSONL."""
    path = folder / "labelled.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


async def test_label_never_reaches_the_pipeline(tmp_path: Path) -> None:
    """A suite that leaks its answers measures nothing."""
    judge = Recorder()
    path = file_of(tmp_path, {"id": "1", "label": "TP", "description": "attack", "alert": {"score": 0.9}})

    await run_triage_labelled(path, judge, progress=lambda line: None)

    assert judge.given == [{"score": 0.9}]


async def test_figures_follow_likelihood_and_label(tmp_path: Path) -> None:
    """Exactly one half is not an attack: an alert about which nothing is known must not count as found."""
    rows = [("TP", 0.9), ("TP", 0.5), ("FP", 0.4), ("FP", 0.6), ("FP", 0.1)]
    path = file_of(tmp_path, *({"id": str(i), "label": a, "alert": {"score": b}} for i, (a, b) in enumerate(rows)))

    result = await run_triage_labelled(path, Recorder(), progress=lambda line: None)

    assert (result.n, result.accuracy, result.tpr, result.fpr) == (5, 0.6, 0.5, 0.3333)
    assert result.auc == 0.8333
    assert result.attacks_closed == 0


def test_closed_attack_is_counted_whatever_its_likelihood() -> None:
    """The one figure that must be 0."""
    assert score([Judged(True, 0.9, "benign_true_positive")]).attacks_closed == 1
    assert score([Judged(False, 0.1, "false_positive")]).attacks_closed == 0


def test_figures_of_an_empty_file_are_not_measured() -> None:
    """No alerts, no accuracy: not 0 and not 1."""
    measured = score([])

    assert (measured.accuracy, measured.tpr, measured.fpr, measured.auc) == (None, None, None, None)
    assert measured.wilson["tpr"] is None


async def test_broken_lines_are_told_and_left_out(tmp_path: Path) -> None:
    """One bad line must not cost the file, nor count as an alert judged wrong."""
    good = {"id": "1", "label": "TP", "alert": {"score": 0.9}}
    path = file_of(tmp_path, "{", {"id": "2", "label": "maybe", "alert": {}}, {**good, "alert": {}}, good)
    told: list[str] = []

    result = await run_triage_labelled(path, Recorder(), progress=told.append)

    assert result.n == 1
    assert [line.rpartition("/")[2].split(":")[1] for line in result.broken] == ["1", "2", "3"]
    assert told[:3] == list(result.broken)
    assert [(row.label, row.usage.calls) for row in result.cases] == [("TP", 0)]


async def test_interrupted_run_keeps_what_is_done(tmp_path: Path) -> None:
    """Ctrl-C after an hour must not throw the hour away."""
    row = {"id": "1", "label": "TP", "alert": {"score": 0.9}}

    result = await run_triage_labelled(
        file_of(tmp_path, row, row, row), Recorder(stop_after=3), progress=lambda line: None
    )

    assert (result.n, result.interrupted) == (2, True)
