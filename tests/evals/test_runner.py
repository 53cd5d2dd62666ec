"""Suites by name, from the command line's point of view."""

import json
from pathlib import Path

import pytest

from evals.errors import DataMissingError, EvalError, SuiteUnknownError
from evals.obedience import obedient_endpoint
from evals.report import StoriesReport, markdown
from evals.runner import SUITES, Request, run_suite
from evals.suites.scoring import ATTACKS, KINDS
from evals.suites.stories import picked, run_stories


async def test_unknown_suite_names_those_there_are() -> None:
    """A misspelt name is the commonest mistake."""
    with pytest.raises(SuiteUnknownError, match=r"stories, .*triage-labelled"):
        await run_suite("story", Request())


async def test_suite_that_needs_data_says_so() -> None:
    """Before anything is started, and with the option to give."""
    with pytest.raises(DataMissingError, match="--data FILE"):
        await run_suite("triage-labelled", Request())
    with pytest.raises(DataMissingError, match=r"no labelled alerts at .*nothing\.jsonl"):
        await run_suite("triage-labelled", Request(data=Path("nothing.jsonl")))


def test_every_suite_is_listed_under_its_own_name() -> None:
    """`mcpsoc eval ls` prints this table."""
    assert all(name == suite.name and suite.about for name, suite in SUITES.items())


@pytest.mark.timeout(180)
async def test_stories_are_run_and_held_against_the_truth() -> None:
    """One attack and its innocent twin, the whole way: lab, servers, host, analyst, truth."""
    told: list[str] = []
    stories = [("password_spray", "attack"), ("password_spray", "benign_twin")]
    report = await run_stories(seeds=1, first_seed=3, stories=stories, progress=told.append)

    assert isinstance(report, StoriesReport)
    assert (report.n, report.seeds, report.attacks_closed) == (2, 1, 0)
    assert sum(report.confusion["attack"].values()) == 1
    assert report.claims.total == report.claims.verified > 0
    assert [row.as_expected for row in report.cases] == [True, True]
    assert report.worst is None
    assert report.calls.total > 0
    assert any("lab built" in line for line in told)
    assert "password_spray" in "".join(told)
    assert "not measured" in markdown(report)
    assert set(report.confusion) >= ATTACKS


async def test_labelled_alerts_go_the_way_of_site_alerts(tmp_path: Path) -> None:
    """The whole way again, with alerts in a product's own form."""
    attack = {
        "timestamp": "2026-03-02T10:00:00.000+0000",
        "rule": {
            "id": "92052",
            "level": 4,
            "description": "cmd started",
            "groups": ["sysmon"],
        },
        "agent": {"id": "003", "name": "ws-1"},
        "decoder": {"name": "windows_eventchannel"},
        "data": {
            "win": {
                "system": {"eventID": "1", "providerName": "Microsoft-Windows-Sysmon"},
                "eventdata": {
                    "image": "C:\\\\Windows\\\\System32\\\\vssadmin.exe",
                    "commandLine": "vssadmin delete shadows /all /quiet",
                    "user": "CORP\\\\kim",
                },
            }
        },
        "location": "EventChannel",
    }
    path = tmp_path / "labelled.jsonl"
    path.write_text(json.dumps({"id": "1", "label": "TP", "alert": attack}) + "\n", encoding="utf-8")

    report = await run_suite("triage-labelled", Request(data=path))

    assert report.suite == "triage-labelled"
    assert (report.n, report.tpr, report.fpr, report.attacks_closed) == (1, 1.0, None, 0)


def test_stories_are_picked_by_family_and_kind() -> None:
    """A live model costs money by the case; a misspelt name must not cost a run."""
    assert picked(["web_shell:attack", "cloud_key", "cloud_key:attack"]) == [
        ("web_shell", "attack"),
        *(("cloud_key", kind) for kind in KINDS),
    ]
    with pytest.raises(EvalError, match="no story family 'webshell'; there are: password_spray"):
        picked(["webshell:attack"])
    with pytest.raises(EvalError, match="no kind of story 'attacks'; there are: attack"):
        picked(["web_shell:attacks"])


@pytest.mark.thorough
@pytest.mark.timeout(120)
async def test_what_a_model_cost_and_where_it_failed_stand_in_the_report() -> None:
    """A run whose model was never asked looks like any other run of the embedded brain."""
    stories = [("web_shell", "attack")]
    async with obedient_endpoint(()) as endpoint:
        asked = await run_stories(
            seeds=1, first_seed=3, stories=stories, progress=lambda line: None, brain=lambda: endpoint.brain
        )
    failed = await run_stories(
        seeds=1, first_seed=3, stories=stories, progress=lambda line: None, brain=lambda: endpoint.brain
    )

    assert (asked.attacks_closed, asked.fell_back, failed.attacks_closed) == (0, 0, 0)
    assert asked.brain == failed.brain == "model:obedient"
    assert asked.cases[0].concluded == "false_positive"
    assert asked.usage.calls >= 4
    assert asked.usage == asked.cases[0].usage
    assert failed.fell_back == len(failed.cases[0].fell_back) >= 3
    assert "endpoint down" in failed.cases[0].fell_back[0]
    assert "endpoint down" in markdown(failed)
    assert f"- models: {asked.usage.calls} calls" in markdown(asked)
