"""What a model points at becomes a claim that code runs, in a sentence of ours, or nothing."""

import pytest

from agent.brain.endpoint.names import Names
from agent.brain.model.claims import PointError, finding_of
from agent.brain.model.conversation import resume
from agent.brain.model.schema import PointSaid
from agent.brain.model.sentences import every_sentence, value_sentence
from agent.brain.model.writing import Pen
from agent.evidence.claims import check
from agent.models import Equals, Evidence
from agent.wording import localised
from tests.agent.brain.conftest import Driven

PLAIN = Pen(Names(hidden=False))


def point(**members: object) -> PointSaid:
    """A point as a model says it."""
    return PointSaid.model_validate({"kind": "equals", "evidence": "E5", "raises": True, **members})


@pytest.fixture
def evidence(spray: Driven) -> dict[str, Evidence]:
    """The evidence of a spray that worked: E5 is the sign-in that succeeded."""
    return resume(spray.view("conclude"), hidden=False).evidence


@pytest.mark.parametrize(
    "path",
    [
        "$.events[0]['device.managed']",
        '$.events[0]["device.managed"]',
        "$.events[0].device.managed",
        "$.events[0] device.managed",
    ],
)
def test_a_value_is_found_however_its_path_is_written(evidence: dict[str, Evidence], path: str) -> None:
    """Models write member names with dots in them as if they were steps."""
    found = finding_of(point(path=path, value="false"), evidence, PLAIN)

    assert check(found.claim, evidence).status == "verified"
    assert found.raises


def test_the_sentence_is_ours_and_shows_the_stored_value(evidence: dict[str, Evidence]) -> None:
    """A model writes no sentence of a report: it can choose a place, and code reads what stands there."""
    found = finding_of(point(path="$.events[0]['device.managed']", value=False), evidence, PLAIN)
    checked = check(found.claim, evidence)

    assert found.claim.template == value_sentence("device.managed", raises=True, row=True)
    assert checked.text.startswith(
        "The model takes the state of the device's management for a sign of malice: false (2026-"
    )


def test_a_sentence_says_what_is_pointed_out_and_which_way(evidence: dict[str, Evidence]) -> None:
    """A number without a name tells a person nothing, and neither does a fact without a direction."""
    found = finding_of(point(path="$.events[0]['source.country']", value="DE", raises=False), evidence, PLAIN)

    assert check(found.claim, evidence).text.startswith("The model points out the country: DE (2026-")


def test_a_value_of_all_rows_is_found_in_the_first_row_that_has_it(evidence: dict[str, Evidence]) -> None:
    """Values are shown for a whole list; a claim needs one place."""
    wanted = evidence["E4"].data
    assert isinstance(wanted, dict)
    buckets = wanted["buckets"]
    assert isinstance(buckets, list)
    third = buckets[2]
    assert isinstance(third, dict)
    assert isinstance(third["key"], dict)
    name = third["key"]["user.attempted_name"]

    found = finding_of(point(evidence="E4", path="$.buckets[*].key.user.attempted_name", value=name), evidence, PLAIN)

    assert isinstance(found.claim, Equals)
    assert found.claim.ref.path == "$.buckets[2].key['user.attempted_name']"
    with pytest.raises(PointError, match="no row"):
        finding_of(point(evidence="E4", path="$.buckets[*].key.user.attempted_name", value="nobody"), evidence, PLAIN)


@pytest.mark.parametrize(
    "said",
    [
        {"path": "$.events[0]['device.managed']", "value": "true"},
        {"path": "$.events[7]['user.name']", "value": "root"},
        {"path": "$..['user.name'", "value": "root"},
        {"evidence": "E99", "path": "$.events", "value": "1"},
        {"kind": "contains", "path": "$.events[0]['user.name']", "value": "Administrator"},
        {"kind": "contains", "path": "$.events[0]['user.name']", "value": ""},
        {"kind": "count", "path": "$.nothing[*]", "value": "0"},
    ],
)
def test_what_does_not_hold_is_no_finding(evidence: dict[str, Evidence], said: dict[str, object]) -> None:
    """Invented places, other values, and the absence of things that somebody would have to have looked for."""
    with pytest.raises(PointError):
        finding_of(point(**said), evidence, PLAIN)


def test_a_count_is_made_by_code(evidence: dict[str, Evidence]) -> None:
    """A model's number is not read, not even a right one."""
    found = finding_of(point(kind="count", evidence="E4", path="$.buckets[*]", value="999999"), evidence, PLAIN)

    assert check(found.claim, evidence).text == "The model takes the number of groups for a sign of malice: 24."


def test_every_sentence_has_its_chinese() -> None:
    """An English sentence in a Chinese report would be the only one."""
    assert [template for template in every_sentence() if localised(template, "zh") == template] == []


@pytest.mark.parametrize(
    "path",
    ["$..[*]", "$..*", "$.events[?search(@['user.name'], '.*.*x')][*]", "$.events['@timestamp','user.name'][*]"],
)
@pytest.mark.parametrize("kind", ["equals", "contains", "count"])
def test_a_place_is_reached_in_single_steps(evidence: dict[str, Evidence], kind: str, path: str) -> None:
    """A place that is searched for in a whole answer, once for each row of it, takes minutes."""
    with pytest.raises(PointError):
        finding_of(point(kind=kind, path=path, value="nobody"), evidence, PLAIN)


@pytest.mark.parametrize("path", ["$.events[0]", "$.events[0]['user.name']", "$.nothing"])
def test_a_part_is_not_counted_as_the_whole(evidence: dict[str, Evidence], path: str) -> None:
    """One row of many, counted, would read as one event."""
    with pytest.raises(PointError):
        finding_of(point(kind="count", path=path, value="1"), evidence, PLAIN)


def test_a_list_is_counted_by_its_rows(evidence: dict[str, Evidence]) -> None:
    """The list is one node and many events; cut short, it is nobody knows how many."""
    item = evidence["E4"]
    assert isinstance(item.data, dict)
    rows = item.data["buckets"]
    assert isinstance(rows, list)
    claim = finding_of(point(kind="count", evidence="E4", path="$.buckets", value="1"), evidence, PLAIN).claim

    assert check(claim, evidence).text.endswith(f": {len(rows)}.")
    assert len(rows) > 1
    cut = {**evidence, "E4": item.model_copy(update={"truncated": True})}
    with pytest.raises(PointError, match="cut short"):
        finding_of(point(kind="count", evidence="E4", path="$.buckets[*]", value="1"), cut, PLAIN)
