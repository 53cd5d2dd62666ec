"""A path is as trustworthy as the least trusted value it reads, filters on or returns."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from agent.evidence.ledger import Ledger
from agent.evidence.provenance import classes, existence
from agent.models import Evidence, Provenance

T0, T1, T2 = Provenance.OPERATOR, Provenance.SENSOR, Provenance.UNTRUSTED
SYSTEM = "C:\\Windows\\System32\\svchost.exe"
PROFILE = "C:\\Users\\alice\\svchost.exe"
DECLARED = {
    "$.events[*]['event.id']": T1,
    "$.events[*]['source.ip']": T1,
    "$.events[*]['process.executable']": T1,
    "$.events[*]['process.command_line']": T2,
    "$.work[*].id": T0,
    "$.work[*].accounts[*]": T0,
    "$.buckets[*].key": T1,
    "$.buckets[*].key.name": T2,
    "$.any.*": T1,
    "not a path": T0,
}


def evidence(data: JsonValue) -> Evidence:
    """An answer with those declarations."""
    return Ledger().add(
        server="siem",
        tool="siem_search_events",
        arguments={},
        asked_at=datetime(2026, 3, 1, tzinfo=UTC),
        status="success",
        summary="",
        data=data,
        backend="embedded",
        provenance=DECLARED,
    )


ANSWER = evidence(
    {
        "events": [
            {
                "event.id": "1",
                "source.ip": "203.0.113.9",
                "process.executable": SYSTEM,
                "process.command_line": "x",
                "undeclared": 1,
            },
            {"event.id": "2", "source.ip": "203.0.113.9", "process.executable": PROFILE},
            {"event.id": "3", "source.ip": "198.51.100.4", "process.executable": SYSTEM},
        ],
        "work": [{"id": "CHG-1", "accounts": ["alice"], "note": "trust me"}],
        "buckets": [{"key": {"source": "a", "name": "b"}, "count": 3}],
        "any": {"x": 1, "y": {"z": 2}},
        "quiet": [],
    }
)


@pytest.mark.parametrize(
    "path,expected",
    [
        ("$.events[0]['source.ip']", T1),
        ("$.events[0]['process.command_line']", T2),
        ("$.events[0].undeclared", T2),
        ("$.events[0]", T2),
        ("$.events[2]", T1),
        ("$.events[*]", T2),
        ("$", T2),
        ("$.events[?@['event.id']=='3']", T1),
        ("$.events[?@['process.command_line']=='x']['source.ip']", T2),
        ("$.events[?!@['process.command_line']]['source.ip']", T2),
        ("$.events[?@.undeclared]['source.ip']", T2),
        ("$.events[?length(@['process.command_line'])>3]['source.ip']", T2),
        ("$.events[?@['source.ip']==$.events[0]['process.command_line']]['event.id']", T2),
        ("$.events[?@['source.ip']==$.events[0]['source.ip']]['event.id']", T1),
        ("$.work[0].id", T0),
        ("$.work[0].accounts[*]", T0),
        ("$.work[?@.accounts[?@=='alice']].id", T0),
        ("$.work[0].note", T2),
        ("$.work[0]", T2),
        ("$.buckets[0].key.source", T1),
        ("$.buckets[0].key.name", T2),
        ("$.buckets[0].key", T2),
        ("$.buckets[0].count", T2),
        ("$.any.x", T1),
        ("$.any.y", T1),
        ("$.any.*", T1),
        ("$..['source.ip']", T1),
        ("$..[?@['source.ip']]", T2),
        ("$['work','events'][0].id", T0),
    ],
)
def test_class_of_everything_a_path_reads(path: str, expected: Provenance) -> None:
    """Declared, undeclared, inherited, filtered on, compared with the root: the worst of them counts."""
    assert classes(path, ANSWER) is expected


@pytest.mark.parametrize(
    "path,expected",
    [
        ("$.events[0]['process.executable']", T1),
        ("$.events[1]['process.executable']", T2),
        ("$.events[*]['process.executable']", T2),
        ("$.events[1]", T2),
        ("$.events[?search(@['process.executable'], 'svc')]['event.id']", T2),
        ("$.events[?@['process.executable']!='C:\\\\Windows\\\\System32\\\\svchost.exe']['event.id']", T2),
        ("$.events[?@['process.executable']=='C:\\\\Windows\\\\System32\\\\svchost.exe']['event.id']", T1),
        ("$.events[?@['process.executable']=='C:\\\\Users\\\\alice\\\\svchost.exe']['event.id']", T2),
    ],
)
def test_a_full_path_is_attested_only_where_it_takes_administrator_rights(path: str, expected: Provenance) -> None:
    """Whoever drops a file chooses its name; a filter for one protected path cannot be met by another."""
    assert classes(path, ANSWER) is expected


@pytest.mark.parametrize(
    "path,expected",
    [
        ("$.events[?@['event.id']=='9']", T1),
        ("$.events[?@['event.id']=='9']['source.ip']", T1),
        ("$.events[?@['event.id']=='9']['process.command_line']", T2),
        ("$.events[?@['process.command_line']=='9']", T2),
        ("$.events[?@['event.id']=='9'].nothing", T2),
        ("$.work[?@.id=='CHG-9']", T0),
        ("$.buckets[?@.key.source=='9'].key.source", T1),
        ("$.quiet[*]", T2),
        ("$..nothing", T2),
    ],
)
def test_nothing_found_is_attested_by_who_attests_such_rows(path: str, expected: Provenance) -> None:
    """That a sensor saw no event is the sensor's word, unless text decided what counts as one."""
    assert classes(path, ANSWER) is expected
    assert existence(path, ANSWER) is expected


def test_existence_leaves_the_contents_unread() -> None:
    """How many sign-ins there were is attested, though each carries a name somebody typed."""
    assert classes("$.events[*]", ANSWER) is T2
    assert existence("$.events[*]", ANSWER) is T1
    assert existence("$.events[?@['process.command_line']=='x']", ANSWER) is T2


def test_declared_empty_containers_keep_their_class() -> None:
    """An empty list of accounts is still the operator's list."""
    empty = evidence({"work": [{"id": "CHG-1", "accounts": []}], "other": {}})
    assert classes("$.work[0].accounts", empty) is T0
    assert classes("$.other", empty) is T2


def test_filter_on_a_declared_field_that_no_row_has_keeps_the_declaration() -> None:
    """An empty answer does not make the question itself untrusted."""
    assert classes("$.events[?@['source.ip']=='203.0.113.9']", evidence({"events": []})) is T1


def test_undeclared_answer_is_untrusted_throughout() -> None:
    """Servers nobody here wrote declare nothing, and get the benefit of no doubt."""
    bare = ANSWER.model_copy(update={"provenance": {}})
    for path in ("$.events[0]['source.ip']", "$.events[?@['event.id']=='9']", "$.events[*]"):
        assert classes(path, bare) is T2
        assert existence(path, bare) is T2
