"""Changes that should change nothing: what each changes, and that the embedded brain does not mind any of them."""

import json
from dataclasses import replace
from datetime import timedelta

from agent.brain.playbook import PlaybookBrain
from agent.brain.protocol import CaseView, Conclusion
from agent.intake import alert_class
from agent.models import Case
from agent.playbooks.format import load_playbooks
from agent.replay.replay import replay
from agent.replay.stability import repeated, repeated_after
from agent.replay.stored import open_stored
from agent.replay.variations import CHANGES, SHIFT, TITLES, UNCHANGED, variations
from tests.agent.replay.conftest import Find

PLAYBOOKS = load_playbooks()
NAMES = [change.name for change in CHANGES]


async def test_embedded_brain_ends_every_variation_the_same(lab_cases: tuple[Case, ...]) -> None:
    """A flip here would be a reading that goes by a name, a date, a title or a row beside the point."""
    for case in lab_cases[::2]:
        seen = [
            (name, (await replay(variant, PlaybookBrain(), PLAYBOOKS)))
            for name, variant in variations(open_stored(case), len(CHANGES) + 1)
        ]
        ends = {(r.report.verdict.disposition, r.report.verdict.severity, r.report.verdict.likelihood) for _, r in seen}

        assert len(ends) == 1, (case.title, [(name, r.report.verdict.disposition) for name, r in seen])
        assert all(run.unanswered == () for _, run in seen)


def test_each_variation_changes_what_its_name_says(ended: Find) -> None:
    """A variation that changes nothing proves nothing."""
    stored = ended("true_positive")
    by_name = dict(variations(stored, len(CHANGES) + 1))
    alert = stored.alert

    assert by_name[UNCHANGED].alert == alert
    assert by_name["entities renamed"].alert.text("host.name") != alert.text("host.name")
    assert abs(by_name["times shifted"].alert.time - alert.time) == SHIFT
    assert by_name["title paraphrased"].alert.title in TITLES
    assert alert.title not in json.dumps(by_name["title paraphrased"].subject.data)
    assert by_name["vendor severity changed"].alert.vendor_severity != alert.vendor_severity
    assert by_name["noise added"].answers != stored.answers
    assert {alert_class(variant.alert) for variant in by_name.values()} == {alert_class(alert)}


def test_times_move_by_whole_weeks_in_every_form(ended: Find) -> None:
    """A register's window that stayed behind would unfit its entry; a working day that became a Sunday is a sign."""
    stored = ended("benign_true_positive")
    epoch = int(stored.alert.time.timestamp() * 1000)
    data = {
        "iso": "2026-03-09T04:00:28.431Z",
        "day": "2026-03-09",
        "epoch": epoch,
        "bytes": 34_800,
        "cve": "CVE-2025-90011",
    }
    odd = replace(stored, answers=(stored.answers[0].model_copy(update={"data": data}),))

    moved = dict(variations(odd, 3))["times shifted"].answers[0]

    assert timedelta(weeks=52) == SHIFT
    assert isinstance(moved.data, dict)
    assert str(moved.data["iso"])[:4] in ("2025", "2027")
    assert str(moved.data["iso"]).endswith("T04:00:28.431Z")
    assert moved.data["day"] == str(moved.data["iso"])[:10]
    assert abs(int(str(moved.data["epoch"])) - epoch) == SHIFT.days * 86_400_000
    assert (moved.data["bytes"], moved.data["cve"]) == (34_800, "CVE-2025-90011")
    assert abs(moved.asked_at - stored.answers[0].asked_at) == SHIFT


def test_noise_goes_nowhere_that_rows_were_asked_for_by_name(ended: Find) -> None:
    """A row among events that match a hash would be a find, and one in an empty answer would be the first."""
    stored = ended("false_positive")

    noisy = dict(variations(stored, len(CHANGES) + 1))["noise added"]

    for before, after in zip(stored.answers, noisy.answers, strict=True):
        if before.tool in ("siem_search_events", "siem_count_events", "siem_baseline") or before.status != "success":
            assert _lists(after.data) == _lists(before.data)
        assert after.status == before.status


def test_runs_past_the_last_change_begin_again_by_another_seed(ended: Find) -> None:
    """Who asks for more runs gets other names and dates, not the same ones again."""
    seen = list(variations(ended("true_positive"), 2 * len(CHANGES) + 1))

    assert [name for name, _ in seen] == [UNCHANGED, *NAMES, *NAMES]
    assert seen[1][1].alert.text("host.name") != seen[1 + len(CHANGES)][1].alert.text("host.name")
    assert seen[2][1].alert.time != seen[2 + len(CHANGES)][1].alert.time


class Swayed(PlaybookBrain):
    """Finds a case harmless by its title."""

    name = "swayed"

    async def conclude(self, view: CaseView) -> Conclusion:
        said = await super().conclude(view)
        return said.model_copy(update={"disposition": "needs_human"}) if view.alert.title in TITLES else said


async def test_unstable_case_that_would_close_goes_to_a_person(ended: Find) -> None:
    """A brain that goes by what says nothing must not close anything."""
    stored = ended("false_positive")

    run = await repeated(stored, lambda each: Swayed(), PLAYBOOKS, len(CHANGES) + 1)

    verdict, stability = run.report.verdict, run.report.stability
    assert stability is not None
    assert not stability.stable
    assert [item.changed for item in stability.variations] == [UNCHANGED, *NAMES]
    assert verdict.disposition == "needs_human"
    assert verdict.gates[-1].reason == "ends otherwise with: title paraphrased"
    assert verdict.gates[-1].before == "false_positive"


async def test_unstable_attack_stays_one(ended: Find) -> None:
    """Not knowing for sure lowers nothing."""
    stored = ended("true_positive")

    run = await repeated(stored, lambda each: Swayed(), PLAYBOOKS, len(CHANGES) + 1)

    assert run.report.verdict.disposition == "true_positive"
    assert run.report.verdict.severity == stored.ended.verdict.severity


async def test_stable_case_keeps_its_verdict_and_one_run_says_nothing_of_stability(ended: Find) -> None:
    """Repeating is a measurement: it changes a verdict only where it finds something."""
    stored = ended("false_positive")

    six = await repeated_after(stored, PlaybookBrain(), PLAYBOOKS, 6)
    once = await repeated(stored, lambda each: PlaybookBrain(), PLAYBOOKS, 1)

    assert six.stability is not None
    assert six.stability.stable
    assert six.verdict == stored.ended.verdict
    assert once.report.stability is None


def _lists(data: object) -> list[object]:
    return [item for item in data.values() if isinstance(item, list)] if isinstance(data, dict) else []
