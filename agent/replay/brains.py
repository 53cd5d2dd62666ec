"""Which brain decides a replay, by the name a person gives it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.replay.errors import BrainUnknownError
from agent.replay.recorded import RecordedBrain
from agent.replay.stored import Stored
from agent.settings import Settings

BrainOf: TypeAlias = Callable[[Stored], Brain]
"""The brain for one stored case."""
NAMES: Final = ("playbook", "recorded", "model", "model:NAME")
MODEL: Final = "model"


def brain_named(name: str, settings: Settings, home: Path | None = None) -> BrainOf:
    """`playbook`, `recorded` (each case's own decisions), `model` (the configured one) or `model:NAME` at its endpoint.

    Raises: BrainUnknownError; what building a model raises."""
    if name == "playbook":
        return lambda stored: PlaybookBrain()
    if name == "recorded":
        return lambda stored: RecordedBrain.of(stored)
    kind, _, model = name.partition(":")
    if kind != MODEL or (":" in name and not model):
        raise BrainUnknownError(f"no brain {name!r}; there are: {', '.join(NAMES)}")
    brain = _model(settings.model_copy(update={"brain": MODEL, "model": model or settings.model}), home)
    return lambda stored: brain


def _model(settings: Settings, home: Path | None) -> Brain:
    from agent.brain import build_brain

    return build_brain(settings, home)
