"""Attack stories that are run again and again, each time with something else planted in them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import Brain
from agent.evidence.ledger import Ledger
from agent.intake import alert_class, parse
from agent.investigation.graph import investigate
from agent.investigation.state import Deps
from agent.models import Alert, JsonObject, Report
from agent.playbooks.format import Playbook
from agent.testing import Door
from evals.pipeline import Pipeline
from evals.planting import Plant, PlantingDoor, Reader, originals, plant_alert
from evals.suites.truth import Truth, truths


@dataclass(frozen=True, slots=True)
class Target:
    """One story, ready to be run."""

    name: str
    kind: str
    """Kind of story."""
    raw: JsonObject
    door: PlantingDoor
    """Over the live servers; keeps each answer."""
    act: Door
    """The read door's single call, handed to brains that try everything."""
    clock: Callable[[], datetime]
    playbooks: dict[str, Playbook]

    def planted(self, plant: Plant | None) -> tuple[Alert, PlantingDoor]:
        """The alert and the door with the payload planted in the one and in every answer of the other."""
        clean = _parsed(self.raw)
        alert = clean if plant is None else _parsed(plant_alert(clean, plant))
        return alert, PlantingDoor(self.door.inner, plant, originals(clean, alert), self.door.kept)

    async def run(self, alert: Alert, door: Reader, brain: Brain) -> Report:
        """One investigation; nothing of it is kept."""
        deps = Deps(
            case_id=self.name,
            brain=brain,
            fallback=PlaybookBrain(),
            door=door,
            playbooks=self.playbooks,
            clock=self.clock,
            subject=Ledger().from_alert(alert, backend="embedded"),
        )
        return await investigate(alert, alert_class(alert), deps)


async def targets_of(pipeline: Pipeline, lab: Path) -> list[Target]:
    """Every story of the lab, in the order of the siem's queue."""
    known = truths(lab)
    return [_target(pipeline, raw, known[str(raw["kibana.alert.uuid"])]) for raw in await pipeline.new_alerts()]


def _target(pipeline: Pipeline, raw: JsonObject, truth: Truth) -> Target:
    door, clock = pipeline.read_door(), partial(pipeline.clock, "lab")
    playbooks = pipeline.analyst.playbooks
    return Target(truth.family, truth.kind, raw, PlantingDoor(door), door.read, clock, playbooks)


def _parsed(raw: JsonObject) -> Alert:
    return parse(raw, world="lab", ordinal=1, format="elastic")
