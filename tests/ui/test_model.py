"""`mcpsoc model` from outside: what a person is told before, while and after a model is measured."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.brain.endpoint.errors import ModelUnfitError
from agent.brain.endpoint.testing import PlayedEndpoint, Reply
from agent.brain.fitness import Fitness, Remark, Use
from agent.brain.probe.testing import Candidate
from agent.brain.records import keep_fitness, read_record
from agent.models import JsonObject, utc_now
from ui.compose import open_desk
from ui.home import Home

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from ui.cli import main; main()")


@pytest.fixture
def played() -> Iterator[PlayedEndpoint]:
    with PlayedEndpoint(Candidate()) as endpoint:
        yield endpoint


def environment(home: Path, url: str) -> dict[str, str]:
    given = {"MCPSOC_HOME": str(home), "MCPSOC_MODEL": "played", "OPENAI_BASE_URL": url, "MCPSOC_MODEL_RETRIES": "0"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MCPSOC_", "OPENAI_"))}
    return kept | given | {"OPENAI_API_KEY": "sk-secretsecretsecret"}


def mcpsoc(*arguments: str, home: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(home, url), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.thorough
def test_a_fit_model_is_measured_kept_and_shown(played: PlayedEndpoint, tmp_path: Path) -> None:
    """What it costs is told first, what it may be used for last, and the home remembers it."""
    done = mcpsoc("model", "probe", "--quick", home=tmp_path, url=played.url)

    assert done.returncode == 0, done.stderr
    assert done.stderr.index("requests and") < done.stderr.index("form:")
    assert "triage        yes" in done.stdout
    assert "chat          yes" in done.stdout
    record = read_record(tmp_path, played.url, "played")
    assert record.mode == "json_schema"
    assert "sk-secret" not in (tmp_path / "model.json").read_text()
    assert mcpsoc("model", "show", home=tmp_path, url=played.url).stdout == done.stdout


@pytest.mark.thorough
def test_an_unfit_model_is_refused_for_triage_with_the_reason(tmp_path: Path) -> None:
    """It would fail silently otherwise: every verdict would quietly be the embedded brain's."""
    with PlayedEndpoint(lambda _: Reply("Hello! How can I help you today?")) as played:
        done = mcpsoc("model", "probe", "--quick", "--json", home=tmp_path, url=played.url)
        asked = len(played.requests)
        env = environment(tmp_path, played.url) | {"MCPSOC_BRAIN": "model"}
        command = [*COMMAND, "triage", "examples/alerts.jsonl"]
        triage = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)

        assert len(played.requests) == asked
    assert done.returncode == 1
    assert json.loads(done.stdout)["triage"]["allowed"] is False
    assert triage.returncode == 2
    assert "does not give decisions in the form" in triage.stderr
    assert "MCPSOC_BRAIN=playbook" in triage.stderr


def test_without_a_model_there_is_nothing_to_measure(tmp_path: Path) -> None:
    """A key alone names no model."""
    env = environment(tmp_path, "http://127.0.0.1:9/v1") | {"MCPSOC_MODEL": ""}
    command = [*COMMAND, "model", "probe"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "MCPSOC_MODEL" in done.stderr


@pytest.fixture
def unfit_for_triage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose model may chat and may not judge."""
    url = "http://127.0.0.1:9/v1"
    given = {"MCPSOC_HOME": str(tmp_path), "MCPSOC_BRAIN": "model", "MCPSOC_MODEL": "m", "OPENAI_BASE_URL": url}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    yes, no = (Use(allowed=allowed, reasons=(Remark(template="as it is"),)) for allowed in (True, False))
    keep_fitness(tmp_path, Fitness(endpoint=url, model="m", at=utc_now(), mode="tool", chat=yes, triage=no))
    return Home(tmp_path)


async def test_a_model_that_may_chat_only_keeps_no_desk_from_answering(unfit_for_triage: Home) -> None:
    """Two uses, two words: being unfit for the one is no reason against the other."""
    async with open_desk(unfit_for_triage, "site", judging=False) as desk:
        assert desk.analyst.brain.name == "playbook"
    with pytest.raises(ModelUnfitError, match="must not judge alerts: as it is"):
        async with open_desk(unfit_for_triage, "site"):
            pass


async def test_the_demo_is_not_judged_by_an_unfit_model_either(unfit_for_triage: Home) -> None:
    """The demo has a home of its own, and the models of the home it lies in."""
    with pytest.raises(ModelUnfitError):
        async with open_desk(unfit_for_triage.demo, "lab"):
            pass


@pytest.mark.thorough
def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    """Marked incomplete: what was not measured is neither fit nor unfit."""
    played = PlayedEndpoint(candidate := Candidate())

    def player(request: JsonObject) -> Reply:
        if len(played.requests) >= 5:
            played.trouble = "slow"
        return candidate(request)

    played.player = player
    with played:
        command = [*COMMAND, "--lang", "zh", "model", "probe"]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment(tmp_path, played.url), stdout=subprocess.PIPE, text=True
        ) as process:
            wait_for(lambda: len(played.requests) >= 6)
            process.send_signal(signal.SIGINT)
            told, _ = process.communicate(timeout=60)

        fitness = read_record(tmp_path, played.url, "played").fitness
    assert process.returncode == 130
    assert fitness is not None
    assert not fitness.complete
    assert "被人中止" in told
    assert "未知" in told


def wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)
