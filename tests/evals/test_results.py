"""Files of earlier runs as sides of a comparison."""

from pathlib import Path

import pytest

from agent.models import Usage
from agent.replay.comparing import Ended, Results, compare
from evals.errors import DataBrokenError, DataMissingError
from evals.report import ClaimCount
from evals.results import read_results
from evals.suites.scoring import Ended as Story
from evals.suites.scoring import score


def side(brain: str, disposition: str) -> Results:
    ended = Ended.model_validate(
        {"case": "C-1", "title": "t", "disposition": disposition, "severity": "low", "likelihood": 0.1}
    )
    return Results(brain=brain, cases=(ended,))


def test_comparison_is_a_side_of_the_next_one(tmp_path: Path) -> None:
    """Its second side, unless the first is named: the newer run is what people go on from."""
    file = tmp_path / "c.json"
    compared = compare(side("old", "needs_human"), side("new", "true_positive"))
    file.write_text(compared.model_dump_json(), encoding="utf-8")

    assert read_results(str(file)).brain == "new"
    assert read_results(f"{file}#a").brain == "old"


def test_stories_go_by_seed_family_and_kind_and_know_their_attacks(tmp_path: Path) -> None:
    """Two runs over the same labs have the same cases; the lab knows which of them are attacks."""
    stories = [
        Story(
            seed=1,
            family="web_shell",
            kind=kind,
            expected=("true_positive",),
            disposition="false_positive",
            severity="high",
            likelihood=0.5,
            claims=ClaimCount(total=0, verified=0),
            required=(),
            found=(),
            calls=3,
            seconds=0.5,
        )
        for kind in ("attack", "benign_twin")
    ]
    file = tmp_path / "stories.json"
    report = score(stories, brain="x", seeds=1, first_seed=1, seconds=1.0, busy_s=1.0)
    file.write_text(report.model_dump_json(), encoding="utf-8")

    found = read_results(str(file))

    assert [item.case for item in found.cases] == ["1 web_shell/attack", "1 web_shell/benign_twin"]
    assert [item.is_attack for item in found.cases] == [True, False]
    assert [item.right for item in found.cases] == [False, False]
    assert compare(found, found).attacks_closed_by_b == ("1 web_shell/attack",)
    assert found.usage == Usage()


@pytest.mark.parametrize("content", ["not json", "[]", '{"suite": "triage-labelled"}', '{"kind": "results"}'])
def test_file_without_case_by_case_results_is_refused(tmp_path: Path, content: str) -> None:
    """A table of sums cannot say which case flipped."""
    file = tmp_path / "r.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataBrokenError):
        read_results(str(file))


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typing error is told as one."""
    with pytest.raises(DataMissingError, match=r"none\.json"):
        read_results(str(tmp_path / "none.json"))
