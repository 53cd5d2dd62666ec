"""Fingerprints: equal when alerts say the same thing, different when they do not."""

import copy

import pytest

from agent.intake import parse
from agent.models import JsonObject

LOGIN: JsonObject = {
    "timestamp": "2025-03-01T10:00:00Z",
    "id": "1",
    "agent": {"id": "1", "name": "web"},
    "rule": {"id": "5716", "description": "d", "groups": ["sshd"], "firedtimes": 1},
    "full_log": "Mar  1 10:00:00 web sshd[100]: Failed password for ann from 198.51.100.1 port 4022 ssh2",
}


def print_of(raw: JsonObject, changes: JsonObject) -> str:
    return parse({**copy.deepcopy(raw), **changes}, world="site", ordinal=1).fingerprint


def test_a_repeat_has_the_same_fingerprint() -> None:
    """Time, process id and source port differ each time a password is guessed."""
    again = "Mar  1 10:00:07 web sshd[207]: Failed password for ann from 198.51.100.1 port 5999 ssh2"
    assert print_of(LOGIN, {}) == print_of(LOGIN, {"full_log": again, "timestamp": "2025-03-01T10:00:07Z", "id": "2"})


@pytest.mark.parametrize(
    "changes",
    [
        {"full_log": "Mar  1 10:00:00 web sshd[100]: Failed password for bob from 198.51.100.1 port 4022 ssh2"},
        {"full_log": "Mar  1 10:00:00 web sshd[100]: Failed password for ann from 198.51.100.2 port 4022 ssh2"},
        {"agent": {"id": "2", "name": "db"}},
        {"rule": {"id": "5710", "description": "d", "groups": ["sshd"]}},
    ],
)
def test_another_actor_host_or_rule_is_another_alert(changes: JsonObject) -> None:
    """A duplicate is only counted: calling a new attack a duplicate would lose it."""
    assert print_of(LOGIN, {}) != print_of(LOGIN, changes)
