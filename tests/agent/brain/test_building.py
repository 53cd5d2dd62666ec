"""Which brain an installation gets, and what is said before a model is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.brain import build_brain
from agent.brain.disclosing import Discloser
from agent.brain.endpoint.errors import ModelUnfitError
from agent.brain.failover import FailoverBrain
from agent.brain.fitness import Fitness, Remark, Use
from agent.brain.playbook import PlaybookBrain
from agent.brain.records import keep_fitness
from agent.models import utc_now
from agent.settings import Settings
from tests.agent.brain.model.playing import Recording, as_playbook


def test_a_key_alone_switches_nothing_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a key in the environment for something else must not find alerts being sent."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-key")
    monkeypatch.setenv("MCPSOC_MODEL", "some-model")

    assert isinstance(build_brain(Settings(home=tmp_path), tmp_path), PlaybookBrain)


def test_without_a_model_nothing_of_models_is_loaded() -> None:
    """A command of the embedded analyst starts without the clients of endpoints."""
    code = (
        "import sys; from agent.brain import build_brain; from agent.settings import Settings; build_brain(Settings());"
        "print([name for name in sys.modules if name.startswith(('agent.brain.endpoint', 'openai', 'langchain'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_strong_model_stands_behind_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap first; its name is the brain's."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("MCPSOC_STRONG_MODEL", "large")

    brain = build_brain(Settings(home=tmp_path, brain="model", model="small"), tmp_path)

    assert isinstance(brain, FailoverBrain)
    assert (brain.name, [model.name for model in brain.models]) == ("model:small", ["model:small", "model:large"])


def test_a_model_without_a_name_is_refused(tmp_path: Path) -> None:
    """A setting that is half made must not look as if a model judged."""
    with pytest.raises(ModelUnfitError):
        build_brain(Settings(home=tmp_path, brain="model", model=""), tmp_path)


def test_an_unfit_model_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the probe measured is known before the first alert, not after the hundredth."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    unfit = Use(allowed=False, reasons=(Remark(template="it closed an attack"),))
    fitness = Fitness(
        endpoint="http://127.0.0.1:9/v1", model="small", at=utc_now(), mode="json", chat=unfit, triage=unfit
    )
    keep_fitness(tmp_path, fitness)

    with pytest.raises(ModelUnfitError, match="it closed an attack"):
        build_brain(Settings(home=tmp_path, brain="model", model="small"), tmp_path)


def test_where_data_goes_is_said_once_per_home(tmp_path: Path) -> None:
    """Every process would say it again otherwise, and nobody would read it."""
    endpoint = Recording(as_playbook, on_this_machine=False)
    heard: list[str] = []
    for _ in range(2):
        Discloser(tmp_path, heard.append, "en").announce(endpoint, hidden=True)
    Discloser(tmp_path / "other", heard.append, "zh").announce(endpoint, hidden=False)

    said = [text for text in heard if "played" in text]
    assert len(said) == 2
    assert "played at http://127.0.0.1:1/v1" in said[0]
    assert "accounts are replaced" in said[0]
    assert "按原样发送" in said[1]
