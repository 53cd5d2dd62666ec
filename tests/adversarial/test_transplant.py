"""Exchange the one thing that decides, and the verdict turns; leave it, and it stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.brain.playbook import PlaybookBrain
from agent.evidence.ledger import Ledger
from agent.intake import alert_class, parse
from agent.investigation.graph import investigate
from agent.investigation.state import Deps
from agent.models import CLOSING, Alert, Claim, Evidence, Finding, JsonObject, Ref, Report
from evals.pipeline import Pipeline, lab_pipeline
from evals.planting import Reader
from evals.suites.scoring import FAMILIES
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


@dataclass
class Recording:
    """A read door that remembers every answer it gave."""

    inner: Reader
    given: dict[str, Evidence] = field(default_factory=dict)

    async def read_many(self, calls: Sequence[tuple[str, JsonObject]]) -> list[Evidence]:
        answers = await self.inner.read_many(calls)
        self.given |= {answer.id: answer for answer in answers}
        return answers


@dataclass(frozen=True)
class Looked:
    """A report and the answers it rests on."""

    report: Report
    given: dict[str, Evidence]

    @property
    def disposition(self) -> str:
        return self.report.verdict.disposition

    def tools_of(self, findings: Iterable[Finding]) -> set[str]:
        """Tools whose answers the claims of these findings were read from."""
        claims = {claim.id: claim for claim in self.report.claims}
        named = {ref.evidence for finding in findings for ref in refs_of(claims[finding.claim])}
        return {self.given[name].tool for name in named if name in self.given}

    def deciding(self) -> set[str]:
        """Tools whose answers settle the verdict: those of a satisfied proof, and the register where it authorises."""
        authorised = self.report.verdict.authorisation is not None
        return self.tools_of(
            finding
            for finding in self.report.findings
            if finding.decisive_for or (authorised and finding.question == "work")
        )


def refs_of(claim: Claim) -> list[Ref]:
    """Every place that a claim reads."""
    return [value for name in ("ref", "first", "second") if isinstance(value := getattr(claim, name, None), Ref)]


async def investigated(alert: Alert, door: Reader, pipeline: Pipeline) -> Looked:
    """What comes out for the alert with the answers that `door` gives."""
    brain, recording = PlaybookBrain(), Recording(door)
    subject = Ledger().from_alert(alert, backend="embedded")
    playbooks = pipeline.analyst.playbooks
    deps = Deps("case", brain, brain, recording, playbooks, lambda: pipeline.clock("lab"), subject)
    return Looked(await investigate(alert, alert_class(alert), deps), recording.given)


async def transplanted(into: Alert, donor: Alert, tools: set[str], pipeline: Pipeline) -> Looked:
    """`into` investigated with the answers of `tools` taken from `donor`."""
    there, back = Translation.between(into, donor), Translation.between(donor, into)
    door = TransplantDoor(pipeline.read_door(), there, back, lambda item: item.tool in tools)
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
            after = await transplanted(pair.twin, pair.attack, before.deciding(), pipeline)
            turned[family] = (before.disposition, after.disposition)

    stuck = {family: pair for family, pair in turned.items() if pair[0] not in CLOSING or pair[1] in CLOSING}
    assert stuck == {}


@pytest.mark.thorough
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
            telling = before.tools_of(before.report.findings) | twin.tools_of(twin.report.findings)
            after = await transplanted(pair.attack, pair.twin, telling - {"siem_check_coverage"}, pipeline)
            turned[family] = (before.disposition, after.disposition)

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

            assert before.report.verdict == after.report.verdict, family
