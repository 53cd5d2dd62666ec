"""A full lab, built once, and stories of it that run without servers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.evidence.ledger import Ledger
from agent.models import Evidence, JsonObject
from evals.pipeline import lab_pipeline
from evals.planting import PlantingDoor
from evals.targets import Target, targets_of
from tests.labs import lab_at

SEED = 7
STORIES = (("web_shell", "attack"), ("password_spray", "attack"), ("malware_workstation", "benign_twin"))


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full lab; tests only read it."""
    return lab_at(tmp_path_factory.mktemp("lab") / "lab.db", SEED)


class NobodyThere:
    """A read door behind which nothing answers any more."""

    def __init__(self, target: Target) -> None:
        self._now = target.clock()
        self._ledger = Ledger()

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        """Refusals."""
        return [self._refused(tool, arguments) for tool, arguments in calls]

    def _refused(self, tool: str, arguments: JsonObject) -> Evidence:
        server, _, name = tool.partition("__")
        evidence = self._ledger.add(
            server=server,
            tool=name,
            arguments=arguments,
            asked_at=self._now,
            status="refused",
            summary="nobody is there",
            backend="embedded",
            data=None,
            provenance={},
            sensor=None,
            synthetic=True,
            truncated=False,
            error="nobody is there",
            hint=None,
            cost_ms=0.0,
        )
        return evidence.model_copy(update={"id": f"E9{evidence.id.removeprefix('E')}"})


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Target]:
    """Family and kind to a story whose answers are all kept: it runs again without a server."""
    home = tmp_path_factory.mktemp("stories")
    lab_at(home / "lab.db", SEED, STORIES)

    async def kept() -> dict[tuple[str, str], Target]:
        async with lab_pipeline(home, home / "lab.db") as pipeline:
            targets = await targets_of(pipeline, home / "lab.db")
            for target in targets:
                await target.run(*target.planted(None), PlaybookBrain())
            return {(target.name, target.kind): _alone(target) for target in targets}

    return asyncio.run(kept())


def _alone(target: Target) -> Target:
    now = target.clock()
    door = PlantingDoor(NobodyThere(target), kept=target.door.kept)
    return replace(target, door=door, clock=lambda: now)
