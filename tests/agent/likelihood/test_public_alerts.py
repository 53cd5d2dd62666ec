"""Real alerts nobody here wrote, read by path: skipped where the data sets are not."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.intake import parse
from agent.likelihood import likelihood, weigh
from agent.models import Alert, JsonObject


def rows(path: Path) -> Iterator[JsonObject]:
    if not path.exists():
        pytest.skip(f"{path.parent.name} is not among the data sets")
    opened = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in opened.decode().splitlines():
        yield json.loads(line)


def taken(row: JsonObject) -> Alert:
    return parse(row, world="site", ordinal=1)


def test_at_least_five_of_the_six_published_alerts_fall_on_the_right_side(public_data: Path) -> None:
    """Format and sanity only: six alerts say nothing about quality."""
    judged = [
        (row["label"] == "TP", likelihood(weigh(taken(row))))
        for row in rows(public_data / "alert_triage_wazuh" / "alerts.jsonl")
    ]
    assert len(judged) == 6
    assert sum(attack == (value > 0.5) for attack, value in judged) >= 5


def test_every_reason_on_them_names_a_field_of_the_alert(public_data: Path) -> None:
    """A reason nobody can look up is no reason."""
    for row in rows(public_data / "alert_triage_wazuh" / "alerts.jsonl"):
        alert = taken(row)
        names = {field.name for field in alert.fields}
        found = weigh(alert)
        assert found
        assert all(item.field in names for item in found)


def test_their_labels_change_no_byte(public_data: Path) -> None:
    """The answer stands beside the alert in the file."""
    for row in rows(public_data / "alert_triage_wazuh" / "alerts.jsonl"):
        other = {**row, "label": "FP" if row["label"] == "TP" else "TP", "rule_level": 0}
        assert taken(row).model_dump_json() == taken(other).model_dump_json()


def test_every_defender_alert_is_read_and_none_looks_harmless(public_data: Path) -> None:
    """All 189 belong to attacks somebody staged."""
    alerts = [taken(row) for row in rows(public_data / "excytin" / "alerts.jsonl.gz")]
    assert len(alerts) == 189
    assert all(alert.format == "defender" and alert.fields for alert in alerts)
    assert min(likelihood(weigh(alert)) for alert in alerts) > 0.5
