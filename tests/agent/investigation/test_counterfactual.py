"""What would change a verdict: found by deciding again, never by guessing."""

from collections.abc import Callable

import pytest

from agent.investigation.counterfactual import ALL_LOOKS, Change, what_would_change
from agent.investigation.retrace import retrace
from agent.models import Case
from agent.playbooks.format import load_playbooks

PLAYBOOKS = load_playbooks()
Find = Callable[[str], Case]


@pytest.fixture
def ended(lab_cases: tuple[Case, ...]) -> Find:
    """The first case of a disposition."""

    def find(disposition: str) -> Case:
        return next(case for case in lab_cases if case.report and case.report.verdict.disposition == disposition)

    return find


def changes(case: Case, kind: str) -> list[Change]:
    return [change for change in what_would_change(case, PLAYBOOKS).changes if change.kind == kind]


def test_every_verdict_is_reached_again_from_what_is_stored(lab_cases: tuple[Case, ...]) -> None:
    """Deciding again with something changed means nothing unless deciding again unchanged gives the same."""
    for case in lab_cases:
        retraced = retrace(case, PLAYBOOKS)
        assert retraced is not None
        assert case.report is not None
        assert retraced.decided() == case.report.verdict.disposition
        failed = next(gate.reason for gate in case.report.verdict.gates if gate.gate == "nothing_failed")
        assert all(look in failed for look in retraced.facts.missing)


def test_authorised_activity_hangs_on_its_register_entry(ended: Find) -> None:
    """Without the entry a person has to look."""
    case = ended("benign_true_positive")
    assert case.report is not None

    found = changes(case, "authorisation")

    assert [(change.subject, change.would_be) for change in found] == [
        (case.report.verdict.authorisation, "needs_human")
    ]


def test_false_positive_names_the_claims_it_rests_on(ended: Find) -> None:
    """Each of them alone: take one away, and it is no longer closed."""
    found = changes(ended("false_positive"), "claim")

    assert "domain_known.registered_domain" in {change.subject for change in found}
    assert {change.would_be for change in found} == {"needs_human"}
    assert all("If this did not hold: " in change.what for change in found)


def test_case_without_a_sensor_names_the_look_that_would_settle_it(ended: Find) -> None:
    """The sensor, the question nobody answered, and what an answer would prove."""
    found = changes(ended("needs_human"), "gap")

    assert [(change.subject, change.would_be) for change in found] == [
        ("proxy", None),
        ("uploads", None),
        (ALL_LOOKS, None),
        ("uploads", "true_positive"),
    ]
    assert found[0].query is not None
    assert found[0].query.startswith("proxy: ")


def test_entry_that_almost_fits_is_named_with_what_does_not(lab_cases: tuple[Case, ...]) -> None:
    """An attack beside authorised work: which of the five keeps it from being authorised."""
    near = [
        change
        for case in lab_cases
        if case.report and case.report.verdict.disposition == "true_positive"
        for change in changes(case, "authorisation")
    ]

    assert near
    assert all(change.what.startswith(f"Register entry {change.subject} would fit but for: ") for change in near)


def test_gate_that_held_a_case_is_named_with_the_verdict_without_it(lab_cases: tuple[Case, ...], ended: Find) -> None:
    """A closing verdict that an unread sensor keeps open is one sensor away from closing."""
    case = ended("false_positive")
    assert case.report is not None
    answers = {item.id: item for item in case.evidence}
    looked = next(item for item in answers.values() if item.tool == "siem_count_events")
    broken = looked.model_copy(update={"status": "error", "error": "no answer"})
    verdict = case.report.verdict
    held = [
        gate.model_copy(
            update={"passed": False, "after": "needs_human", "reason": f"required looks are missing: {looked.id}"}
        )
        if gate.gate == "nothing_failed"
        else gate
        for gate in verdict.gates
    ]
    changed = verdict.model_copy(update={"disposition": "needs_human", "gates": tuple(held)})
    open_case = case.model_copy(
        update={
            "evidence": tuple(broken if item.id == looked.id else item for item in case.evidence),
            "report": case.report.model_copy(update={"verdict": changed}),
        }
    )

    gates = changes(open_case, "gate")

    assert [(change.subject, change.would_be) for change in gates] == [("nothing_failed", "false_positive")]


def test_case_of_another_playbook_version_only_names_its_gates_and_gaps(ended: Find) -> None:
    """A verdict that cannot be reached again is not played with."""
    case = ended("needs_human")
    assert case.report is not None
    older = case.model_copy(update={"report": case.report.model_copy(update={"playbook": "data_theft@0"})})

    found = what_would_change(older, PLAYBOOKS)

    assert [(change.kind, change.would_be) for change in found.changes] == [("gap", None)]


def test_case_that_was_not_investigated_hangs_on_nothing(ended: Find) -> None:
    """There is no verdict to change."""
    found = what_would_change(ended("needs_human").model_copy(update={"report": None}), PLAYBOOKS)

    assert (found.verdict, found.changes) == (None, ())


def test_changes_are_told_in_chinese(lab_cases: tuple[Case, ...]) -> None:
    """The same changes, in the reader's words."""
    for case in lab_cases:
        english, chinese = (what_would_change(case, PLAYBOOKS, language) for language in ("en", "zh"))
        assert [(c.kind, c.subject, c.would_be) for c in english.changes] == [
            (c.kind, c.subject, c.would_be) for c in chinese.changes
        ]
        assert all(any("\u4e00" <= char <= "\u9fff" for char in change.what) for change in chinese.changes)
