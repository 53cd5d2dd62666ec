"""The way to a brain that loads nothing of models where none is switched on."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent.settings import Settings
from agent.wording import Language

if TYPE_CHECKING:
    from agent.brain.protocol import Brain


def nobody(told: str) -> None:
    """Tells nobody: for programs that no one watches; the log has it."""


def build_brain(
    settings: Settings,
    home: Path | None = None,
    *,
    tell: Callable[[str], None] = nobody,
    language: Language = "en",
) -> "Brain":
    """The embedded brain, or with MCPSOC_BRAIN=model the configured models before it. Opens no connection.

    `home`: where modes, fitness, spending and what was told are remembered; `tell`: tells a person what will leave.
    Raises: ModelUnfitError when no model is named, a setting cannot be used, or the probe found the model unfit;
    ModelRecordError when what the probe found cannot be read."""
    if settings.brain != "model":
        from agent.brain.playbook import PlaybookBrain

        return PlaybookBrain()
    from agent.brain.building import build_models
    from agent.brain.disclosing import Discloser

    return build_models(settings, home, Discloser(home, tell, language))
