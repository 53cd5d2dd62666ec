"""Real cases of a lab, decided by a model that decides as the playbook does."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.brain.endpoint.protocol import Asked
from agent.brain.model.brain import ModelBrain
from agent.brain.protocol import CaseView
from agent.models import JsonObject, Report
from evals.pipeline import lab_pipeline
from tests.agent.brain.model.playing import Played, Recording, as_playbook
from tests.labs import lab_at

STORIES = (
    ("password_spray", "attack"),
    ("admin_share", "benign_twin"),
    ("malware_workstation", "benign_twin"),
    ("phishing_macro", "sensor_blind"),
)
SECRET = "Correct-Horse-42"


@dataclass(frozen=True, slots=True)
class Driven:
    """One case, what the model was asked for it, and what it was shown."""

    report: Report
    asked: tuple[Asked, ...]
    views: tuple[tuple[str, CaseView], ...]

    def view(self, step: str) -> CaseView:
        """The case as it was shown to the first decision of that kind."""
        return next(view for name, view in self.views if name == step)


async def drive(lab: Path, home: Path, *, on_this_machine: bool = True) -> list[Driven]:
    """Every new alert of the lab, its command line with a password in it."""
    endpoint = Recording(as_playbook, on_this_machine=on_this_machine)
    played = Played(endpoint, ModelBrain(endpoint, mode="json_schema"))
    driven = []
    async with lab_pipeline(home, lab, brain=lambda: played) as pipeline:
        for raw in await pipeline.new_alerts():
            endpoint.asked.clear()
            played.views.clear()
            case = await pipeline.handle(_with_secret(raw))
            assert case.report is not None
            driven.append(Driven(case.report, tuple(endpoint.asked), tuple(played.views)))
    return driven


def _with_secret(raw: JsonObject) -> JsonObject:
    said = raw.get("process.command_line")
    return {**raw, "process.command_line": f"{said} --password={SECRET}"} if isinstance(said, str) else raw


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Driven], list[Driven], list[Driven]]:
    """The same lab twice, in two homes; and once more with an endpoint that is elsewhere."""
    root = tmp_path_factory.mktemp("driven")
    lab_at(root / "lab.db", 3, STORIES)

    async def all_of_them() -> tuple[list[Driven], list[Driven], list[Driven]]:
        return (
            await drive(root / "lab.db", root / "one"),
            await drive(root / "lab.db", root / "two"),
            await drive(root / "lab.db", root / "three", on_this_machine=False),
        )

    return asyncio.run(all_of_them())


@pytest.fixture(scope="session")
def driven(runs: tuple[list[Driven], list[Driven], list[Driven]]) -> list[Driven]:
    """The cases of the first run."""
    return runs[0]


@pytest.fixture(scope="session")
def spray(driven: list[Driven]) -> Driven:
    """A password spray that worked."""
    return next(case for case in driven if case.report.alert_class == "password_attack")


@pytest.fixture(scope="session")
def twin(driven: list[Driven]) -> Driven:
    """A case that closes."""
    return next(case for case in driven if case.report.verdict.disposition == "false_positive")
