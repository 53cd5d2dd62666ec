"""Classes per path, read off an output schema."""

import pytest

from agent.evidence.ledger import Ledger
from agent.evidence.provenance import classes
from agent.host.provenance import declared
from agent.models import Provenance

T0, T1, T2 = Provenance.OPERATOR, Provenance.SENSOR, Provenance.UNTRUSTED


def within(data, **rest):
    return {"properties": {"data": data}, **rest}


@pytest.mark.parametrize(
    "data, expected",
    [
        ({"properties": {"a": {"type": "string", "x-provenance": "T1"}}}, {"$.a": T1}),
        (
            {"properties": {"a.b": {"x-provenance": "T0"}, "o'c": {"x-provenance": "T1"}}},
            {"$['a.b']": T0, "$['o\\'c']": T1},
        ),
        ({"properties": {"a": {"type": "string"}}}, {}),
        ({"properties": {"a": {"type": "string", "x-provenance": "T9"}}}, {}),
        ({"properties": {"l": {"items": {"type": "string"}, "x-provenance": "T1"}}}, {"$.l[*]": T1}),
        ({"properties": {"m": {"additionalProperties": {"type": "string", "x-provenance": "T1"}}}}, {"$.m[*]": T1}),
        (
            {"properties": {"o": {"properties": {"x": {}, "y": {"x-provenance": "T2"}}, "x-provenance": "T1"}}},
            {"$.o.x": T1, "$.o.y": T2},
        ),
        ({"anyOf": [{"properties": {"a": {"x-provenance": "T1"}}}, {"type": "null"}]}, {"$.a": T1}),
        ({"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "x-provenance": "T1"}}}, {"$.a": T1}),
        (
            {"oneOf": [{"properties": {"a": {"x-provenance": "T1"}}}, {"properties": {"a": {"x-provenance": "T2"}}}]},
            {"$.a": T2},
        ),
        ({"properties": {"a": True}}, {}),
        ({"properties": 7, "items": 7, "anyOf": 7}, {}),
        ({"properties": {"e": {"x-provenance": "T1", "x-provenance-if": "protected_path"}}}, {"$.e": T2}),
        (
            {"properties": {"process.executable": {"x-provenance": "T1", "x-provenance-if": "protected_path"}}},
            {"$['process.executable']": T1},
        ),
        ({"properties": {"path": {"x-provenance": "T1", "x-provenance-if": "on Sundays"}}}, {"$.path": T2}),
    ],
)
def test_what_is_declared_is_found_and_what_is_not_stays_untrusted(data, expected):
    """A class that is read from the wrong place would trust an attacker's text."""
    assert declared(within(data)) == expected


def test_references_are_followed():
    """Servers that do not inline their models are understood too."""
    row = {"properties": {"ip": {"type": "string", "x-provenance": "T1"}}}
    data = {"properties": {"rows": {"items": {"$ref": "#/$defs/Row"}}, "odd": {"$ref": "#/$defs/None"}}}

    assert declared(within(data, **{"$defs": {"Row": row}})) == {"$.rows[*].ip": T1}


def test_a_schema_that_contains_itself_comes_to_an_end():
    """Recursion in a schema is legal."""
    node = {"properties": {"id": {"x-provenance": "T1"}, "child": {"$ref": "#/$defs/Node"}}}

    found = declared(within({"$ref": "#/$defs/Node"}, **{"$defs": {"Node": node}}))

    assert found["$.child.child.id"] is T1
    assert len(found) < 30


@pytest.mark.parametrize("schema", [None, {}, {"properties": []}, {"properties": {"data": 3}}])
def test_a_schema_without_data_declares_nothing(schema):
    """Undeclared is untrusted, so nothing is the safe answer."""
    assert declared(schema) == {}


def test_a_conditional_class_is_refined_by_the_value_itself():
    """A path that anybody can write to proves nothing about the program; both sides of the rule have to agree."""
    marked = {"type": "string", "x-provenance": "T1", "x-provenance-if": "protected_path"}
    schema = within({"properties": {"rows": {"items": {"properties": {"process.executable": marked}}}}})
    rows = [{"process.executable": path} for path in ("C:\\Windows\\System32\\cmd.exe", "C:\\Users\\a\\cmd.exe")]

    evidence = Ledger().add(
        server="s",
        tool="t",
        arguments={},
        asked_at="2026-01-01T00:00:00Z",
        status="success",
        summary="",
        backend="real",
        data={"rows": rows},
        provenance=declared(schema),
    )

    assert classes("$.rows[0]['process.executable']", evidence) is T1
    assert classes("$.rows[1]['process.executable']", evidence) is T2
