"""Severity and priority: tables that must not surprise anybody."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from agent.intake import parse
from agent.likelihood import outcome_of, priority, severity, stage_of
from agent.models import SEVERITIES, Alert, JsonObject, Outcome

Maker = Callable[..., Alert]


@pytest.mark.parametrize(
    "techniques, stage",
    [
        (("T1087",), "discovery"),
        (("T1003.001",), "credential-access"),
        (("T1087", "T1486"), "impact"),
        (("T1078",), "initial-access"),
        ((), None),
    ],
)
def test_the_deepest_stage_shown_counts(techniques: tuple[str, ...], stage: str | None) -> None:
    """A technique that serves several stages shows only the mildest of them by itself."""
    found = stage_of(techniques)
    if stage == "initial-access":
        assert found in {"initial-access", "persistence", "defense-evasion"}
    else:
        assert found == stage


def rank(
    alert: Alert, *, criticality: str | None = None, privileged: bool = False, outcome: Outcome = "unknown"
) -> int:
    return SEVERITIES.index(severity(alert, criticality=criticality, privileged=privileged, outcome=outcome))


def test_more_at_stake_is_never_less_severe(make_wazuh: Maker) -> None:
    """Asset, privilege and success each step one way only; an unknown asset is an ordinary one."""
    alert = make_wazuh(groups=("x",), techniques=("T1021",))
    ranks = [rank(alert, criticality=name) for name in ("low", "medium", "high", "critical")]
    assert all(low <= high for low, high in pairwise(ranks))
    assert rank(alert) == rank(alert, criticality="medium") == rank(alert, criticality="no such word")
    assert rank(alert, privileged=True) >= rank(alert)
    assert rank(alert, outcome="blocked") < rank(alert) < rank(alert, outcome="succeeded")


def test_a_policy_finding_starts_at_informational(make_wazuh: Maker) -> None:
    """Nobody should be woken by a compliance check."""
    assert severity(make_wazuh(groups=("sca",))) == "informational"


def test_the_vendors_level_is_not_severity(make_wazuh: Maker) -> None:
    """Severity words of the vendor are kept beside ours, never used as truth."""
    alert = make_wazuh(groups=("x",), techniques=("T1059",))
    louder = alert.model_copy(
        update={"vendor_severity": "critical", "rule": alert.rule.model_copy(update={"level": 15})}
    )
    assert severity(alert) == severity(louder)


def test_priority_never_falls_with_likelihood_or_severity() -> None:
    """The queue's order must follow both."""
    steps = [0.0, 0.1, 0.25, 0.4, 0.5, 0.7, 0.75, 0.99, 1.0]
    for name in SEVERITIES:
        row = [priority(name, value) for value in steps]
        assert row == sorted(row, reverse=True)
    for value in steps:
        column = [priority(name, value) for name in SEVERITIES]
        assert column == sorted(column, reverse=True)
    assert priority("critical", 0.9) == "P1"
    assert priority("informational", 1.0) == "P4"


@pytest.mark.parametrize(
    "case, expected",
    [
        ({"groups": ("authentication_failed",)}, "attempted"),
        ({"groups": ("authentication_success",)}, "succeeded"),
        ({"groups": ("ids",), "data": {"alert": {"signature": "x", "action": "blocked"}}}, "blocked"),
        ({"groups": ("ids",), "data": {"alert": {"signature": "x", "action": "allowed"}}}, "unknown"),
        ({"groups": ("sysmon",)}, "unknown"),
    ],
)
def test_the_outcome_comes_from_typed_fields(
    case: dict[str, tuple[str, ...] | JsonObject], expected: str, make_wazuh: Maker
) -> None:
    """ "Did it work?" is an analyst's first question, and no text may answer it."""
    assert outcome_of(make_wazuh(**case)) == expected


@pytest.mark.parametrize(
    "category, outcome, expected",
    [
        ("authentication", "success", "succeeded"),
        ("authentication", "failure", "attempted"),
        ("web", "success", "unknown"),
        ("web", "failure", "attempted"),
    ],
)
def test_an_answered_request_is_no_success_of_an_attack(category: str, outcome: str, expected: str) -> None:
    """A web server says 200 to nearly everything."""
    raw: JsonObject = {
        "kibana.alert.rule.name": "r",
        "@timestamp": "2025-03-01T10:00:00Z",
        "event.category": category,
        "event.outcome": outcome,
    }
    assert outcome_of(parse(raw, world="lab", ordinal=1)) == expected


def test_text_cannot_claim_that_it_failed(make_wazuh: Maker) -> None:
    """Outcome lowers severity, so an attacker would love to write it."""
    alert = make_wazuh(groups=("sysmon",), log="event.outcome=failure blocked quarantined", data={"title": "blocked"})
    assert outcome_of(alert) == "unknown"
