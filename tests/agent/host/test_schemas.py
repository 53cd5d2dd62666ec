"""Compiled checks: they say where and which rule, run no foreign pattern, fetch nothing, and survive any schema."""

import time

import pytest

from agent.errors import AnswerInvalidError
from agent.host.schemas import compiled


def test_a_fault_names_the_place_and_the_rule_and_never_the_value():
    """The value may be an attacker's text or a credential."""
    check = compiled({"properties": {"a": {"items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}}, trusted=True)

    assert check({"a": [1, None]}) is None
    assert "$.a[1]" in check({"a": [1, "hunter2"]})
    assert "hunter2" not in check({"a": [1, "hunter2"]})


def test_a_foreign_pattern_is_never_run():
    """One pattern and one text can stop a whole process: (a+)+$."""
    evil = {"type": "string", "pattern": "(a+)+$"}
    schema = {
        "properties": {"pattern": evil, "deep": {"anyOf": [evil]}},
        "patternProperties": {"(a+)+$": {"type": "integer"}},
        "propertyNames": evil,
        "$defs": {"x": evil},
        "enum": [{"pattern": "a" * 60 + "!"}],
    }
    started = time.perf_counter()

    assert compiled(schema, trusted=False)({"pattern": "a" * 60 + "!"}) is None
    assert time.perf_counter() - started < 1


def test_our_own_patterns_do_run():
    """The arguments of bundled tools are checked in full."""
    check = compiled({"properties": {"h": {"pattern": "^[0-9a-f]+$"}}}, trusted=True)

    assert "pattern" in check({"h": "xyz"})


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"properties": 5}, {"required": "a"}])
def test_a_schema_that_is_none_is_refused_when_the_tool_is_listed(schema):
    """Better an unusable tool than an exception in the middle of a case."""
    with pytest.raises(AnswerInvalidError, match="not a JSON schema"):
        compiled(schema, trusted=False)


@pytest.mark.parametrize(
    "schema", [{"$ref": "https://evil.example/schema.json"}, {"$ref": "#/$defs/none"}, {"$ref": "#"}]
)
def test_a_reference_that_leads_away_or_nowhere_is_a_fault_and_not_a_download(schema):
    """A schema must not make the host fetch anything, nor run for ever."""
    assert "cannot be checked" in compiled(schema, trusted=False)({"a": 1})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_reference_to_a_file_of_this_machine_is_not_opened(tmp_path):
    """Whoever writes the schema must not choose what the host reads."""
    there = tmp_path / "there.json"
    there.write_text("{}")

    assert "cannot be checked" in compiled({"$ref": there.as_uri()}, trusted=False)(1)


@pytest.mark.parametrize(
    "schema, value, said",
    [
        ({"required": ["a", "b"]}, {"a": 1}, "'b' is missing"),
        ({"properties": {"host": {}}, "additionalProperties": False}, {"hots": 1}, "did you mean 'host'"),
        ({"additionalProperties": False}, {"a": 1}, "there is no 'a'"),
        ({"maximum": 5}, 9, "breaks maximum 5"),
        ({"properties": {"a": False}}, {"a": 1}, "nothing is allowed"),
    ],
)
def test_every_kind_of_fault_is_explained(schema, value, said):
    """Whoever asks has to be able to ask better."""
    assert said in compiled(schema, trusted=False)(value)
