"""A report counts what happened, and names the worst of it."""

from dataclasses import replace
from typing import Any

import pytest

from agent.models import Disposition
from evals.report import ClaimCount, markdown
from evals.suites.scoring import Ended, score, worst

ATTACK = Ended(
    seed=1,
    family="web_shell",
    kind="attack",
    expected=("true_positive",),
    disposition="true_positive",
    severity="high",
    likelihood=0.97,
    claims=ClaimCount(total=10, verified=10, struck=1),
    required=("edr", "webserver"),
    found=("edr",),
    calls=12,
    seconds=0.5,
)
TWIN = replace(ATTACK, kind="benign_twin", expected=("benign_true_positive",), disposition="benign_true_positive")


def of(*ended: Ended, **changed: bool) -> Any:
    """The report as JSON would show it."""
    report = score(ended, brain="playbook", seeds=1, first_seed=1, seconds=2.0, busy_s=1.0, **changed)
    return report.model_dump(mode="json")


def test_report_has_the_keys_that_programs_read() -> None:
    """Scripts outside this project compare these figures between versions."""
    report = of(ATTACK, TWIN)

    assert {"suite", "brain", "seeds", "n", "confusion", "claims", "worst", "seconds"} <= report.keys()
    assert report["confusion"]["attack"]["true_positive"] == 1
    assert report["claims"] == {"total": 20, "verified": 20, "struck": 2}
    assert report["required_evidence"]["value"] == 0.5


def test_closed_attack_is_counted_and_is_the_worst() -> None:
    """A missed attack must never hide behind an average."""
    missed = replace(ATTACK, family="cloud_key", disposition="false_positive")
    nuisance = replace(TWIN, disposition="true_positive")
    report = of(ATTACK, nuisance, missed)

    assert report["attacks_closed"] == 1
    assert report["worst"] == "seed 1 cloud_key/attack: false_positive, expected true_positive"


@pytest.mark.parametrize("disposition", ["false_positive", "benign_true_positive"])
def test_closed_blind_story_outweighs_a_nuisance(disposition: Disposition) -> None:
    """Closing without having looked is the fault this product exists to prevent."""
    blind = replace(ATTACK, kind="sensor_blind", expected=("needs_human", "not_evaluable"), disposition=disposition)

    assert "sensor_blind" in str(worst([replace(TWIN, disposition="true_positive"), blind]))


def test_all_as_expected_has_no_worst() -> None:
    """A worst story that is not bad would send people looking."""
    assert worst([ATTACK, TWIN]) is None
    assert worst([]) is None


def test_escalation_leaves_blind_stories_out() -> None:
    """Where nothing can be seen, asking a person is right whatever the story is."""
    blind = replace(ATTACK, kind="sensor_blind", expected=("needs_human",), disposition="needs_human")
    twin_escalated = replace(TWIN, disposition="needs_human")
    report = of(ATTACK, TWIN, twin_escalated, blind)

    assert report["escalation"]["recall"]["n"] == 1
    assert report["escalation"]["precision"]["value"] == 0.5


def test_interrupted_and_empty_reports_say_so() -> None:
    """What was not measured is null, and a partial run is marked."""
    report = score([], brain="playbook", seeds=1, first_seed=1, seconds=0.1, busy_s=0.0, interrupted=True)

    assert report.escalation.recall.value is None
    assert report.cases_per_minute is None
    assert "not measured" in markdown(report)
    assert "Interrupted" in markdown(report)
