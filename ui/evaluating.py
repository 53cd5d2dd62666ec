"""The product put together for an eval: what is measured is what people use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from agent.brain import build_brain
from agent.settings import Settings
from evals.pipeline import BrainFactory, playbook_brain
from evals.suites.chat import Desk
from ui.cli.output import say
from ui.compose import open_desk
from ui.conversing import chat_over
from ui.errors import UsageError
from ui.home import Home

BRAINS: Final = ("playbook", "model", "model:NAME")
"""What can decide in an eval."""


@asynccontextmanager
async def lab_desk(root: Path) -> AsyncIterator[Desk]:
    """Analyst, servers and chat over the home at `root`, whose lab is there already."""
    home = Home(root)
    async with open_desk(home, "lab") as desk, chat_over(desk, home, "lab") as chat:
        yield Desk(desk.analyst, desk.host, chat)


def brain_factory(name: str) -> BrainFactory:
    """The brain of that name for an eval: `playbook`, `model` (the one that the settings name) or `model:NAME`.

    One model decides in all labs of a run. Raises: UsageError; ModelUnfitError."""
    if name == "playbook":
        return playbook_brain
    kind, _, model = name.partition(":")
    if kind != "model":
        raise UsageError("there is no brain {name}; there are: {known}", name=name, known=", ".join(BRAINS))
    settings = Settings()
    named = settings.model_copy(update={"brain": kind, "model": model or settings.model})
    brain = build_brain(named, settings.root, tell=say)
    return lambda: brain
