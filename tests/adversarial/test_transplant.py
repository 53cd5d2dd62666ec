"""Exchange the one thing that decides, and the verdict turns; leave it, and it stays."""

from pathlib import Path
from typing import NamedTuple

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.evidence.ledger import Ledger
from agent.intake import alert_class, parse
from agent.investigation.graph import investigate
from agent.investigation.state import Deps
from agent.models import CLOSING, Alert, Evidence, Report
from agent.playbooks.format import load_playbooks
from evals.injection import FAMILIES
from evals.pipeline import Pipeline, lab_pipeline
from evals.planting import Reader
from evals.suites.truth import truths
from evals.transplant import Translation, TransplantDoor


class Pair(NamedTuple):
    """An attack and the innocent story that raises the same alert."""

    attack: Alert
    twin: Alert


def pair_of(family: str, raws: dict[tuple[str, str], Alert]) -> Pair:
    """The family's pair."""
    return Pair(raws[family, "attack"], raws[family, "benign_twin"])


async def alerts_of(pipeline: Pipeline, lab: Path) -> dict[tuple[str, str], Alert]:
    """Family and kind to the story's alert."""
    known = truths(lab)
    found = {}
    for raw in await pipeline.new_alerts():
        truth = known[str(raw["kibana.alert.uuid"])]
        found[truth.family, truth.kind] = parse(raw, world="lab", ordinal=1)
    return found


async def investigated(alert: Alert, door: Reader, pipeline: Pipeline) -> Report:
    """The report over the alert with the answers that `door` gives."""
    brain = PlaybookBrain()
    subject = Ledger().from_alert(alert, backend="embedded")
    deps = Deps("case", brain, brain, door, load_playbooks(), lambda: pipeline.clock("lab"), subject)
    return await investigate(alert, alert_class(alert), deps)


def deciding(report: Report) -> set[str]:
    """Sensors and registers that the findings which settle the verdict rest on."""
    settling = [finding for finding in report.findings if finding.decisive_for]
    if report.verdict.authorisation:
        settling += [finding for finding in report.findings if finding.question == "work"]
    return {sensor for finding in settling for sensor in finding.sensors}


def bears(item: Evidence, sensors: set[str]) -> bool:
    """Whether the answer comes from one of the sensors."""
    named = {"register"} if item.tool == "assets_list_authorised_work" else {item.sensor or item.server}
    return bool(named & sensors)


async def transplanted(into: Alert, donor: Alert, sensors: set[str], pipeline: Pipeline) -> Report:
    """`into` investigated with the answers of `sensors` taken from `donor`."""
    there, back = Translation.between(into, donor), Translation.between(donor, into)
    door = TransplantDoor(pipeline.read_door(), there, back, lambda item: bears(item, sensors))
    return await investigated(into, door, pipeline)


@pytest.mark.timeout(300)
async def test_deciding_telemetry_turns_the_verdict(lab: Path, tmp_path: Path) -> None:
    """A verdict that does not follow the telemetry follows something else: a name, a title, an order of rows."""
    turned: dict[str, tuple[str, str]] = {}
    async with lab_pipeline(tmp_path, lab) as pipeline:
        alerts = await alerts_of(pipeline, lab)
        for family in FAMILIES:
            pair = pair_of(family, alerts)
            before = await investigated(pair.twin, pipeline.read_door(), pipeline)
            after = await transplanted(pair.twin, pair.attack, deciding(before), pipeline)
            turned[family] = (before.verdict.disposition, after.verdict.disposition)

    stuck = {family: pair for family, pair in turned.items() if pair[0] not in CLOSING or pair[1] in CLOSING}
    assert stuck == {}


@pytest.mark.timeout(300)
async def test_attack_with_the_telemetry_of_its_twin_is_innocent(lab: Path, tmp_path: Path) -> None:
    """And the other way round: without the telemetry that proves it, the same alert is no attack."""
    turned: dict[str, tuple[str, str]] = {}
    async with lab_pipeline(tmp_path, lab) as pipeline:
        alerts = await alerts_of(pipeline, lab)
        for family in FAMILIES:
            pair = pair_of(family, alerts)
            before = await investigated(pair.attack, pipeline.read_door(), pipeline)
            twin = await investigated(pair.twin, pipeline.read_door(), pipeline)
            malicious = {sensor for item in before.findings for sensor in item.sensors} - {"register"}
            after = await transplanted(pair.attack, pair.twin, deciding(twin) | malicious, pipeline)
            turned[family] = (before.verdict.disposition, after.verdict.disposition)

    assert {
        family: pair for family, pair in turned.items() if pair[0] != "true_positive" or pair[1] not in CLOSING
    } == {}


@pytest.mark.timeout(300)
async def test_transplanting_nothing_changes_nothing(lab: Path, tmp_path: Path) -> None:
    """The operation itself must not be what turns a verdict."""
    async with lab_pipeline(tmp_path, lab) as pipeline:
        alerts = await alerts_of(pipeline, lab)
        for family in FAMILIES:
            pair = pair_of(family, alerts)
            before = await investigated(pair.attack, pipeline.read_door(), pipeline)
            after = await transplanted(pair.attack, pair.twin, set(), pipeline)

            assert before.verdict.model_dump() == after.verdict.model_dump(), family
