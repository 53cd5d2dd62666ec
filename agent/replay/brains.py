"""Which brain decides a replay, by the name a person gives it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from agent.brain.entry import build_brain, nobody
from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.replay.errors import BrainUnknownError
from agent.replay.recorded import RecordedBrain
from agent.replay.stored import Stored
from agent.settings import Settings
from agent.wording import Language

BrainOf: TypeAlias = Callable[[Stored], Brain]
"""The brain for one stored case."""
NAMES: Final = ("playbook", "recorded", "model", "model:NAME")
MODEL: Final = "model"


def brain_named(
    name: str,
    settings: Settings,
    home: Path | None = None,
    *,
    tell: Callable[[str], None] = nobody,
    language: Language = "en",
) -> BrainOf:
    """`playbook`, `recorded` (each case's own decisions), `model` (the configured one) or `model:NAME` at its endpoint.

    `tell`: tells a person what a model will be sent, before it is.

    Raises: BrainUnknownError; what building a model raises."""
    if name == "playbook":
        return lambda stored: PlaybookBrain()
    if name == "recorded":
        return lambda stored: RecordedBrain.of(stored)
    kind, _, model = name.partition(":")
    if kind != MODEL or (":" in name and not model):
        raise BrainUnknownError(f"no brain {name!r}; there are: {', '.join(NAMES)}")
    switched_on = settings.model_copy(update={"brain": MODEL, "model": model or settings.model})
    brain = build_brain(switched_on, home, tell=tell, language=language)
    return lambda stored: brain
