"""Wrappings, labels and bounds: what may reach the rest of the pipeline."""

import copy
import json

import pytest
from pydantic import JsonValue

from agent.intake import IntakeError, detect_format, parse
from agent.intake.envelope import open_envelope
from agent.models import JsonObject

BARE: JsonObject = {
    "timestamp": "2025-03-01T10:00:00.000+0000",
    "id": "w-1",
    "agent": {"id": "1", "name": "h"},
    "rule": {"id": "5", "description": "d", "groups": ["g"]},
    "full_log": "x",
}


def stored(raw: JsonObject) -> str:
    return parse(raw, world="site", ordinal=3).model_dump_json()


@pytest.mark.parametrize(
    "wrapped, expected",
    [
        (BARE, "w-1"),
        ({"_id": "hit-1", "_index": "i", "_source": BARE, "fields": {"timestamp": ["x"]}, "sort": [1]}, "hit-1"),
        ({"id": "outer", "alert": BARE, "label": "TP"}, "outer"),
        ({"id": 7, "alert": {"_id": "hit-1", "_source": BARE}, "rule_level": 12}, "7"),
        ({"alert": {"_id": "hit-1", "_source": BARE}}, "hit-1"),
    ],
)
def test_every_accepted_shape_holds_the_same_alert(wrapped: JsonObject, expected: str) -> None:
    """Exports come bare, as search hits and wrapped; only the id may come from outside."""
    alert = parse(wrapped, world="site", ordinal=3)
    assert alert.alert_id == expected
    assert alert.raw == BARE
    assert alert.fingerprint == parse(BARE, world="site", ordinal=9).fingerprint


def test_a_label_beside_the_alert_changes_no_byte() -> None:
    """A benchmark's answer must not leak into the judgement it measures."""
    wrapped: JsonObject = {"id": "1", "alert": BARE}
    labelled = [
        {**wrapped, "label": label, "rule_level": 15, "description": label, "comment": {"deep": [label]}}
        for label in ("TP", "FP", "")
    ]
    assert {stored(copy.deepcopy(item)) for item in labelled} == {stored(wrapped)}


def test_an_event_type_beside_a_wrapped_alert_does_not_unwrap_it() -> None:
    """Suricata's own `alert` object is the one exception, and only in its own shape."""
    assert detect_format({"event_type": "alert", "label": "TP", "alert": BARE}) == "wazuh"


def nested(depth: int) -> JsonObject:
    value: JsonObject = {"end": 1}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "raw, reason",
    [
        ({**BARE, "deep": nested(40)}, "nested deeper"),
        ({**BARE, "wide": list(range(30_000))}, "more than 20000 values"),
        ({**BARE, "long": "x" * 2_100_000}, "characters"),
        ({"alert": {"alert": {"alert": {"alert": BARE}}}}, "wrapped more than"),
        ({}, "empty"),
        ({**BARE, "timestamp": "soon"}, "no readable time"),
        ({**BARE, "rule": {"description": "d", "groups": []}}, "rule.id"),
    ],
)
def test_what_cannot_be_taken_in_says_why(raw: JsonObject, reason: str) -> None:
    """A broken line costs only itself, and its sender has to know what to mend."""
    with pytest.raises(IntakeError, match=reason):
        parse(raw, world="site", ordinal=1)


@pytest.mark.parametrize("raw", [[], "text", 5, None, True])
def test_anything_but_an_object_is_refused(raw: JsonValue) -> None:
    """JSON lines may hold anything."""
    with pytest.raises(IntakeError, match="JSON object"):
        open_envelope(raw)


def test_text_no_database_could_hold_is_made_storable() -> None:
    """Refusing such an alert would let an attacker hide by putting half a character into a command line."""
    raw = json.loads(json.dumps(BARE))
    raw["full_log"] = "half \ud800 character"
    raw["data"] = {"big": 10**400, "nothing": float("nan"), "\ud801": 1}
    text = stored(raw)
    assert json.loads(text)
    assert "\\ud800" not in text


def test_times_are_read_in_the_usual_spellings() -> None:
    """A window queried around a misread time would look clean."""
    spellings: list[JsonValue] = [
        "2025-03-01T10:00:00Z",
        "2025-03-01T12:00:00.000+0200",
        "2025-03-01 10:00:00.000000+00:00",
        "2025-03-01T10:00:00.1234567Z",
        "2025-03-01T10:00:00",
        1740823200,
        1740823200000,
        "1740823200.0",
    ]
    found = {
        parse({**BARE, "timestamp": item}, world="site", ordinal=1).time.replace(microsecond=0) for item in spellings
    }
    assert {moment.isoformat() for moment in found} == {"2025-03-01T10:00:00+00:00"}
