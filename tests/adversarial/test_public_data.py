"""Alerts nobody here wrote: they are read, judged by their own fields, and none is closed unseen."""

import gzip
import json
from pathlib import Path

import pytest

from agent.intake import parse
from agent.models import CLOSING, JsonObject, Report
from evals.pipeline import site_judge


def rows(path: Path) -> list[JsonObject]:
    """Every line of a JSONL file, compressed or not."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def judged(raws: list[JsonObject]) -> list[Report]:
    """Each alert's report, as a fresh installation gives it."""
    async with site_judge() as judge:
        return [await judge(raw, number) for number, raw in enumerate(raws, start=1)]


def steady(report: Report) -> dict[str, object]:
    """The report without what the clock writes."""
    return report.model_dump(mode="json", exclude={"seconds"})


async def test_wazuh_alerts_fall_on_the_right_side(public_data: Path) -> None:
    """Six alerts are no figure of quality; a sign error or a lost field shows all the same."""
    labelled = rows(public_data / "alert_triage_wazuh" / "alerts.jsonl")
    reports = await judged([row["alert"] for row in labelled if isinstance(row["alert"], dict)])

    right = [
        (row["label"] == "TP") == (report.verdict.likelihood > 0.5)
        for row, report in zip(labelled, reports, strict=True)
    ]
    assert sum(right) >= 5
    assert all(report.verdict.disposition not in CLOSING for report in reports)


async def test_each_reason_names_a_field_of_its_alert(public_data: Path) -> None:
    """A reason an analyst cannot find in the alert is no reason."""
    raws = [row["alert"] for row in rows(public_data / "alert_triage_wazuh" / "alerts.jsonl")]
    for number, (raw, report) in enumerate(zip(raws, await judged(raws), strict=True), start=1):
        alert = parse(raw, world="site", ordinal=number)
        names = {item.name for item in alert.fields} | {"rule.id", "rule.groups", "rule.level", "threat.technique.id"}

        assert any(name in report.verdict.reason for name in names), report.verdict.reason


async def test_label_changes_no_byte(public_data: Path) -> None:
    """What somebody wrote beside the alert must not be read, kept or weighed."""
    row = rows(public_data / "alert_triage_wazuh" / "alerts.jsonl")[0]
    bare, *labelled = await judged(
        [{"alert": row["alert"]}, {**row, "label": "TP"}, {**row, "label": "FP"}, {**row, "x": 1}]
    )

    assert [steady(report) for report in labelled] == [steady(bare)] * 3


@pytest.mark.thorough
@pytest.mark.timeout(300)
async def test_no_alert_of_a_real_incident_is_closed(public_data: Path) -> None:
    """Every one of them belongs to an incident; without a server for their hosts nothing entitles us to close any."""
    raws = rows(public_data / "excytin" / "alerts.jsonl.gz")
    reports = await judged(raws)

    assert len(reports) == 189
    assert [report.verdict.disposition for report in reports if report.verdict.disposition in CLOSING] == []
