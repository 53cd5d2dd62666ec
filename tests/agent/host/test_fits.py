"""The quick check never says yes where the full validator says no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agent.host.fits import quick

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([1.0, 2.5, -0.0]) | st.text("ab", max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=8,
)
TYPES = st.sampled_from(["object", "array", "string", "boolean", "null", "integer", "number"])


def words(inner):
    """Any mixture of the keywords that are known, and two that are not."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "additionalProperties": st.booleans() | inner,
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "enum": st.lists(SCALARS, min_size=1, max_size=3),
            "const": SCALARS,
            "pattern": st.sampled_from(["^a", "b$", "ab"]),
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(0, 3),
            "minItems": st.integers(0, 3),
            "maxItems": st.integers(0, 3),
            "minimum": st.integers(-3, 3),
            "maximum": st.integers(-3, 3),
            "exclusiveMinimum": st.integers(-3, 3),
            "exclusiveMaximum": st.integers(-3, 3),
            "x-provenance": st.just("T1"),
            "uniqueItems": st.just(True),
        },
    )


@given(schema=st.recursive(words(st.just({})), words, max_leaves=6), value=VALUES)
def test_a_quick_yes_is_a_yes(schema, value):
    """The provenance of an answer rests on its having the shape that was pinned."""
    fits = quick(schema)

    if fits is not None and fits(value):
        assert Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    "schema, value",
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"a": "x"}),
        ({"type": ["string", "null"], "title": "T", "format": "date-time"}, None),
        ({"items": {"type": "integer", "minimum": 1, "maximum": 2}}, [1, 2]),
        ({"anyOf": [{"type": "null"}, {"enum": ["a", None]}]}, "a"),
        ({"additionalProperties": {"type": "string"}}, {"k": "v"}),
        ({"required": ["a"], "properties": {"a": {}}}, {"a": 1, "b": 2}),
        ({}, {"anything": 1}),
    ],
)
def test_what_our_servers_publish_gets_its_quick_yes(schema, value):
    """Otherwise every answer pays for the full validator."""
    assert quick(schema)(value)


@pytest.mark.parametrize(
    "schema",
    [
        {"uniqueItems": True},
        {"$ref": "#/$defs/a"},
        {"type": "nonsense"},
        {"type": 5},
        {"properties": []},
        {"properties": {"a": True}},
        {"items": [{}]},
        {"enum": [1]},
        {"exclusiveMinimum": True},
        {"pattern": "("},
        {"minLength": "x"},
    ],
)
def test_what_only_the_full_validator_understands_is_left_to_it(schema):
    """A keyword that is passed over would be a rule nobody checks."""
    assert quick(schema) is None
