"""`mcpsoc replay`, `compare`, `cases freeze` and `triage --repeat`: what they come to, and with which exit code."""

import json
import re
import shutil
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.replay.comparing import Comparison
from agent.response.identity import local_user
from evals.errors import EvalError
from evals.frozen.format import CASE
from tests.ui.conftest import CommandLine
from ui.errors import UiError, exit_code
from ui.home import Home
from ui.replays import Tell, compare_sides, freeze_case, replay_case
from ui.store import close_case, find_case, list_cases

EXAMPLES = Path(__file__).parents[2] / "examples" / "alerts.jsonl"
NOBODY = Tell(lambda text: None, "en")


@pytest.fixture(scope="module")
def lab(shared: CommandLine, investigated: Path) -> CommandLine:
    """A home with the lab's cases, in a folder that may be written to."""
    shutil.copytree(investigated / "demo", shared.home / "demo", dirs_exist_ok=True)
    return shared


@pytest.fixture(scope="module")
def home(lab: CommandLine) -> Home:
    """The same home, without a process in between."""
    return Home(lab.home).demo


def case_of(home: Home, disposition: str) -> str:
    """The first case that ended so."""
    return next(row.id for row in list_cases(home, None) if row.disposition == disposition)


def compared(home: Home, a: str, b: str, *cases: str, folder: Path | None = None) -> Comparison:
    return compare_sides(home, a, b, folder=folder, cases=cases, on_case=lambda side, ended: None, tell=NOBODY)


def test_replay_shows_both_sides_and_leaves_the_case_alone(lab: CommandLine, home: Home) -> None:
    """A script goes by the code, a person by the table; the stored case stays what it was."""
    case = case_of(home, "false_positive")
    before = find_case(home, case)

    done = lab("replay", case, "--demo", "--brain", "recorded", "--repeat", "3")

    assert done.returncode == 0
    assert "nothing is different: the same verdict on the same findings" in done.stdout
    assert "stable: 3 runs end the same way" in done.stdout
    assert find_case(home, case) == before


def test_replay_repeated_carries_every_run(home: Home) -> None:
    """What was changed stands beside how it ended."""
    found = replay_case(home, case_of(home, "false_positive"), "playbook", 3, NOBODY)

    assert found.stability is not None
    assert [item.changed for item in found.stability.variations] == ["nothing", "entities renamed", "times shifted"]


@pytest.mark.thorough
def test_endpoint_that_is_not_there_leaves_a_verdict_and_says_so(lab: CommandLine, home: Home) -> None:
    """A replay by a model whose endpoint is down is the embedded brain's, and must not pass as the model's."""
    down = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "MCPSOC_MODEL_RETRIES": "0"}

    done = lab("replay", case_of(home, "true_positive"), "--demo", "--brain", "model:some-model", **down)

    assert done.returncode == 0
    assert "some-model" in done.stderr
    assert re.search(r"some-model, from \w+ on playbook", " ".join(done.stdout.split()))


def test_what_cannot_be_run_is_wrong_usage(home: Home, tmp_path: Path) -> None:
    """A typing error must not be taken for a finding, nor for a run."""
    file = tmp_path / "results.json"
    file.write_text(compared(home, "stored", "stored").model_dump_json())
    wrong = (
        lambda: replay_case(home, "C-99", "playbook", 1, NOBODY),
        lambda: replay_case(home, "last", "playbok", 1, NOBODY),
        lambda: compared(home, "playbook", "none.json"),
        lambda: compared(home, "stored", "playbook", "C-1", folder=tmp_path),
        lambda: compared(home, str(file), str(file), "C-1"),
        lambda: freeze_case(home, case_of(home, "needs_human"), tmp_path / "frozen", outsiders=False),
    )
    for attempt in wrong:
        with pytest.raises((UiError, AgentError, EvalError)) as raised:
            attempt()
        assert exit_code(raised.value) == 2


@pytest.mark.thorough
def test_closed_case_is_frozen_run_and_compared(lab: CommandLine, home: Home, tmp_path: Path) -> None:
    """The way of a case from a person's verdict to an eval, and exit 1 where a confirmed attack is closed."""
    attack, benign = case_of(home, "true_positive"), case_of(home, "benign_true_positive")
    who = local_user("Dana")
    for case in (attack, benign):
        close_case(home, case, who, disposition=None, reason="confirmed_attack", note="")
    folder = tmp_path / "frozen"
    frozen = freeze_case(home, attack, folder, outsiders=True)
    same = compared(home, "playbook", "recorded", folder=folder)
    file = tmp_path / "same.json"
    file.write_text(same.model_dump_json())

    ran = lab("eval", "run", "--suite", str(folder), "--json")
    missed = lab("compare", "stored", "playbook", benign, "--demo")

    assert (frozen / CASE).is_file()
    assert (ran.returncode, json.loads(ran.stdout)["as_expected"]["hits"]) == (0, 1)
    assert (same.both_right, same.attacks_closed_by_b) == (1, ())
    assert (missed.returncode, f"B closes a confirmed attack: {benign}" in missed.stdout) == (1, True)
    assert compared(home, f"{file}#a", str(file)).same == 1


@pytest.mark.thorough
def test_repeated_triage_says_whether_each_alert_ends_the_same(run: CommandLine) -> None:
    """One line per alert as ever, with how often it was judged; what was seen is kept with the case."""
    first = EXAMPLES.read_text("utf-8").splitlines()[:2]

    done = run("triage", "-", "--repeat", "4", "--json", stdin="\n".join(first) + "\n")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    kept = find_case(Home(run.home), "last").report
    assert done.returncode == 0
    assert [(row["runs"], row["stable"]) for row in rows] == [(4, True), (4, True)]
    assert kept is not None
    assert kept.stability is not None
    assert len(kept.stability.variations) == 4
